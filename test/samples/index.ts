import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'
import { bytesFromBuffer } from '../../src/host/bytes.ts'
import type { ArgEdit } from '../../src/host/kernel_args.ts'

/**
 * Files as real hosts have them, from a folder that VFIO_RUN_SAMPLES names: kinds of file in folders of their own, and
 * index.tsv with what a correct tool must conclude of each. Not part of the project, as they are other people's: the
 * suites go by content and conclusion, never by the name of one file, so that any such set can be put in its place.
 */
const FOLDER = process.env.VFIO_RUN_SAMPLES ?? ''

/** A suite over the samples; skipped with a word why where there are none. */
export const sampleSuite = (title: string, body: () => void): void => {
  const why = FOLDER === '' ? ' (skipped: VFIO_RUN_SAMPLES names no folder of samples)' : ''
  describe.skipIf(FOLDER === '')(`${title}${why}`, body)
}

export interface Sample {
  readonly name: string
  readonly bytes: string
  readonly distribution: string
  readonly conclusion: string
}

export function samplesOf(kind: string): Sample[] {
  const folder = join(FOLDER, kind)
  if (FOLDER === '' || !existsSync(folder)) return []
  const rows = new Map(indexRows().map(row => [row[0] ?? '', row]))
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ name }) => name)
    .sort()
    .map(name => {
      const row = rows.get(`${kind}/${name}`) ?? []
      return {
        name,
        bytes: bytesFromBuffer(readFileSync(join(folder, name))),
        distribution: row[2] ?? '',
        conclusion: row.at(-1) ?? '',
      }
    })
}

function indexRows(): string[][] {
  const index = join(FOLDER, 'index.tsv')
  if (!existsSync(index)) return []
  return readFileSync(index, 'utf8')
    .split('\n')
    .map(line => line.split('\t'))
}

/** What a run puts on a kernel command line, and takes away again. */
export const ADD: readonly ArgEdit[] = [
  { op: 'add', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2', '10de:0fbb'] },
]
export const REMOVE: readonly ArgEdit[] = [
  { op: 'remove', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: [] },
]
export const OURS = ['intel_iommu', 'vfio_pci.ids']

/** A file without what may be ours on it: before and after an edit this must be the same. */
export const withoutOurs = (bytes: string): string =>
  bytes
    .replaceAll(/\b(intel_iommu|vfio[-_]pci\.ids)=[^\s"',\\]*(,[^\s"',\\]*)*/g, '')
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/ (?=["'\n]|$)|(?<=["']) /g, '')

/** No text, and so no configuration. */
export const isBinary = ({ bytes }: Sample): boolean =>
  bytes.includes('\0') || Buffer.from(bytes, 'latin1').toString('utf8').includes('\ufffd')

/**
 * Given back, whether to the byte or not: quotes that an argument needed may stay when it goes, and so may a line that
 * was not there, with nothing on it now, and the newline before it.
 */
export function isGivenBack(after: string, before: string): boolean {
  const lines = before.split('\n')
  const isLeftover = (line: string) =>
    !lines.includes(line) && /^[\w[\]]+\s*\+?[=:]\s*(""|''|\(\))?$/.test(line)
  const bare = (text: string) => text.replaceAll(/["']/g, '').trimEnd()
  const kept = after.split('\n').filter(line => !isLeftover(line))
  return bare(kept.join('\n')) === bare(before)
}
