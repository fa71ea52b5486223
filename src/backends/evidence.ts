import type { Host } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'

/** What speaks for an adapter on a host, and what a look at the host has to ask for so that it can be told. */
export interface Evidence {
  /** Programs to look for on PATH. */
  readonly tools: readonly string[]
  /** Paths to look for; * stands for any name. */
  readonly paths: readonly string[]
  find(host: Host): Found | undefined
}

export interface Found {
  readonly says: string
  /** The boot itself left it; a file or a tool may lie there still when another loader boots the machine. */
  readonly ofBoot: boolean
}

const NOTHING_TO_ASK = { tools: [], paths: [] } as const

export const tool = (name: string): Evidence => ({
  tools: [name],
  paths: [],
  find: host => (host.tools.includes(name) ? { says: `${name} is installed`, ofBoot: false } : undefined),
})

export const path = (name: string): Evidence => ({
  tools: [],
  paths: [name],
  find: host =>
    host.paths.includes(name) ? { says: `${name} exists`, ofBoot: name.startsWith('/run/') } : undefined,
})

export const cmdlineHas = (pattern: RegExp, says: string): Evidence => ({
  ...NOTHING_TO_ASK,
  find: host =>
    ifKnown(host.cmdline)?.some(token => pattern.test(token)) ? { says, ofBoot: true } : undefined,
})

/** EFI variable LoaderInfo of the Boot Loader Interface, e.g. `systemd-boot 252.5-2`. */
export const loaderInfo = (pattern: RegExp): Evidence => ({
  ...NOTHING_TO_ASK,
  find: ({ firmware: { loaderInfo } }) =>
    pattern.test(loaderInfo ?? '')
      ? { says: `the firmware says "${loaderInfo}" booted it`, ofBoot: true }
      : undefined,
})

/** EFI variable StubInfo: systemd-stub leaves it, and with it a unified kernel image has booted. */
export const stubInfo = (pattern: RegExp): Evidence => ({
  ...NOTHING_TO_ASK,
  find: ({ firmware: { stubInfo } }) =>
    pattern.test(stubInfo ?? '')
      ? { says: `the firmware says "${stubInfo}" booted it`, ofBoot: true }
      : undefined,
})

export const where = (holds: (host: Host) => boolean, says: string): Evidence => ({
  ...NOTHING_TO_ASK,
  find: host => (holds(host) ? { says, ofBoot: false } : undefined),
})

/** No word of a loader, and none to be expected: efivarfs is not mounted. No evidence by itself. */
export const variablesAreHidden = where(
  ({ firmware }) => firmware.loaderInfo === undefined && !firmware.efiVariables,
  '',
)

/** Evidence for something else, left out of what is said. */
export const not = (evidence: Evidence): Evidence => ({
  ...evidence,
  find: host => (evidence.find(host) === undefined ? { says: '', ofBoot: false } : undefined),
})

export const all = (...parts: readonly Evidence[]): Evidence => ({
  ...askedBy(parts),
  find(host) {
    const found = parts.flatMap(part => part.find(host) ?? [])
    if (found.length < parts.length) return undefined
    const says = found.map(one => one.says).filter(one => one !== '')
    return { says: says.join(', '), ofBoot: found.some(({ ofBoot }) => ofBoot) }
  },
})

/** The first that holds, of the boot's own traces before others. */
export const any = (...parts: readonly Evidence[]): Evidence => ({
  ...askedBy(parts),
  find(host) {
    const found = parts.flatMap(part => part.find(host) ?? [])
    return found.find(({ ofBoot }) => ofBoot) ?? found[0]
  },
})

const askedBy = (parts: readonly Evidence[]) => ({
  tools: parts.flatMap(({ tools }) => tools),
  paths: parts.flatMap(({ paths }) => paths),
})
