import { expect, it } from 'vitest'
import { editCommandLine } from '../../src/host/command_line.ts'
import { effectiveValues, keyOf, piecesOf, splitArgs } from '../../src/host/kernel_args.ts'
import {
  checkConclusion,
  countOf,
  expectNamed,
  NAMES_ARGUMENTS,
  namesArguments,
  type Rule,
  rulesFor,
} from './conclusions.ts'
import { ADD, OURS, REMOVE, type Sample, sampleSuite, samplesOf } from './index.ts'

const RULES: readonly Rule<Sample>[] = [
  {
    phrase: /no iommu args/,
    check: ({ bytes }) =>
      expect(splitArgs(bytes).filter(token => /^(intel_|amd_)?iommu$|^vfio/.test(keyOf(token)))).toEqual([]),
  },
  {
    phrase: NAMES_ARGUMENTS,
    applies: namesArguments,
    check: sample => expectNamed(sample, splitArgs(sample.bytes)),
  },
  {
    phrase: /(\w+)=on\b/,
    check: ({ bytes }, [, key = '']) => expect(effectiveValues(splitArgs(bytes), key)).toContain('on'),
  },
  {
    phrase: /starts with BOM/,
    check: ({ bytes }) => expect(bytes.startsWith('\xef\xbb\xbf')).toBe(true),
  },
  {
    phrase: /initrd= with backslash twice/,
    check: ({ bytes }) => expect(splitArgs(bytes).filter(token => /^initrd=\\/.test(token)).length).toBe(2),
  },
  {
    phrase: /(\w+) args\b|many (\w+) args|(crashkernel) range/,
    check({ bytes, conclusion }, [, word, many, range]) {
      const key = range ?? many ?? word ?? ''
      // `kernel args`, `init args` are no names.
      if (bytes.includes(key) && !new RegExp(`no ${key} args`).test(conclusion))
        expect(
          splitArgs(bytes).some(token => keyOf(token).startsWith(key)),
          key,
        ).toBe(true)
    },
  },
]

sampleSuite('Command lines of real hosts', () => {
  const samples = samplesOf('proc-cmdline')

  it('there are some', () => {
    console.log(
      `proc-cmdline: ${samples.length} lines, ${samples.flatMap(({ bytes }) => splitArgs(bytes)).length} arguments; ${countOf(RULES, samples)}`,
    )
    expect(samples.flatMap(({ bytes }) => splitArgs(bytes)).every(token => token !== '')).toBe(true)
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

  it.each(samples)('$name: our arguments come and go, and the rest stays', ({ bytes }) => {
    const after = editCommandLine(bytes, ADD)
    const others = (line: string) => splitArgs(line).filter(token => !OURS.includes(keyOf(token)))
    expect(others(after)).toEqual(others(bytes))
    expect(editCommandLine(after, ADD)).toBe(after)
    if (!splitArgs(bytes).some(token => OURS.includes(keyOf(token))))
      expect(editCommandLine(after, REMOVE)).toBe(bytes)
  })

  it.each(samples.filter(sample => rulesFor(RULES, sample).length > 0))('$name: $conclusion', sample => {
    checkConclusion(RULES, sample, sample)
  })
})
