import { dirname } from 'node:path'
import type { Module } from '../modules/define.ts'
import type { Action } from './actions/action.ts'
import { actions } from './actions/index.ts'
import { bareInventory, readInventories } from './inventory/inventory.ts'
import type { ConnectionDefaults } from './inventory/target.ts'
import { bindPlay } from './playbook/bind_play.ts'
import { readExtraVars } from './playbook/extra_vars.ts'
import type { BecomeOptions } from './playbook/identity.ts'
import { joinPlays } from './playbook/join_plays.ts'
import { checkPlays } from './playbook/play_checks.ts'
import { type PlaySource, readPlaybook } from './playbook/playbook.ts'
import { Problems } from './playbook/problems.ts'
import { type Ask, answersTo } from './playbook/prompts.ts'
import { startAt } from './playbook/start_at.ts'
import { chosenSteps, unknownTags } from './playbook/tags.ts'
import type { Layer } from './playbook/variables.ts'
import type { Run } from './run_types.ts'
import type { VaultSecrets } from './yaml/vault.ts'

export interface LoadOptions extends BecomeOptions, ConnectionDefaults {
  readonly playbook: string
  /** Files, in the order of their -i. */
  readonly inventories: readonly string[]
  /** Whose hosts there are where no inventory is named. */
  readonly snapshots?: { readonly folder: string; readonly hosts: readonly string[] } | undefined
  readonly limit: string | undefined
  /** Texts of -e: `name=value …`, `{…}` in JSON or YAML, `@file`. */
  readonly extraVars: readonly string[]
  /** --tags and --skip-tags, at the commas; none: all tasks that are not tagged `never`. */
  readonly tags?: readonly string[] | undefined
  readonly skipTags?: readonly string[] | undefined
  /** --start-at-task: a name or a glob; what stands before it is left out. */
  readonly startAtTask?: string | undefined
  /** --force-handlers */
  readonly forceHandlers?: boolean | undefined
  /** What opens values and files that ansible-vault has closed; asked for when the first is met. */
  readonly vault?: VaultSecrets | undefined
  /** --check: what ansible_check_mode says. */
  readonly check?: boolean | undefined
  /** --diff: what ansible_diff_mode says. */
  readonly diff?: boolean | undefined
  readonly modules: ReadonlyMap<string, Module>
  /** By default those of actions/index.ts. */
  readonly actions?: ReadonlyMap<string, Action> | undefined
  /** For vars_prompt; answers undefined where nobody can. Without it nothing is asked, as for a list of tasks. */
  readonly ask?: Ask | undefined
}

/**
 * Reads a playbook and its inventories, joins them and checks all that can be known before the first connection.
 * Throws UserError, or UserErrors: every mistake that was found, each with its place.
 */
export async function loadRun(options: LoadOptions): Promise<Run> {
  const problems = new Problems(options)
  const { snapshots, modules } = options
  const inventory =
    options.inventories.length === 0 && snapshots !== undefined
      ? bareInventory(snapshots.hosts, snapshots.folder, problems)
      : readInventories(options.inventories, problems)
  const extraVars = readExtraVars(options.extraVars, problems)
  const inventoryMistakes = problems.count
  const words = { modules, actions: options.actions ?? actions }
  const written = readPlaybook(options.playbook, words, extraVars, problems)
  // With a broken inventory every name of the playbook would seem to be wrong.
  if (inventoryMistakes > 0) problems.throwIfAny()
  const answers = await answersOf(written, extraVars, options, problems)
  const playbookMistakes = problems.count
  const plays = chosenPlays(written, options, problems)
  const joined = joinPlays(plays, inventory, extraVars, answers, options, problems)
  if (problems.count > playbookMistakes) problems.throwIfAny()
  checkPlays(joined, written, dirname(options.playbook), problems)
  const bound = joined.map(play => bindPlay(play, options))
  problems.throwIfAny()
  const targets = joined[0]?.base.targets ?? new Map()
  const warnings = unknownTags(written, [...(options.tags ?? []), ...(options.skipTags ?? [])])
  return { playbook: options.playbook, plays: bound, targets, secrets: problems.secrets, warnings }
}

/** Nobody is asked in vain: what is wrong by then is told first. By the place of the play, which tags change. */
async function answersOf(
  plays: readonly PlaySource[],
  extraVars: readonly Layer[],
  { ask }: LoadOptions,
  problems: Problems,
): Promise<ReadonlyMap<PlaySource['prompts'], Layer>> {
  const answers = new Map<PlaySource['prompts'], Layer>()
  for (const { prompts } of plays) {
    if (prompts.length === 0) continue
    if (ask !== undefined) problems.throwIfAny()
    answers.set(prompts, await answersTo(prompts, extraVars, ask))
  }
  return answers
}

/** What --tags, --skip-tags and --start-at-task leave. */
function chosenPlays(
  plays: readonly PlaySource[],
  { tags = [], skipTags = [], startAtTask }: LoadOptions,
  problems: Problems,
): readonly PlaySource[] {
  const choice = { only: tags.length === 0 ? ['all'] : tags, skip: skipTags }
  const chosen = plays.map(play => ({ ...play, steps: chosenSteps(play.steps, choice) }))
  return startAtTask === undefined ? chosen : (problems.attempt(() => startAt(chosen, startAtTask)) ?? chosen)
}
