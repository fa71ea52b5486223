import type { z } from 'zod'
import type { ArtifactKind } from '../backends/artifact.ts'
import type { Change } from '../host/change.ts'
import type { Extra, Requests } from '../host/gather.ts'
import type { Host } from '../host/host.ts'
import type { Refusal } from '../refusal.ts'
import type { Finding } from '../verdict/finding.ts'

/** What a module answers. Each says why: a no-op without a reason teaches nobody anything. */
export type Outcome = Answer & {
  /** Told below the task, a line or three each. */
  readonly findings?: readonly Finding[]
}

type Answer =
  | { readonly kind: 'converged'; readonly why: string }
  /** The wanted state is on disk, and what is generated from it is stale. */
  | {
      readonly kind: 'pending'
      readonly why: string
      readonly needs: 'rebuild'
      readonly rebuild: readonly ArtifactKind[]
    }
  /** The wanted state is on disk but not in effect; `brings`: what the reboot is for, in a few words. */
  | { readonly kind: 'pending'; readonly why: string; readonly needs: 'reboot'; readonly brings: string }
  | {
      readonly kind: 'change'
      readonly why: string
      readonly changes: readonly Change[]
      readonly rebuild?: readonly ArtifactKind[]
    }
  /** Cannot be told before the machine has booted. */
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'blocked'; readonly why: string; readonly hint: string }

export type ModuleArgs = z.ZodObject

/** A word of the playbook's vocabulary: one file, named as its YAML key. */
export interface Module<Args extends ModuleArgs = ModuleArgs> {
  readonly name: string
  /** One sentence, imperative, no full stop. */
  readonly summary: string
  /** Markdown paragraphs for the generated documentation. */
  readonly description: string
  readonly args: Args
  /** What must be looked at for it beyond the standing facts, as it takes time on the host. */
  readonly observes?: readonly Extra[]
  /** The same, of what its arguments name. */
  looksAt?(args: z.output<Args>): Requests
  /** `src` names a file beside the playbook, read by the loader: its text arrives as `content`, rendered or as it is. */
  readonly source?: 'file' | 'template'
  /** A task as it stands in a playbook. */
  readonly example: string
  /** Pure: what would have to change on this host. */
  plan(host: Host, args: z.output<Args>): Outcome
}

export const defineModule = <Args extends ModuleArgs>(module: Module<Args>): Module<Args> => module

export const converged = (why: string): Outcome => ({ kind: 'converged', why })
/** Foreseen by the boot model; the machine has the last word. */
export const untilBoot = (why: string): Outcome => ({
  kind: 'unknown',
  why: `foreseen, and shown by the next boot: ${why}`,
})

export const blocked = (why: string, hint: string): Outcome => ({ kind: 'blocked', why, hint })

/** A refusal as an outcome: what only the next boot can tell is foreseen as unknown. */
export const refused = ({ why, hint, until }: Refusal): Outcome =>
  until === 'boot' ? { kind: 'unknown', why } : blocked(why, hint)

export const rebuildsOf = (outcome: Outcome): readonly ArtifactKind[] =>
  'rebuild' in outcome ? (outcome.rebuild ?? []) : []
