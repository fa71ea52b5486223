import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cpu } from '../../src/host/facts/system.ts'
import type { Cpu, Host } from '../../src/host/host.ts'
import { hardwareFindings } from '../../src/verdict/hardware/index.ts'
import { aHost } from '../builders.ts'
import { checkConclusion, countOf, type Rule, rulesFor } from './conclusions.ts'
import { type Sample, sampleSuite, samplesOf } from './index.ts'

interface Read {
  readonly sample: Sample
  readonly cpu: Cpu
  readonly problems: readonly string[]
}

const has =
  (flag: string) =>
  ({ cpu }: Read): void =>
    expect(cpu.flags).toContain(flag)
const lacks =
  (flag: string) =>
  ({ cpu }: Read): void =>
    expect(cpu.flags).not.toContain(flag)

const RULES: readonly Rule<Read>[] = [
  {
    phrase: /neither intel nor amd|no vendor\b/i,
    check({ cpu, problems }) {
      expect(cpu.vendor).toBe('other')
      expect(problems.length, 'it is refused').toBeGreaterThan(0)
    },
  },
  ...(['intel', 'amd'] as const).map(
    (vendor): Rule<Read> => ({
      phrase: new RegExp(`^${vendor}\\b|\\bvendor(?:_id)?:? (?:is )?${vendor}\\b`, 'i'),
      check: ({ cpu }) => expect(cpu.vendor).toBe(vendor),
    }),
  ),
  ...['vmx', 'svm'].flatMap((flag): Rule<Read>[] => [
    { phrase: new RegExp(`(?<!no )\\b${flag} yes\\b`, 'i'), check: has(flag) },
    {
      phrase: new RegExp(`\\bno ${flag}\\b|\\b${flag}:? (?:no|absent|missing)\\b|without ${flag}\\b`, 'i'),
      check: lacks(flag),
    },
  ]),
  {
    phrase: /hypervisor flag|virtual machine|\(guest\)/i,
    applies: ({ conclusion }) =>
      !/(?:no|without) hypervisor|hypervisor flag (?:is )?(?:absent|missing|not)|not a virtual/i.test(
        conclusion,
      ),
    check: has('hypervisor'),
  },
  {
    phrase: /(?:no|without) hypervisor|hypervisor flag (?:is )?(?:absent|missing|not)|not a virtual/i,
    check: lacks('hypervisor'),
  },
  {
    phrase: /model name "([^"]+)"/,
    // Clock rates are often left out where a model is quoted.
    check: ({ cpu }, [, model = '']) => expect(cpu.model.startsWith(model), cpu.model).toBe(true),
  },
  {
    phrase: /"(\w+)" must not be taken for (\w+)/,
    check({ sample, cpu }, [, lookalike = '', flag = '']) {
      expect(wordsOf(sample)).toContain(lookalike)
      expect(cpu.flags.includes(flag)).toBe(wordsOf(sample).includes(flag))
    },
  },
]

/** The first processor's flags, read without the code under test. */
const wordsOf = ({ bytes }: Sample): string[] =>
  (/^flags\s*:(.*)$/m.exec(bytes)?.[1] ?? '').trim().split(/\s+/)

sampleSuite('/proc/cpuinfo of real hosts', () => {
  const samples = samplesOf('cpuinfo')
  const subjects = new Map<string, Read>()
  let root = ''

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'vfio-run-cpuinfo-'))
    mkdirSync(join(root, 'proc'))
    for (const sample of samples) subjects.set(sample.name, readBySh(root, sample))
  })
  afterAll(() => rmSync(root, { recursive: true }))

  const subjectOf = ({ name }: Sample): Read => {
    const subject = subjects.get(name)
    if (subject === undefined) throw new Error(`${name} was not read`)
    return subject
  }

  it('there are some', () => {
    console.log(`cpuinfo: ${samples.length} samples; ${countOf(RULES, samples)}`)
    for (const { bytes } of samples) expect(bytes).not.toBe('')
  })

  it.each(samples)('$name: vendor, model and flags are those of its first processor', sample => {
    const { cpu } = subjectOf(sample)
    expect(cpu.flags).toEqual(['vmx', 'svm', 'hypervisor'].filter(flag => wordsOf(sample).includes(flag)))
    expect(cpu.model).toBe(/^model name\s*:\s*(.*?)\s*$/m.exec(sample.bytes)?.[1] ?? '')
    if (!/^vendor_id\s*:\s*(GenuineIntel|AuthenticAMD|HygonGenuine)\s*$/m.test(sample.bytes))
      expect(cpu.vendor).toBe('other')
  })

  it.each(samples.filter(sample => rulesFor(RULES, sample).length > 0))('$name: $conclusion', sample => {
    checkConclusion(RULES, sample, subjectOf(sample))
  })
})

/** The fact's own command, by a shell, on a root that has nothing but this file. */
function readBySh(root: string, sample: Sample): Read {
  writeFileSync(join(root, 'proc/cpuinfo'), Buffer.from(sample.bytes, 'latin1'))
  const { stdout } = spawnSync('sh', ['-c', cpu.commands.text], {
    env: { PATH: process.env.PATH, LC_ALL: 'C', root },
    encoding: 'latin1',
  })
  const read = cpu.parse({ text: stdout })
  // /proc/cpuinfo of other architectures has no line "flags".
  const host: Host = { ...aHost(), cpu: read, arch: /^flags\s*:/m.test(sample.bytes) ? 'x86_64' : 'aarch64' }
  const problems = hardwareFindings(host).filter(({ severity }) => severity === 'problem')
  return { sample, cpu: read, problems: problems.map(({ what }) => what) }
}
