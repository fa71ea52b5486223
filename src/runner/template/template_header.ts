import { didYouMean } from '../../nearest.ts'
import type { Layout } from './lex.ts'
import { Problem } from './problem.ts'

/** A template file's first line, `#jinja2: trim_blocks: False`, and what it asks for (ansible/template, do_template). */
export function readHeader(source: string): { readonly header: string; readonly layout: Layout } {
  const header = /^#jinja2:([^\n]*)(?:\n|$)/.exec(source)
  const settings = new Map(
    (header?.[1] ?? '')
      .split(',')
      .filter(pair => header && pair.trim() !== '')
      .map(readSetting),
  )
  return {
    header: header?.[0] ?? '',
    layout: {
      trimBlocks: settings.get('trim_blocks') ?? true,
      lstripBlocks: settings.get('lstrip_blocks') ?? false,
      plainBackslashes: false,
    },
  }
}

const SETTINGS = ['trim_blocks', 'lstrip_blocks']

function readSetting(pair: string): [string, boolean] {
  const [, name = '', value = ''] = /^\s*([^:]*?)\s*:\s*(.*?)\s*$/.exec(pair) ?? []
  if (!SETTINGS.includes(name))
    throw new Problem(
      `the #jinja2 line sets "${name === '' ? pair.trim() : name}", which is not available`,
      didYouMean(name, SETTINGS) ?? 'it can set trim_blocks and lstrip_blocks',
    )
  if (value !== 'True' && value !== 'False') throw new Problem(`${name} must be True or False`)
  return [name, value === 'True']
}
