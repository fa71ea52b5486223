import { posix } from 'node:path'
import { asString } from '../coerce.ts'
import { Problem } from '../problem.ts'
import { toText } from '../python_text.ts'
import type { Args, Filter } from '../signature.ts'
import { type Item, isList, itemsOf, present, tuple } from '../values.ts'

/** As Python's posixpath: names only, no file is looked at. */
export const PATH_FILTERS: Readonly<Record<string, Filter>> = {
  basename: path(value => value.slice(value.lastIndexOf('/') + 1)),
  dirname: path(dirname),
  splitext: path(splitExtension),
  normpath: path(normalised),
  relpath: path(relative, 'start?'),
  path_join: { takes: '', apply: operand => joined(present(operand)) },
  commonpath: { takes: '', apply: operand => commonPath(itemsOf(operand).map(asString)) },
}

function path(apply: (value: string, args: Args) => Item, takes = ''): Filter {
  return { takes, apply: (operand, args) => apply(toText(operand), args) }
}

function dirname(value: string): string {
  const head = value.slice(0, value.lastIndexOf('/') + 1)
  return /^\/*$/.test(head) ? head : head.replace(/\/+$/, '')
}

function splitExtension(value: string): Item {
  const name = value.slice(value.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  const hasExtension = dot > 0 && /[^.]/.test(name.slice(0, dot))
  return hasExtension
    ? tuple(value.slice(0, value.length - name.length + dot), name.slice(dot))
    : tuple(value, '')
}

/** `//a` keeps its two slashes, as POSIX has them mean something of their own. */
function normalised(value: string): string {
  const clean = posix.normalize(value).replace(/(?<=.)\/$/, '')
  return /^\/\/(?!\/)/.test(value) ? `/${clean}` : clean
}

function relative(value: string, { start = '.' }: Args): string {
  const [from, to] = [asString(start), value]
  if (from.startsWith('/') !== to.startsWith('/'))
    throw new Problem('relpath needs both paths absolute, or both relative', 'give start as it is')
  // A root of its own keeps the working directory out of it: both relative paths start there.
  const [base, target] = [from, to].map(each => posix.resolve('/', each))
  return posix.relative(base ?? '/', target ?? '/') || '.'
}

function joined(value: Item): string {
  const parts = typeof value === 'string' ? [value] : isList(value) ? value.map(asString) : undefined
  if (!parts || parts.length === 0) throw new Problem('path_join needs a list of names')
  return parts.reduce((whole, part) => {
    if (part.startsWith('/')) return part
    return whole === '' || whole.endsWith('/') ? whole + part : `${whole}/${part}`
  })
}

function commonPath(paths: readonly string[]): string {
  const [first = '', ...others] = paths.map(each => normalised(each))
  const isAbsolute = first.startsWith('/')
  if (paths.length === 0 || others.some(each => each.startsWith('/') !== isAbsolute))
    throw new Problem('commonpath needs paths, all absolute or all relative')
  const [head = [], ...tails] = [first, ...others].map(each => each.split('/').filter(part => part !== ''))
  const end = head.findIndex((part, i) => tails.some(tail => tail[i] !== part))
  return (isAbsolute ? '/' : '') + head.slice(0, end < 0 ? undefined : end).join('/')
}
