import { expect, it } from 'vitest'
import { readPresets } from '../../src/backends/initramfs/mkinitcpio_presets.ts'
import { applyChanges, type Change, pathsOf } from '../../src/host/change.ts'
import type { Host } from '../../src/host/host.ts'
import { isRefusal } from '../../src/refusal.ts'
import { checkConclusion, commentsIn, countOf, MAY_LEAVE, type Rule, rulesFor } from './conclusions.ts'
import { isGivenBack, sampleSuite, samplesOf } from './index.ts'
import { type Subject, subjectOf, type Unplaced } from './initramfs_shapes.ts'

const VFIO = ['vfio', 'vfio_iommu_type1', 'vfio_pci']
const isPlaced = (read: Subject | Unplaced): read is Subject => read.generator !== undefined

const changesOf = ({ generator, host }: Subject): readonly Change[] => {
  const changes = generator.edit(host, { add: VFIO, remove: [] })
  return isRefusal(changes) ? [] : changes
}
const after = (subject: Subject): Host => applyChanges(subject.host, changesOf(subject))
const bytesAfter = (subject: Subject): string => after(subject).files[subject.path]?.bytes ?? ''
const isRefused = ({ generator, host }: Subject): boolean =>
  isRefusal(generator.edit(host, { add: VFIO, remove: [] }))

/** The sample once our modules are put on its lists and taken off again. */
function undone(subject: Subject): string | undefined {
  const now = after(subject)
  const back = subject.generator.edit(now, { add: [], remove: VFIO })
  if (isRefusal(back)) throw new Error(back.why)
  return applyChanges(now, back).files[subject.path]?.bytes
}

/** Its words of MODULES=, dracut's lists or a list of modules, in order. */
const orderAfter = (subject: Subject, word: string): number =>
  subject.generator.listed(after(subject)).indexOf(word)

