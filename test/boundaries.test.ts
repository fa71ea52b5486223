import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/**
 * Where effects may be: everything else is values in, values out (docs/decisions/0001-pure-core.md). A row allows a
 * folder, or a file, what it may import beside its neighbours.
 */
const SRC = resolve(import.meta.dirname, '../src')

const PURE: readonly {
  readonly where: string
  readonly packages: readonly string[]
  readonly not: readonly string[]
}[] = [
  { where: 'host', packages: ['node:crypto'], not: ['runner', 'inspect', 'cli', 'cli.ts'] },
  { where: 'backends', packages: ['yaml'], not: ['runner', 'inspect', 'cli', 'cli.ts'] },
  { where: 'verdict', packages: [], not: ['runner', 'inspect', 'cli', 'cli.ts'] },
  { where: 'schema', packages: ['zod'], not: ['runner', 'inspect', 'cli', 'cli.ts'] },
  { where: 'modules', packages: ['zod'], not: ['runner', 'inspect', 'cli', 'cli.ts'] },
  {
    where: 'inspect',
    packages: [],
    not: ['runner/transport', 'runner/host_run', 'runner/snapshot', 'cli', 'cli.ts'],
  },
  { where: 'runner/host_scripts', packages: [], not: ['runner/transport', 'runner/report', 'runner/yaml'] },
  {
    where: 'runner/template',
    packages: ['zod', '@huggingface/jinja', 'yaml', 'node:crypto', 'node:path', 'node:util', 'node:vm'],
    not: ['runner/transport', 'runner/report'],
  },
  { where: 'runner/plan.ts', packages: [], not: ['runner/transport', 'runner/report'] },
  { where: 'runner/undo.ts', packages: [], not: ['runner/transport', 'runner/report'] },
  { where: 'runner/host_run/segment.ts', packages: [], not: ['runner/transport', 'runner/report'] },
  { where: 'runner/host_run/vain_reboot.ts', packages: [], not: ['runner/transport', 'runner/report'] },
  { where: 'runner/host_run/told.ts', packages: [], not: ['runner/transport', 'runner/report'] },
  { where: 'runner/host_run/results.ts', packages: [], not: ['runner/transport', 'runner/report'] },
  { where: 'runner/host_run/ansible_facts.ts', packages: [], not: ['runner/transport', 'runner/report'] },
  { where: 'runner/host_run/ansible_facts', packages: [], not: ['runner/transport', 'runner/report'] },
]

/** As the formatter writes them: `import … from '…'` over any number of lines, `import '…'`, `import('…')`. */
const IMPORT = /^(?:import|export)\b([^'"`;=]*?)\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm

test.each(PURE)('src/$where imports nothing that has effects', ({ where, packages, not }) => {
  const offences = filesIn(join(SRC, where)).flatMap(file =>
    importsOf(file).flatMap(({ specifier, isType }) => {
      if (!specifier.startsWith('.'))
        return packages.includes(specifier) || isType ? [] : [`${shown(file)} imports ${specifier}`]
      const target = relative(SRC, resolve(dirname(file), specifier))
      return !isType && not.some(place => target === place || target.startsWith(`${place}/`))
        ? [`${shown(file)} imports ${target}`]
        : []
    }),
  )
  expect(offences).toEqual([])
})

test.each(PURE)('src/$where reads no clock, no environment, no network', ({ where }) => {
  const effects = /\bprocess\.|\bfetch\(|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(/
  const offences = filesIn(join(SRC, where)).filter(file => effects.test(readFileSync(file, 'utf8')))
  expect(offences.map(shown)).toEqual([])
})

const shown = (file: string): string => relative(SRC, file)

const filesIn = (place: string): string[] =>
  place.endsWith('.ts')
    ? [place]
    : readdirSync(place, { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.ts'))
        .map(name => join(place, name))

function importsOf(file: string): { specifier: string; isType: boolean }[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(IMPORT)].map(([, names = '', ...specifiers]) => ({
    specifier: specifiers.find(one => one !== undefined) ?? '',
    isType: names.startsWith(' type '),
  }))
}
