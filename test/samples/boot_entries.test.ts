import { expect, it } from 'vitest'
import {
  environmentValue,
  withEnvironmentValue,
} from '../../src/backends/bootloaders/formats/grub_environment.ts'
import { BOOTLOADERS } from '../../src/backends/bootloaders/index.ts'
import { applyChanges, type Change, editsOf } from '../../src/host/change.ts'
import type { Host } from '../../src/host/host.ts'
import { keyOf, splitArgs } from '../../src/host/kernel_args.ts'
import { isRefusal } from '../../src/refusal.ts'
import { type Subject, subjectOf } from './boot_entry_shapes.ts'
import {
  checkConclusion,
  expectNamed,
  MAY_LEAVE,
  MUST_LEAVE,
  NAMES_ARGUMENTS,
  namedArguments,
  namesArguments,
  type Rule,
  rulesFor,
} from './conclusions.ts'
import { ADD, OURS, REMOVE, type Sample, sampleSuite, samplesOf, withoutOurs } from './index.ts'

type Read = ReturnType<typeof subjectOf>
const isEditable = (read: Read): read is Subject => read.host !== undefined

/** No change, where it is refused. */
function changesOf({ edit, host }: Subject, edits = ADD): readonly Change[] {
  const changes = edit(host, edits)
  return isRefusal(changes) ? [] : changes
}

const bytesAt = (host: Host, path: string): string => host.files[path]?.bytes ?? ''
const after = (subject: Subject, edits = ADD): Host => applyChanges(subject.host, changesOf(subject, edits))
const bytesAfter = (subject: Subject): string => bytesAt(after(subject), subject.path)
const isLeft = (subject: Subject): boolean => changesOf(subject).length === 0
const programsOf = (subject: Subject): string[] =>
  changesOf(subject).flatMap(change => (change.kind === 'run' ? [change.argv[0]] : []))
