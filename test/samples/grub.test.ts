import { expect, it } from 'vitest'
import {
  configuredTokens,
  type GrubConfig,
  readGrubConfig,
  type Variable,
} from '../../src/backends/bootloaders/formats/grub_default.ts'
import { editGrubConfig } from '../../src/backends/bootloaders/formats/grub_edit.ts'
import type { Host } from '../../src/host/host.ts'
import { type ArgEdit, effectiveValues, isSatisfied, keyOf, splitArgs } from '../../src/host/kernel_args.ts'
import { isRefusal } from '../../src/refusal.ts'
import { aHost, withFiles } from '../builders.ts'
import {
  checkConclusion,
  commentsIn,
  countOf,
  expectNamed,
  MUST_LEAVE,
  NAMES_ARGUMENTS,
  namedArguments,
  namesArguments,
  type Rule,
  rulesFor,
} from './conclusions.ts'
import { ADD, isBinary, isGivenBack, OURS, REMOVE, type Sample, sampleSuite, samplesOf } from './index.ts'

const GRUB = '/etc/default/grub'

/** A drop-in is read behind a plain file of the distribution. */
function hostWith({ name, bytes }: Sample): { host: Host; path: string } {
  const path = name.endsWith('.cfg') ? `/etc/default/grub.d/${name}` : GRUB
  const base = withFiles(aHost({ files: {} }), { [GRUB]: 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n' })
  return { host: withFiles(base, { [path]: bytes }), path }
}

function edited(host: Host, wanted: readonly ArgEdit[] = ADD): Host {
  const files = editGrubConfig(host, wanted)
  if (isRefusal(files)) throw new Error(files.why)
  return withFiles(host, Object.fromEntries(files.map(({ path, after }) => [path, after])))
}

function configOf(host: Host): GrubConfig {
  const config = readGrubConfig(host)
  if (isRefusal(config)) throw new Error(config.why)
  return config
}

const configured = (host: Host): string[] => configuredTokens(configOf(host))

/** Files that have others sourced: what those set is not ours to know. */
const sourcesOthers = ({ bytes }: Sample): boolean => /^(?:[^\n#]*[;\s])?(?:\.|source)\s/m.test(bytes)

/** No file of GRUB's, or one whose conclusion speaks of what only a shell can tell. */
const mayBeRefused = (sample: Sample): boolean =>
  sourcesOthers(sample) ||
  isBinary(sample) ||
  /substitut|condition|refus|cannot|unterminated|CRLF|BOM\b|sourced/i.test(sample.conclusion)

interface Subject {
  readonly sample: Sample
  readonly path: string
  readonly host: Host
  readonly after: Host
}

const bytesIn = (host: Host, path: string): string => host.files[path]?.bytes ?? ''
const variableOf = (word: string): Variable =>
  /DEFAULT/.test(word) ? 'GRUB_CMDLINE_LINUX_DEFAULT' : 'GRUB_CMDLINE_LINUX'

const RULES: readonly Rule<Subject>[] = [
  {
    phrase: NAMES_ARGUMENTS,
    applies: namesArguments,
    check({ sample, host, after }) {
      expectNamed(sample, configured(host))
      const kept = namedArguments(sample).filter(word => !OURS.includes(keyOf(word)))
      for (const word of kept)
        expect(
          configured(after).some(token => token.startsWith(word)),
          word,
        ).toBe(true)
    },
  },
  {
    phrase: /(\w+) is not set/i,
    check: ({ host }, [, key = '']) => expect(configured(host).map(keyOf)).not.toContain(key),
  },
  {
    phrase: /already (configured|complete)|do not add again/,
    check({ host }) {
      const present = configured(host).filter(token => /^(intel|amd)_iommu=on$/.test(token))
      expect(present.length).toBeGreaterThan(0)
      for (const token of present) {
        const edit = { op: 'add', key: keyOf(token), value: 'on' } as const
        expect(editGrubConfig(host, [edit])).toEqual([])
      }
    },
  },
  {
    phrase: /(?:live|args|active one has \S+) in (?:GRUB_)?(CMDLINE_LINUX(?:_DEFAULT)?)/,
    check({ sample, host }, [, name = '']) {
      const tokens = splitArgs(configOf(host).values[variableOf(name)])
      expect(tokens.length).toBeGreaterThan(0)
      expectNamed(sample, tokens)
    },
  },
  {
    phrase: /contributes nothing|no key at all|theme only|no cmdline\b|no cmdline keys|only DISTRIBUTOR/,
    check: ({ sample, path, after }) => expect(bytesIn(after, path)).toBe(sample.bytes),
  },
  {
    phrase: /(\w+)=off must be (found|replaced)/,
    check({ host }, [, key = '']) {
      expect(effectiveValues(configured(host), key)).toContain('off')
      const on = configured(edited(host, [{ op: 'add', key, value: 'on' }]))
      expect(effectiveValues(on, key)).toEqual(expect.not.arrayContaining(['off']))
    },
  },
  {
    phrase: /comment/i,
    check: ({ sample, path, after }) =>
      expect(commentsIn(bytesIn(after, path))).toEqual(commentsIn(sample.bytes)),
  },
  {
    phrase: /no (?:active )?(?:GRUB_)?(CMDLINE_LINUX|DEFAULT)( key)?( at all)?\b/,
    check: ({ host }, [, name = '']) => expect(configOf(host).chains[variableOf(name)]).toEqual([]),
  },
  {
    phrase: /only CMDLINE_LINUX exists/,
    check({ host }) {
      expect(configOf(host).chains.GRUB_CMDLINE_LINUX_DEFAULT).toEqual([])
      expect(configOf(host).chains.GRUB_CMDLINE_LINUX.length).toBeGreaterThan(0)
    },
  },
  {
    phrase: /DISTRIBUTOR|XEN_DEFAULT|do not touch/,
    check({ sample, path, after }) {
      const others = (bytes: string) => bytes.split('\n').filter(line => /DISTRIBUTOR|_XEN/.test(line))
      expect(others(bytesIn(after, path))).toEqual(others(sample.bytes))
    },
  },
  {
    phrase:
      /kept?\b|survive|byte for byte|unchanged|order\b|re-quoting|double spaces|two blanks|blank after|hex lists|lists with commas|bogus/,
    check({ sample, path, after }) {
      const lines = bytesIn(after, path).split('\n')
      const changed = sample.bytes.split('\n').filter(line => !lines.includes(line))
      for (const line of changed) {
        const pieces = line
          .split(/(?=["'\s])|(?<=["'\s])/)
          .filter(piece => !OURS.some(key => keyOf(piece) === key))
        let at = 0
        const now = lines.find(one => one.split('=', 1)[0] === line.split('=', 1)[0]) ?? ''
        for (const piece of pieces) {
          at = now.indexOf(piece, at)
          expect(at, `${piece} in ${now}`).toBeGreaterThanOrEqual(0)
          at += piece.length
        }
      }
    },
  },
  {
    phrase: /appends (?:to )?\$\{?GRUB_CMDLINE/,
    check({ host }) {
      expect(configOf(host).chains.GRUB_CMDLINE_LINUX_DEFAULT.length).toBe(2)
      expect(configured(host)[0]).toBe('quiet')
    },
  },
  {
    phrase: /DEFAULT(?:=| holds )"?([\w=]+)"?/,
    check: ({ host }, [, word = '']) => expect(configured(host)).toContain(word),
  },
  {
    phrase: /no iommu args/,
    check: ({ host }) =>
      expect(configured(host).filter(token => /iommu|vfio/.test(keyOf(token)))).toEqual([]),
  },
  {
    phrase: /args in both variables/,
    check({ host }) {
      const { values } = configOf(host)
      for (const value of Object.values(values)) expect(splitArgs(value).length).toBeGreaterThan(0)
    },
  },
]

sampleSuite('GRUB’s defaults of real hosts', () => {
  const samples = samplesOf('grub')
  const refused = samples.filter(sample => isRefusal(editGrubConfig(hostWith(sample).host, ADD)))
  const editable = samples.filter(sample => !refused.includes(sample))
  const untouched = editable.filter(
    sample => !configured(hostWith(sample).host).some(token => OURS.includes(keyOf(token))),
  )

  const undone = (host: Host) => edited(edited(host), REMOVE)
  const toTheByte = untouched
    .map(hostWith)
    .filter(({ host }) => bytesIn(undone(host), GRUB) === bytesIn(host, GRUB))

  it('only those are refused that must be', () => {
    console.log(
      `grub: ${samples.length} files, ${editable.length} edited, ${untouched.length} undone (${toTheByte.length} to the byte), ${refused.length} refused; ${countOf(RULES, samples)}`,
    )
    const must = samples.filter(
      ({ conclusion }) => MUST_LEAVE.test(conclusion) || /command substitution with/.test(conclusion),
    )
    for (const sample of must) expect(refused, sample.name).toContain(sample)
    for (const sample of refused)
      expect(must.includes(sample) || mayBeRefused(sample), `${sample.name} is refused`).toBe(true)
  })

  it.each(editable)('$name: only what was meant differs, and twice is once', sample => {
    const { host } = hostWith(sample)
    const after = edited(host)
    const others = (one: Host) => configured(one).filter(token => !OURS.includes(keyOf(token)))
    expect(others(after)).toEqual(others(host))
    for (const edit of ADD) expect(isSatisfied(configured(after), edit)).toBe(true)
    expect(effectiveValues(configured(after), 'intel_iommu')).not.toContain('off')
    expect(edited(after)).toEqual(after)
    expect(changedLines(host, after)).toBeLessThanOrEqual(2)
  })

  it.each(untouched)('$name: taking it away again gives it back', sample => {
    const { host } = hostWith(sample)
    const back = undone(host)
    expect(isGivenBack(bytesIn(back, GRUB), bytesIn(host, GRUB))).toBe(true)
    expect({ ...back.files, [GRUB]: undefined }).toEqual({ ...host.files, [GRUB]: undefined })
  })

  it.each(editable.filter(sample => rulesFor(RULES, sample).length > 0))('$name: $conclusion', sample => {
    const { host, path } = hostWith(sample)
    checkConclusion(RULES, sample, { sample, path, host, after: edited(host) })
  })
})

function changedLines(before: Host, after: Host): number {
  return Object.keys(after.files).reduce((count, path) => {
    const old = before.files[path]?.bytes.split('\n') ?? []
    return count + (after.files[path]?.bytes.split('\n').filter(line => !old.includes(line)).length ?? 0)
  }, 0)
}
