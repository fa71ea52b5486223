import type { Known } from './known.ts'

/** What Ansible's facts are made of; '' and undefined: the host does not tell. */
export interface AnsibleEvidence {
  /** Who looks. */
  readonly user: string
  /** First lines of the files below /etc that tell distributions apart, by name; '' of one that is empty. */
  readonly releases: Readonly<Record<string, string>>
  readonly processors: Processors | undefined
  /** KiB; what is left of it depends on the boot. */
  readonly memory: Known<number | undefined>
  /** The way out; the address may be another one after a boot. */
  readonly ipv4: Known<DefaultIpv4 | undefined>
  /** Paths and programs that are there, of those that are evidence for something. */
  readonly there: readonly string[]
  /** Name of process 1. */
  readonly init: string | undefined
  /** /sbin/init is a link to systemd; only looked at where process 1 does not tell. */
  readonly initIsSystemd: boolean
  /** Control groups of process 1 that a container's manager has made. */
  readonly cgroups: readonly string[]
  /** `container=` in the environment of process 1, which only root may read; /run/systemd/container. */
  readonly environment: string
  readonly container: string
  /** DMI: the product, its family, its maker, and who made its firmware. */
  readonly dmi: {
    readonly product: string
    readonly family: string
    readonly vendor: string
    readonly firmware: string
  }
}

export interface Processors {
  /** Numbers of those that are online. */
  readonly online: readonly number[]
  /** What /proc/cpuinfo says of each, beside its number: vendor and model, in its order. */
  readonly says: readonly string[]
  /** How many packages they are in; undefined where cpuinfo does not say. */
  readonly packages: number | undefined
  /** Of one package: cores, and threads in all. */
  readonly cores: number | undefined
  readonly siblings: number | undefined
}

/** The address and the interface of the way out, in Ansible's words. */
export interface DefaultIpv4 {
  readonly interface?: string | undefined
  readonly address?: string | undefined
  readonly gateway?: string | undefined
  readonly netmask?: string | undefined
  readonly network?: string | undefined
  readonly prefix?: string | undefined
  readonly broadcast?: string | undefined
  readonly alias?: string | undefined
  readonly macaddress?: string | undefined
  readonly mtu?: number | undefined
  readonly type?: string | undefined
}