const RULES: readonly Rule<Subject>[] = [
  {
    phrase: /all (?:four )?present|already included|do not duplicate|all vfio\b/,
    check: subject => expect(changesOf(subject)).toEqual([]),
  },
  {
    phrase: /keep quotes form|quoted strings|^quoted|old quoted/,
    check(subject) {
      expect(/^\s*MODULES=["']/m.test(subject.sample.bytes)).toBe(true)
      expect(bytesAfter(subject)).toMatch(/^\s*MODULES=["']/m)
    },
  },
  {
    phrase: /(\w+) BEFORE vfio_pci|vfio before (\w+)|(\w+) AFTER vfio/,
    check(subject, [, first, second, third]) {
      const driver = first ?? second ?? third ?? ''
      expect(orderAfter(subject, driver)).toBeGreaterThan(orderAfter(subject, 'vfio_pci'))
    },
  },
  {
    phrase: /order kept/,
    check({ generator, host, ...subject }) {
      const others = (names: readonly string[]) => names.filter(name => !name.startsWith('vfio'))
      expect(others(generator.listed(after({ generator, host, ...subject })))).toEqual(
        others(generator.listed(host)),
      )
    },
  },
  {
    phrase: /drop-in sets MODULES/,
    check: subject => expect(pathsOf(changesOf(subject))).toEqual([subject.path]),
  },
  {
    phrase: /HOOKS only|MODULES=most|comments only|uefi="yes"|omit_drivers|it is yes\/no/,
    check(subject) {
      if (subject.shape === 'list of modules')
        expect(bytesAfter(subject).startsWith(subject.sample.bytes)).toBe(true)
      else expect(bytesAfter(subject)).toBe(subject.sample.bytes)
    },
  },
  {
    phrase: /comment/,
    check: subject => expect(commentsIn(bytesAfter(subject))).toEqual(commentsIn(subject.sample.bytes)),
  },
  {
    phrase: /blanks inside the parentheses/,
    check: subject => expect(bytesAfter(subject)).toMatch(/^MODULES=\( .* \)$/m),
  },
  {
    phrase: /no newline at end of file/,
    check: subject => expect(bytesAfter(subject).endsWith('\n')).toBe(false),
  },
  {
    phrase: /dash == |with dash|ids=\S* \((?:module args )?legal|args legal|plain vfio_pci/,
    check: ({ generator, host }) => expect(generator.listed(host)).toContain('vfio_pci'),
  },
  {
    phrase: /(pci_stub) ids=(\S+):/,
    check: ({ generator, host }, [, name = '']) => expect(generator.listed(host)).toContain(name),
  },
  {
    phrase: /(kms|modconf)\b.*\b(hook|HOOKS)|hook present|(kms) hook/,
    check(subject) {
      const hooks = (bytes: string) => /^HOOKS=[("']([^)"']*)/m.exec(bytes)?.[1]?.split(/\s+/)
      const before = hooks(subject.sample.bytes) ?? []
      expect(hooks(bytesAfter(subject))).toEqual(before)
      expect(before).toContain('modconf')
    },
  },
  {
    phrase: /empty arrays|^MODULES=\(\w+|MODULES=\(nvidia/,
    check(subject) {
      const listed = subject.generator.listed(after(subject))
      expect(VFIO.every(name => listed.includes(name))).toBe(true)
      for (const name of subject.generator.listed(subject.host)) expect(listed).toContain(name)
    },
  },
  {
    phrase: /PRESETS=\(([\w ]+)\), .*--cmdline (\S+) and (\S+):/,
    check({ host }, [, names = '', first = '', second = '']) {
      const presets = readPresets(host)
      if (isRefusal(presets)) throw new Error(presets.why)
      expect(presets.map(({ name }) => name)).toEqual(names.split(' '))
      expect(presets.map(({ options }) => options[options.indexOf('--cmdline') + 1])).toEqual([first, second])
    },
  },
  {
    phrase: /(\w+)_uki instead of/,
    check({ host }, [, name = '']) {
      const presets = readPresets(host)
      const preset = isRefusal(presets) ? undefined : presets.find(one => one.name === name)
      expect(preset?.images).toEqual([expect.stringMatching(/\.efi$/)])
    },
  },
  {
    phrase: /correct blanks/,
    check: ({ sample }) => expect(sample.bytes).toMatch(/_drivers\+=" .* "/),
  },
]

sampleSuite('Initramfs configuration of real hosts', () => {
  const samples = samplesOf('initramfs')
  const read = samples.map(subjectOf)
  const subjects = read.filter(isPlaced)
  const refused = subjects.filter(isRefused)
  const changed = subjects.filter(subject => changesOf(subject).length > 0)
  const untouched = changed.filter(({ sample }) => !/vfio/.test(sample.bytes))

  const toTheByte = untouched.filter(subject => undone(subject) === subject.sample.bytes)

  it('each is read by the generator that its content tells', () => {
    const shapes = [...Map.groupBy(read, ({ shape }) => shape)].map(([shape, of]) => `${of.length} ${shape}`)
    console.log(
      `initramfs: ${samples.length} files (${shapes.join(', ')}), ${changed.length} edited, ${untouched.length} undone (${toTheByte.length} to the byte), ${subjects.length - changed.length - refused.length} complete, ${refused.length} refused, ${read.length - subjects.length} parsed only; ${countOf(RULES, samples)}`,
    )
    for (const { generator, host } of subjects) expect(Array.isArray(generator.listed(host))).toBe(true)
  })

  it.each(subjects)('$sample.name is refused only where its conclusion says so', subject => {
    if (!MAY_LEAVE.test(subject.sample.conclusion)) {
      const answer = subject.generator.edit(subject.host, { add: VFIO, remove: [] })
      expect(isRefusal(answer) && answer.why).toBe(false)
    }
  })

  it.each(changed)('$sample.name: only what was meant differs, and twice is once', subject => {
    const { generator, host, path, sample } = subject
    const now = after(subject)
    expect(generator.edit(now, { add: VFIO, remove: [] })).toEqual([])
    const listed = generator.listed(now)
    expect(VFIO.filter(name => !listed.includes(name))).toEqual([])
    const lines = (bytes: string) => bytes.split('\n')
    const gone = lines(sample.bytes).filter(line => !lines(now.files[path]?.bytes ?? '').includes(line))
    expect(gone.length).toBeLessThanOrEqual(2)
    for (const name of generator.listed(host).filter(one => !one.startsWith('vfio')))
      expect(listed).toContain(name)
  })

  it.each(untouched)('$sample.name: taking it away again gives it back', subject => {
    expect(isGivenBack(undone(subject) ?? '', subject.sample.bytes)).toBe(true)
  })

  it.each(subjects.filter(({ sample }) => rulesFor(RULES, sample).length > 0))(
    '$sample.name: $sample.conclusion',
    subject => {
      checkConclusion(RULES, subject.sample, subject)
    },
  )
})
