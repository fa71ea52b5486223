import { expect, it } from 'vitest'
import {
  isBlacklisted,
  loadsVfioFirst,
  moduleName,
  parseModprobe,
  vfioIdsDirective,
} from '../../src/host/modprobe.ts'
import { checkConclusion, countOf, type Rule, rulesFor } from './conclusions.ts'
import { isBinary, type Sample, sampleSuite, samplesOf } from './index.ts'

const read = ({ name, bytes }: Sample) => parseModprobe(`/etc/modprobe.d/${name}`, bytes)
const idsOf = (sample: Sample) => vfioIdsDirective(read(sample))?.ids
/** Lines that are no comments, continued ones joined (modprobe.d(5)). */
const activeLines = ({ bytes }: Sample): string[] =>
  bytes
    .replaceAll('\\\n', '')
    .split('\n')
    .filter(line => !/^\s*(#|$)/.test(line))

const GPU_DRIVERS = ['nouveau', 'nvidia', 'amdgpu', 'radeon', 'i915']

const RULES: readonly Rule<Sample>[] = [
  {
    phrase: /no ids effective|comments? only|no ids\b|must not add ids|commented ids/,
    check: sample => expect(idsOf(sample)).toBeUndefined(),
  },
  {
    phrase: /ids=%\w+% placeholder/,
    check: sample => expect(idsOf(sample)).toEqual([expect.stringMatching(/^%\w+%$/)]),
  },
  {
    phrase: /\b(\d+) ids\b(?! lines?)/,
    check: (sample, [, count = '']) => expect(idsOf(sample)?.length).toBe(Number(count)),
  },
  {
    phrase: /ids include ([0-9a-f]{4}:[0-9a-f]{4})/,
    check: (sample, [, id = '']) => expect(idsOf(sample)).toContain(id),
  },
  {
    phrase: /comment lines end with .*ids=([0-9a-f:]+)/,
    check: (sample, [, id = '']) => expect(idsOf(sample)).not.toContain(id),
  },
  {
    phrase: /\(underscore\) equals|underscore name|dash form/,
    check(sample) {
      const modules = read(sample).map(({ rest }) => moduleName(rest[0] ?? ''))
      expect(modules.some(module => module.includes('_'))).toBe(true)
      if (/vfio[-_]pci .*\bids=/.test(sample.bytes)) expect(idsOf(sample)?.length).toBeGreaterThan(0)
    },
  },
  {
    phrase: /"softdep (\w+) pre:(\S+)" without blank/,
    check: (sample, [, driver = '']) => expect(loadsVfioFirst(read(sample), driver)).toBeUndefined(),
  },
  {
    phrase: /softdep (\w+) pre: vfio-pci/,
    check: (sample, [, driver = '']) => expect(loadsVfioFirst(read(sample), driver)).toBeDefined(),
  },
  {
    phrase: /^blacklist (\w+)|[;,] blacklist (\w+)|incl\. blacklist (\w+)/,
    check: (sample, [, first, second, third]) =>
      expect(isBlacklisted(read(sample), first ?? second ?? third ?? '')).toBeDefined(),
  },
  {
    phrase: /install (\w+) \S*\/false = stronger/,
    check: (sample, [, driver = '']) => expect(isBlacklisted(read(sample), driver)).toBeDefined(),
  },
  {
    phrase: /blacklist(?: \w+)? \+ alias (\w+) off/,
    check: (sample, [, driver = '']) => expect(isBlacklisted(read(sample), driver)).toBeDefined(),
  },
  {
    phrase: /not evidence of a GPU blacklist/,
    check(sample) {
      for (const driver of GPU_DRIVERS) expect(isBlacklisted(read(sample), driver)).toBeUndefined()
    },
  },
  {
    // Takes no device and keeps no driver away.
    phrase: /aliases only/,
    check(sample) {
      expect(idsOf(sample)).toBeUndefined()
      for (const driver of GPU_DRIVERS) expect(isBlacklisted(read(sample), driver)).toBeUndefined()
    },
  },
  {
    phrase: /^options (\w+)|: options ([\w-]+)|install lines .* and (options)/,
    check: sample => expect(read(sample).map(({ word }) => word)).toContain('options'),
  },
  {
    phrase: /typo: unknown parameter|cumulative/,
    applies: sample => /^options vfio[-_]pci .*\bids=/m.test(activeLines(sample).join('\n')),
    check: sample => expect(idsOf(sample)?.length).toBeGreaterThan(0),
  },
  {
    phrase: /continued over lines with backslashes|install lines with shell/,
    check: sample => expect(read(sample).length).toBe(activeLines(sample).length),
  },
]

sampleSuite('modprobe.d files of real hosts', () => {
  const samples = samplesOf('modprobe')

  it('all are read', () => {
    const directives = samples.flatMap(read)
    console.log(
      `modprobe: ${samples.length} files, ${directives.length} directives, ${samples.filter(one => idsOf(one) !== undefined).length} with ids; ${countOf(RULES, samples)}`,
    )
    expect(
      samples
        .filter(one => !isBinary(one))
        .flatMap(read)
        .every(({ word }) => /^[a-z]+$/.test(word)),
    ).toBe(true)
  })

  it.each(samples)('$name: ids are words of an options line that is no comment', sample => {
    for (const id of idsOf(sample) ?? []) expect(activeLines(sample).join('\n')).toContain(id)
  })

  it.each(samples.filter(sample => rulesFor(RULES, sample).length > 0))('$name: $conclusion', sample => {
    checkConclusion(RULES, sample, sample)
  })
})
