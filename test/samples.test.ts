import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configuredTokens, readGrubConfig } from '../src/backends/bootloaders/grub_default.ts'
import { editGrubConfig } from '../src/backends/bootloaders/grub_edit.ts'
import { bytesFromBuffer } from '../src/host/bytes.ts'
import type { Host } from '../src/host/host.ts'
import {
  type ArgEdit,
  effectiveValues,
  isSatisfied,
  keyOf,
  piecesOf,
  splitArgs,
} from '../src/host/kernel_args.ts'
import { isBlacklisted, loadsVfioFirst, parseModprobe, vfioIdsDirective } from '../src/host/modprobe.ts'
import { isRefusal } from '../src/refusal.ts'
import { aHost, withFiles } from './builders.ts'

/**
 * Files as real hosts have them, from a folder that VFIO_RUN_SAMPLES names: kinds of file in folders of their own, and
 * index.tsv with what a correct tool must conclude of each. Not part of the project, as they are other people's.
 */
const folder = process.env.VFIO_RUN_SAMPLES ?? ''
const why = folder === '' ? ' (skipped: VFIO_RUN_SAMPLES names no folder of samples)' : ''
const suite = describe.skipIf(folder === '')

interface Sample {
  readonly name: string
  readonly bytes: string
  readonly conclusion: string
}

function samplesOf(kind: string): Sample[] {
  if (folder === '') return []
  const conclusions = new Map(
    readFileSync(join(folder, 'index.tsv'), 'utf8')
      .split('\n')
      .map(line => [line.split('\t')[0] ?? '', line.split('\t').at(-1) ?? '']),
  )
  return readdirSync(join(folder, kind))
    .sort()
    .map(name => ({
      name,
      bytes: bytesFromBuffer(readFileSync(join(folder, kind, name))),
      conclusion: conclusions.get(`${kind}/${name}`) ?? '',
    }))
}

