import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BOOTLOADERS, findBootloader } from '../../src/backends/bootloaders/index.ts'
import { findInitramfs, GENERATORS } from '../../src/backends/initramfs/index.ts'
import { isRefusal } from '../../src/refusal.ts'
import { recordedHosts } from '../hosts/index.ts'
import { SCENARIOS } from '../lab/scenarios/index.ts'
import { REAL_TOOLS } from '../real_tools/index.ts'

/** What shows that a loader or a generator is driven rightly, weakest first. */
export const STRENGTHS = ['recorded', 'real tool', 'booted'] as const
export type Strength = (typeof STRENGTHS)[number]

export interface Claim {
  readonly strength: Strength
  /** The lab's scenario, the program and the test that runs it, or the recorded host. */
  readonly by: string
}

/** A loader with a generator: a machine of the lab that rebooted through both, or a recorded host that has both. */
export interface Pair {
  readonly bootloader: string
  readonly initramfs: string
  readonly claims: readonly Claim[]
}

export interface RecordedMachine {
  readonly name: string
  /** `lab`: a virtual machine's; `sandbox`: of files as the distribution's programs make them, test/sandbox/recordings. */
  readonly from: 'lab' | 'sandbox'
  readonly os: string
  readonly bootloader: string
  readonly evidence: string
  readonly initramfs: string
}

export const LOADERS = BOOTLOADERS.map(({ name }) => name)
export const MAKERS = GENERATORS.map(({ name }) => name)

/** The recorded hosts, as the adapters see them; nothing can be planned on what root did not look at. */
export const recordedMachines = (): RecordedMachine[] =>
  recordedHosts()
    .filter(({ host }) => host.uid === 0)
    .map(({ name, host }) => {
      const loader = findBootloader(host)
      const generator = findInitramfs(host)
      return {
        name,
        from: isSandbox(name) ? 'sandbox' : 'lab',
        os: `${host.os.name} ${host.os.version}`.trim(),
        bootloader: isRefusal(loader) ? 'refused' : loader.loader.name,
        evidence: isRefusal(loader) ? loader.why : loader.evidence,
        initramfs: isRefusal(generator) ? 'refused' : generator.generator.name,
      }
    })

const isSandbox = (name: string): boolean =>
  existsSync(join(import.meta.dirname, '../sandbox/recordings', `${name}.ts`))

/** Each pair that something speaks for. */
export function pairs(): Pair[] {
  const claims = [
    ...SCENARIOS.flatMap(({ name, proves }) =>
      proves === undefined ? [] : [{ ...proves, claim: { strength: 'booted' as const, by: name } }],
    ),
    ...recordedMachines().map(({ name, bootloader, initramfs }) => ({
      bootloader,
      initramfs,
      claim: { strength: 'recorded' as const, by: name },
    })),
  ]
  const byPair = Map.groupBy(claims, ({ bootloader, initramfs }) => `${bootloader}\n${initramfs}`)
  return [...byPair].map(([pair, own]) => {
    const [bootloader = '', initramfs = ''] = pair.split('\n')
    return { bootloader, initramfs, claims: own.map(({ claim }) => claim) }
  })
}

/** rpm-ostree is one of both. */
export type Role = 'bootloader' | 'initramfs'

/** All that speaks for one adapter, whatever it was paired with; the strongest first. */
export function claimsFor(role: Role, adapter: string): Claim[] {
  const ofPairs = pairs().flatMap(pair => (pair[role] === adapter ? pair.claims : []))
  const ofTools = REAL_TOOLS.filter(({ drives }) => drives === adapter).map(({ program, test }) => ({
    strength: 'real tool' as const,
    by: `${program} (test/real_tools/${test})`,
  }))
  return [...ofPairs, ...ofTools].sort(
    (a, b) => STRENGTHS.indexOf(b.strength) - STRENGTHS.indexOf(a.strength),
  )
}

/** A pair is as sure as its weaker half, unless a machine has booted through both. */
export function strengthOf(bootloader: string, initramfs: string): Strength | undefined {
  const pair = pairs().find(one => one.bootloader === bootloader && one.initramfs === initramfs)
  if (pair === undefined) return undefined
  if (pair.claims.some(({ strength }) => strength === 'booted')) return 'booted'
  const halves = [claimsFor('bootloader', bootloader)[0], claimsFor('initramfs', initramfs)[0]]
  return halves.every(claim => claim !== undefined && claim.strength !== 'recorded')
    ? 'real tool'
    : 'recorded'
}