/** All but our arguments, and a line of options that is there for them only. */
const rest = (bytes: string): string =>
  withoutOurs(bytes)
    .replaceAll(/^options\s*$/gm, '')
    .replaceAll(/[\s",]+/g, ' ')
    .trim()
const lines = (bytes: string): string[] => bytes.split('\n')

/** Rules for samples that an adapter edits. */
const RULES: readonly Rule<Subject>[] = [
  {
    phrase: NAMES_ARGUMENTS,
    applies: namesArguments,
    check(subject) {
      const { sample, host, args } = subject
      const words = namedArguments(sample)
      if (args(host).length > 0 && !/\.\.\./.test(sample.conclusion)) expectNamed(sample, args(host))
      const kept = words.filter(word => !OURS.includes(keyOf(word)))
      for (const word of kept) expect(bytesAfter(subject)).toContain(word)
    },
  },
  {
    phrase: MUST_LEAVE,
    check: subject => expect(isLeft(subject)).toBe(true),
  },
  {
    phrase: /no options line[^;]*: (tool must add one|nothing)/i,
    check(subject, [, what = '']) {
      expect(/^options\s/m.test(subject.sample.bytes)).toBe(false)
      expect(/^options .*intel_iommu=on/m.test(bytesAfter(subject))).toBe(/add/.test(what))
    },
  },
  {
    phrase: /use grubby|same as above/,
    check(subject) {
      expect(bytesAfter(subject)).toBe(subject.sample.bytes)
      expect(programsOf(subject)).not.toEqual([])
      expect(subject.args(after(subject))).toContain('intel_iommu=on')
    },
  },
  {
    phrase: /literal \$ variables must survive|\$\w+ \$\w+/,
    check(subject) {
      const variables = subject.sample.bytes.match(/\$\w+/g) ?? []
      expect(variables.length).toBeGreaterThan(0)
      expect(bytesAfter(subject).match(/\$\w+/g)).toEqual(variables)
    },
  },
  {
    phrase: /tab-separated|padded with blanks|options before linux|# comments/,
    check(subject) {
      const others = (bytes: string) => lines(bytes).filter(line => !/^\s*options\s/.test(line))
      expect(others(bytesAfter(subject))).toEqual(others(subject.sample.bytes))
      const gap = (bytes: string) => /^\s*options(\s+)/m.exec(bytes)?.[1]
      expect(gap(bytesAfter(subject))).toBe(gap(subject.sample.bytes))
    },
  },
  {
    phrase: /typo (\S+) to be kept|order matters/,
    check(subject, [, word = '']) {
      expect(bytesAfter(subject)).toContain(word)
      const others = (tokens: readonly string[]) => tokens.filter(token => !OURS.includes(keyOf(token)))
      expect(others(subject.args(after(subject)))).toEqual(others(subject.args(subject.host)))
    },
  },
  {
    phrase: /two labels|default by label/,
    check(subject) {
      const loader = BOOTLOADERS.find(({ name }) => name === 'syslinux')
      const next = loader?.next(subject.host)
      const wanted = /^\s*default\s+(.*?)\s*$/im.exec(subject.sample.bytes)?.[1]
      expect(subject.sample.bytes.match(/^\s*label\s/gim)?.length).toBeGreaterThanOrEqual(2)
      expect(next !== undefined && !isRefusal(next) && next.title).toBe(wanted)
    },
  },
  {
    phrase: /macros at top/,
    check(subject) {
      const macros = (bytes: string) => bytes.match(/\$\{\w+\}/g)
      expect(macros(bytesAfter(subject))).toEqual(macros(subject.sample.bytes))
    },
  },
  {
    phrase: /"?(kernel_)?cmdline:"?/,
    check(subject) {
      const added = lines(bytesAfter(subject)).filter(line => /intel_iommu=on/.test(line))
      expect(added.length).toBeGreaterThan(0)
      for (const line of added) expect(line).toMatch(/^\s*(kernel_)?cmdline:/i)
    },
  },
  {
    phrase: /fallback entry too/,
    check(subject) {
      const count = (word: RegExp) => lines(bytesAfter(subject)).filter(line => word.test(line)).length
      expect(count(/intel_iommu=on/)).toBe(count(/^\s*(kernel_)?cmdline:/i))
    },
  },
  {
    phrase: /menuentry\/submenuentry with options in both/,
    check(subject) {
      const submenu = /submenuentry[^}]*options\s+"([^"]*)"/.exec(bytesAfter(subject))?.[1]
      expect(splitArgs(submenu ?? '')).toContain('intel_iommu=on')
    },
  },
  {
    phrase: /trailing blank inside the quotes/,
    check: subject => expect(bytesAfter(subject)).toMatch(/intel_iommu=on[^"\n]* "$/m),
  },
  {
    phrase: /menuentry with single quotes/,
    check(subject) {
      const titles = (bytes: string) => bytes.match(/^menuentry '.*$/gm)
      expect(titles(subject.sample.bytes)).not.toBeNull()
      expect(titles(bytesAfter(subject))).toEqual(titles(subject.sample.bytes))
      expect(bytesAfter(subject)).toContain('intel_iommu=on')
    },
  },
  {
    phrase: /keep line structure|multi-line/,
    check: subject => expect(lines(bytesAfter(subject)).length).toBe(lines(subject.sample.bytes).length),
  },
  {
    phrase: /^one argument per line|one arg per line/,
    check: subject => expect(lines(bytesAfter(subject))).toContain('intel_iommu=on'),
  },
  {
    phrase: /kernelstub -a\/-d|through kernelstub/,
    check: subject => expect(new Set(programsOf(subject))).toEqual(new Set(['kernelstub'])),
  },
  {
    phrase: /needs (proxmox-boot-tool refresh)/,
    check({ host }, [, program = '']) {
      const loader = BOOTLOADERS.find(({ name }) => name === 'proxmox-boot-tool')
      expect(loader?.menu?.rebuild(host).map(argv => argv.join(' '))).toContain(program)
    },
  },
  {
    phrase: /one line; (.*) present/,
    check(subject) {
      expect(lines(bytesAfter(subject)).length).toBe(lines(subject.sample.bytes).length)
      expect(subject.edit(subject.host, [{ op: 'add', key: 'intel_iommu', value: 'on' }])).toEqual([])
    },
  },
  {
    phrase: /leading blanks and trailing tab/,
    check: subject =>
      expect(bytesAfter(subject).replace(/ intel_iommu=\S+ vfio-pci\.ids=\S+/, '')).toBe(
        subject.sample.bytes,
      ),
  },
]

/** Rules for GRUB's environment blocks, which no adapter writes byte by byte. */
const BLOCK_RULES: readonly Rule<Sample>[] = [
  {
    phrase: /split at the first =/,
    check({ bytes }) {
      const [name = ''] = bytes.split('=', 1)
      expect(environmentValue(`${bytes}\n`, name)).toBe(bytes.slice(name.length + 1).trimEnd())
    },
  },
  {
    phrase: /length must stay (\d+)/,
    check({ bytes }, [, length = '']) {
      expect(bytes.length).toBe(Number(length))
      expect(withEnvironmentValue(bytes, 'kernelopts', 'root=UUID=1-2 intel_iommu=on')?.length).toBe(
        bytes.length,
      )
    },
  },
]

/** A program that writes its whole file anew may end it otherwise. */
const asWritten = (subject: Subject, bytes: string): string =>
  programsOf(subject).length > 0 ? bytes.trimEnd() : bytes

sampleSuite('Boot entries of real hosts', () => {
  const samples = samplesOf('boot-entries')
  const read = samples.map(subjectOf)
  const subjects = read.filter(isEditable)
  const blocks = read.filter(
    ({ shape, sample }) => shape === 'grubenv' && rulesFor(BLOCK_RULES, sample).length > 0,
  )
  const refused = subjects.filter(({ edit, host }) => isRefusal(edit(host, ADD)))
  const left = subjects.filter(isLeft)
  const editable = subjects.filter(subject => !isLeft(subject))
  const untouched = editable.filter(
    ({ sample }) => !OURS.some(key => sample.bytes.replaceAll('-', '_').includes(`${key}=`)),
  )

  it('each is read by the adapter that its content tells', () => {
    const shapes = [...Map.groupBy(read, ({ shape }) => shape)].map(([shape, of]) => `${of.length} ${shape}`)
    const checked = [...subjects.filter(one => rulesFor(RULES, one.sample).length > 0), ...blocks]
    console.log(
      `boot-entries: ${samples.length} files (${shapes.join(', ')}), ${editable.length} edited, ${untouched.length} undone to the byte, ${left.length} left alone (${refused.length} refused), ${read.length - subjects.length} parsed only; ${checked.length} of ${samples.filter(({ conclusion }) => conclusion !== '').length} conclusions by a rule of their own`,
    )
    for (const one of read) if (one.host !== undefined) expect(Array.isArray(one.args(one.host))).toBe(true)
  })

  it.each(subjects)('$sample.name is left alone only where its conclusion says so', subject => {
    const { conclusion } = subject.sample
    if (MUST_LEAVE.test(conclusion)) expect(isLeft(subject)).toBe(true)
    else if (isLeft(subject) && !MAY_LEAVE.test(conclusion))
      expect(subject.edit(subject.host, ADD)).toEqual([])
  })

  it.each(editable)('$sample.name: only what was meant differs, and twice is once', subject => {
    const now = after(subject)
    expect(subject.edit(now, ADD)).toEqual([])
    for (const { path } of changesOf(subject).flatMap(editsOf)) {
      const [old, made] = [bytesAt(subject.host, path), bytesAt(now, path)]
      expect(
        lines(made)
          .filter(line => !lines(old).includes(line))
          .join('\n'),
      ).toContain('intel_iommu=on')
      if (path === subject.path && programsOf(subject).length === 0) expect(rest(made)).toBe(rest(old))
    }
  })

  it.each(untouched)('$sample.name: taking it away again gives the bytes back', subject => {
    const now = after(subject)
    const back = subject.edit(now, REMOVE)
    // One deployment waits to be booted at a time.
    if (isRefusal(back) && subject.shape === 'ostree entry') return
    if (isRefusal(back)) throw new Error(back.why)
    for (const [path, { bytes }] of Object.entries(applyChanges(now, back).files))
      expect(asWritten(subject, bytes)).toBe(asWritten(subject, bytesAt(subject.host, path)))
  })

  it.each(subjects.filter(({ sample }) => rulesFor(RULES, sample).length > 0))(
    '$sample.name: $sample.conclusion',
    subject => {
      checkConclusion(RULES, subject.sample, subject)
    },
  )

  it.each(blocks)('$sample.name: $sample.conclusion', ({ sample }) => {
    checkConclusion(BLOCK_RULES, sample, sample)
  })
})