const GRUB = '/etc/default/grub'
const edits: readonly ArgEdit[] = [
  { op: 'add', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2', '10de:0fbb'] },
]
const undo: readonly ArgEdit[] = [
  { op: 'remove', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: [] },
]
const OURS = ['intel_iommu', 'vfio_pci.ids']

/** A drop-in is read behind a plain file of the distribution. */
function hostWith({ name, bytes }: Sample): { host: Host; path: string } {
  const path = name.endsWith('.cfg') ? `/etc/default/grub.d/${name}` : GRUB
  const base = withFiles(aHost({ files: {} }), { [GRUB]: 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n' })
  return { host: withFiles(base, { [path]: bytes }), path }
}

function edited(host: Host, wanted: readonly ArgEdit[]): Host {
  const files = editGrubConfig(host, wanted)
  if (isRefusal(files)) throw new Error(files.why)
  return withFiles(host, Object.fromEntries(files.map(({ path, after }) => [path, after])))
}

function configured(host: Host): string[] {
  const config = readGrubConfig(host)
  if (isRefusal(config)) throw new Error(config.why)
  return configuredTokens(config)
}

/** What cannot be edited, as the conclusions have it: command substitutions in the value, templates, CRLF. */
const MUST_REFUSE = /must refuse|command substitution with sed/
/** Beyond the conclusions: they source further files, and what those set is not ours to know. */
const SOURCE_OTHERS = ['garuda-dup-iommu.grub', 'steamos-holoiso-unquoted-distributor-expansion.grub']

/** Quotes that an argument needed stay when it goes, and so does a line that was not there. */
function withoutLeftovers(after: string, before: string): string {
  const line = 'GRUB_CMDLINE_LINUX_DEFAULT=""\n'
  return after.endsWith(line) && !/^GRUB_CMDLINE_LINUX_DEFAULT=/m.test(before)
    ? after.slice(0, -line.length)
    : after
}

suite(`GRUB's defaults of real hosts${why}`, () => {
  const samples = samplesOf('grub')
  const refused = samples.filter(sample => isRefusal(editGrubConfig(hostWith(sample).host, edits)))
  const editable = samples.filter(sample => !refused.includes(sample))
  const untouched = editable.filter(
    sample => !configured(hostWith(sample).host).some(token => OURS.includes(keyOf(token))),
  )

  it('only those are refused that must be', () => {
    console.log(
      `grub: ${samples.length} files, ${editable.length} edited, ${untouched.length} undone to the byte, ${refused.length} refused`,
    )
    expect(refused.map(({ name }) => name)).toEqual(
      samples
        .filter(({ name, conclusion }) => MUST_REFUSE.test(conclusion) || SOURCE_OTHERS.includes(name))
        .map(({ name }) => name),
    )
  })

  it.each(editable)('$name: only what was meant differs, and twice is once', sample => {
    const { host } = hostWith(sample)
    const after = edited(host, edits)
    const others = (one: Host) => configured(one).filter(token => !OURS.includes(keyOf(token)))
    expect(others(after)).toEqual(others(host))
    for (const edit of edits) expect(isSatisfied(configured(after), edit)).toBe(true)
    expect(effectiveValues(configured(after), 'intel_iommu')).not.toContain('off')
    expect(edited(after, edits)).toEqual(after)
    expect(changedLines(host, after)).toBeLessThanOrEqual(2)
  })

  it.each(untouched)('$name: taking it away again gives the bytes back', sample => {
    const { host } = hostWith(sample)
    const back = edited(edited(host, edits), undo)
    const before = host.files[GRUB]?.bytes ?? ''
    expect(withoutLeftovers(back.files[GRUB]?.bytes ?? '', before)).toBe(before)
    expect({ ...back.files, [GRUB]: undefined }).toEqual({ ...host.files, [GRUB]: undefined })
  })
})

function changedLines(before: Host, after: Host): number {
  return Object.keys(after.files).reduce((count, path) => {
    const old = before.files[path]?.bytes.split('\n') ?? []
    return count + (after.files[path]?.bytes.split('\n').filter(line => !old.includes(line)).length ?? 0)
  }, 0)
}

suite(`modprobe.d files of real hosts${why}`, () => {
  const samples = samplesOf('modprobe')
  const read = (sample: Sample) => parseModprobe(`/etc/modprobe.d/${sample.name}`, sample.bytes)
  const idsOf = (sample: Sample) => vfioIdsDirective(read(sample))?.ids
  const sample = (name: string) => {
    const found = samples.find(one => one.name === name)
    if (found === undefined) throw new Error(`${name} is not among the samples`)
    return found
  }

  it('all are read', () => {
    const directives = samples.flatMap(read)
    console.log(
      `modprobe: ${samples.length} files, ${directives.length} directives, ${samples.filter(one => idsOf(one) !== undefined).length} with ids`,
    )
    expect(directives.every(({ word }) => /^[a-z]+$/.test(word))).toBe(true)
  })

  it.each(samples)('$name: ids are words of an options line that is no comment', one => {
    const ids = idsOf(one) ?? []
    const active = one.bytes
      .split('\n')
      .filter(line => !line.trim().startsWith('#'))
      .join('\n')
    for (const id of ids) expect(active).toContain(id)
  })

  it.each([
    ['a wrong parameter name sets no ids', 'vfio-wrong-param-name.conf', undefined],
    ['comments only', 'vfio-comments-only-dynamic-bind.conf', undefined],
    ['an install script instead of ids', 'install-override-script.conf', undefined],
    ['a commented id and an alias', 'vfio-modalias-alias-identical-gpu.conf', undefined],
    ['a template', 'vfio-percent-placeholder.conf', ['%DEVICES%']],
  ])('%s', (_, name, ids) => {
    expect(idsOf(sample(name))).toEqual(ids)
  })

  it.each([
    ['the underscored name', 'vfio-underscore-name.conf', 1],
    ['eight ids', 'vfio-eight-ids.conf', 8],
    ['two lines with different parameters', 'vfio-split-two-options-lines.conf', 1],
  ])('%s has ids', (_, name, atLeast) => {
    expect(idsOf(sample(name))?.length).toBeGreaterThanOrEqual(atLeast)
  })

  it('ids in comments are not read', () => {
    expect(idsOf(sample('vfio-ids-in-comments-trx40.conf'))).not.toContain('1022:148c')
  })

  it('a pre list needs its blank', () => {
    expect(loadsVfioFirst(read(sample('vfio-softdep-no-blank-after-pre.conf')), 'drm')).toBeUndefined()
  })

  it.each([
    ['install-false-i915.conf', 'i915'],
    ['blacklist-nvme.conf', 'nvme'],
    ['ubuntu2404-nvidia-graphics-drivers.conf', 'nouveau'],
    ['vfio-blacklist-and-softdep-drm.conf', 'snd_hda_intel'],
  ])('%s keeps %s away', (name, driver) => {
    expect(isBlacklisted(read(sample(name)), driver)).toBeDefined()
  })

  it("the distribution's framebuffer list is no blacklist of a GPU's driver", () => {
    const directives = read(sample('ubuntu2404-blacklist-framebuffer.conf'))
    for (const driver of ['nouveau', 'nvidia', 'amdgpu', 'radeon', 'i915'])
      expect(isBlacklisted(directives, driver)).toBeUndefined()
  })
})

suite(`command lines of real hosts${why}`, () => {
  const samples = samplesOf('proc-cmdline')

  it('there are some', () => {
    console.log(
      `proc-cmdline: ${samples.length} lines, ${samples.flatMap(({ bytes }) => splitArgs(bytes)).length} arguments`,
    )
    expect(samples.length).toBeGreaterThan(0)
  })

  it.each(samples)(
    '$name: the tokens stand where the line has them, and nothing but blanks is between',
    ({ bytes }) => {
      let at = 0
      for (const { token, start, end } of piecesOf(bytes).tokens) {
        expect(bytes.slice(at, start)).toMatch(/^\s*$/)
        expect(bytes.slice(start, end)).toBe(token)
        at = end
      }
      expect(bytes.slice(at)).toMatch(/^\s*$/)
      expect(splitArgs(splitArgs(bytes).join(' '))).toEqual(splitArgs(bytes))
    },
  )
})
