import type { Bytes } from '../host/bytes.ts'
import type { Argv } from '../host/change.ts'
import type { Comparison } from '../host/compare.ts'
import type { Finding } from '../verdict/finding.ts'
import type { Ran } from './actions/action.ts'

/** `run`: an action is at work; `wait`: for other hosts, or for time to pass. */
export type Phase = 'connect' | 'look' | 'plan' | 'apply' | 'run' | 'wait' | 'reboot' | 'prove' | 'done'

/**
 * `pending`: on disk but not in effect. `unknown`: cannot be told before the boot (a dry run only).
 * `blocked` counts as failed.
 */
export type TaskStatus = 'ok' | 'changed' | 'pending' | 'unknown' | 'skipped' | 'blocked' | 'failed'

export interface HostCounts {
  readonly ok: number
  readonly changed: number
  readonly unreachable: number
  readonly failed: number
  readonly skipped: number
  readonly rescued: number
  readonly ignored: number
  /** Tasks whose result waits for a reboot or a rebuild. */
  readonly pending: number
  /** Connections opened and scripts run: the reboot's trigger and polls counted apart. */
  readonly connections: number
  readonly execs: number
  /** Why a reboot is still due at the end; '' where none is. */
  readonly rebootPending: string
}

/** The run plans what hosts were once, and reaches none; when they were looked at first and last (ISO 8601). */
export interface SnapshotsUsed {
  readonly folder: string
  readonly from: string
  readonly to: string
}

/** What a run says while it runs. Reports render these and nothing else; JSON output is one of them a line. */
export type RunEvent =
  | {
      readonly event: 'run'
      readonly playbook: string
      readonly check: boolean
      readonly hosts: readonly string[]
      readonly snapshots?: SnapshotsUsed
    }
  | { readonly event: 'play'; readonly play: string; readonly hosts: readonly string[] }
  /** A batch of a play with `serial` begins; `number` counts from 1. */
  | {
      readonly event: 'batch'
      readonly play: string
      readonly number: number
      readonly of: number
      readonly hosts: readonly string[]
    }
  | { readonly event: 'phase'; readonly host: string; readonly phase: Phase; readonly detail?: string }
  /** The last line a long step printed; `step` names it, e.g. `update-initramfs -u -k all`. */
  | { readonly event: 'output'; readonly host: string; readonly step: string; readonly line: string }
  | {
      readonly event: 'task'
      readonly host: string
      readonly play: string
      readonly task: string
      readonly module: string
      readonly status: TaskStatus
      /** debug's may have several lines. */
      readonly why: string
      readonly hint?: string
      /** The round of a loop that this is about, by its label; the task itself is told behind its rounds. */
      readonly item?: string
      /** It failed, and ignore_errors or a failed_when lets the host go on. */
      readonly ignored?: true
      /** What was run for it: for -v, and where it failed. */
      readonly ran?: Ran
    }
  /** One thing that a task found out about the host; follows the task. */
  | ({
      readonly event: 'finding'
      readonly host: string
      readonly play: string
      readonly task: string
    } & Finding)
  /** What boots the host, and what says so; `initramfs`: what makes its images. Before the first change to it. */
  | {
      readonly event: 'boots'
      readonly host: string
      readonly bootloader: string
      readonly evidence: string
      readonly initramfs?: string
    }
  /** A file that is written (`after` undefined: removed). Only emitted where --diff asks for it. */
  | {
      readonly event: 'diff'
      readonly host: string
      readonly path: string
      readonly before: Bytes | undefined
      readonly after: Bytes | undefined
    }
  /** A command that is run, or in a dry run would be. */
  | {
      readonly event: 'command'
      readonly host: string
      readonly argv: Argv
      readonly reason: string
      readonly check: boolean
    }
  /** A device that moves to another driver now, or in a dry run would; `from` '' is none, `to` '' the kernel's choice. */
  | {
      readonly event: 'bind'
      readonly host: string
      readonly address: string
      readonly id: string
      readonly from: string
      readonly to: string
      readonly check: boolean
    }
  /** How the plan's picture of the host did against the host: after the apply, and after the boot. */
  | ({ readonly event: 'prediction'; readonly host: string; readonly after: 'apply' | 'boot' } & Comparison)
  | { readonly event: 'warning'; readonly host?: string; readonly why: string }
  /** The host takes no further part. */
  | {
      readonly event: 'host_failed'
      readonly host: string
      readonly status: 'failed' | 'unreachable' | 'locked'
      readonly why: string
      readonly hint?: string
      readonly output?: readonly string[]
      /** The command that failed, where one did. */
      readonly ran?: Ran
    }
  /** Taken out of the play without a fault of its own: max_fail_percentage, any_errors_fatal, meta: end_host. */
  | { readonly event: 'host_stopped'; readonly host: string; readonly why: string }
  /** A block has failed on a host and its rescue begins. */
  | { readonly event: 'rescue'; readonly host: string; readonly block: string; readonly why: string }
  | {
      readonly event: 'recap'
      readonly hosts: Readonly<Record<string, HostCounts>>
      readonly exitCode: number
    }

export interface Report {
  onEvent(event: RunEvent): void
  /** Resolves once everything is on the screen. */
  close(): Promise<void>
}
