import { ARTIFACT_KINDS, type Artifact, type ArtifactKind } from '../backends/artifact.ts'
import { findBootloader, followImages } from '../backends/bootloaders/index.ts'
import { findInitramfs } from '../backends/initramfs/index.ts'
import { bytesFromText } from '../host/bytes.ts'
import { type Argv, applyChanges, attributesOf, type Change, editsOf, pathsOf } from '../host/change.ts'
import { sha256 } from '../host/digest.ts'
import { isStanding } from '../host/facts/files.ts'
import type { File, Host } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import { readOnlyMountOf } from '../host/mounts.ts'
import { blocked, type Module, type Outcome, rebuildsOf } from '../modules/define.ts'
import { isRefusal } from '../refusal.ts'

/** A task with its arguments rendered and validated. */
export interface PlannedCall {
  readonly module: Module
  readonly args: Record<string, unknown>
  /** Of the programs that it runs. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A generated thing that has to be made anew, and why. */
export interface Rebuild {
  readonly kind: ArtifactKind
  readonly title: string
  /** Programs to run, in order; none where an earlier rebuild of the plan runs them for this one, too. */
  readonly commands: readonly Argv[]
  readonly reason: string
  /** Of the reason and of all files: the same again means that this rebuild was made already, and did not help. */
  readonly fingerprint: string
  readonly writes: readonly string[]
}

/** What a segment does to one target: the outcomes in task order, one change a file, and the Host they predict. */
export interface Plan {
  readonly outcomes: readonly Outcome[]
  readonly changes: readonly Change[]
  readonly rebuilds: readonly Rebuild[]
  /** What hooks of the rebuilds may write besides: entries of the menu. Kept aside, too. */
  readonly keeps: readonly string[]
  /** Programs that are run where a step has failed, once the files are put back: see Artifact. */
  readonly restoredBy: readonly Argv[]
  readonly predicted: Host
}

/**
 * Each task is planned on top of what the earlier ones will have done, rebuilds they ask for included. The rebuilds
 * themselves come once, at the end, in the order of ARTIFACT_KINDS.
 */
export function planTasks(host: Host, calls: readonly PlannedCall[]): Plan {
  const observed = withChosenLoader(host, calls)
  let overlay = observed
  let changed = observed
  const outcomes: Outcome[] = []
  const changes: Change[] = []
  const asked = new Set<ArtifactKind>()
  for (const { module, args, environment = {} } of calls) {
    const outcome = withEnvironment(refuseTask(observed, args) ?? module.plan(overlay, args), environment)
    outcomes.push(outcome)
    if (outcome.kind === 'change') {
      changes.push(...outcome.changes)
      overlay = applyChanges(overlay, outcome.changes)
      changed = applyChanges(changed, outcome.changes)
    }
    for (const kind of rebuildsOf(outcome)) {
      asked.add(kind)
      overlay = artifactOf(overlay, kind)?.derive(overlay) ?? overlay
    }
  }
  const { rebuilds, predicted } = placeRebuilds(changed, asked)
  const idle = rebuilds.find(({ fingerprint }) => observed.journal.rebuilt.includes(fingerprint))
  const tried = idle === undefined ? outcomes : outcomes.map(outcome => noSecondTry(outcome, idle))
  return {
    outcomes: tried.map(outcome => refuseReadOnly(observed, outcome, rebuilds)),
    changes: squash(changes),
    rebuilds,
    keeps: rebuilds.length === 0 ? [] : Object.keys(observed.files).filter(path => ENTRIES.test(path)),
    restoredBy: distinct(
      ARTIFACT_KINDS.flatMap(kind => artifactOf(changed, kind)?.restoredBy?.(changed) ?? []),
    ),
    predicted,
  }
}

/** env(1) is POSIX; the words of a program stay words. */
function withEnvironment(outcome: Outcome, environment: Readonly<Record<string, string>>): Outcome {
  const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  if (outcome.kind !== 'change' || words.length === 0) return outcome
  const within = (argv: Argv): Argv => ['env', ...words, ...argv]
  const changes = outcome.changes.map(change =>
    change.kind === 'run'
      ? { ...change, argv: within(change.argv), ...(change.undo && { undo: within(change.undo) }) }
      : change,
  )
  return { ...outcome, changes }
}

/** kernel-install writes them anew with every image (Boot Loader Specification). */
const ENTRIES = /\/loader\/(entries\/[^/]+|loader)\.conf$/

/** `bootloader:` of one task counts for all of the host's: what is generated is placed by the planner, not by tasks. */
export function withChosenLoader(host: Host, calls: readonly PlannedCall[]): Host {
  const named = calls.map(({ args }) => args.bootloader).find(name => typeof name === 'string')
  return typeof named === 'string' ? { ...host, bootloader: named } : host
}

/** Much of what a plan stands on is only shown to root: kernel messages, boot files, images. */
function refuseTask(host: Host, args: PlannedCall['args']): Outcome | undefined {
  if (host.uid !== 0)
    return blocked(
      `this needs root, and the host was looked at as user id ${host.uid}`,
      'set become: true in the play, or -b',
    )
  if (typeof args.bootloader !== 'string' || args.bootloader === host.bootloader) return undefined
  return blocked(
    `bootloader: is ${args.bootloader} here and ${host.bootloader} in another task; a host boots by one`,
    'name the same one in all tasks, for example by a variable',
  )
}

function noSecondTry(outcome: Outcome, { kind, title, commands, reason }: Rebuild): Outcome {
  if (!rebuildsOf(outcome).includes(kind)) return outcome
  const programs = commands.map(argv => argv.join(' ')).join(' and ')
  return blocked(
    `${programs ? `${programs} was run` : `${title} was made anew`} for this already, and it did not help: ${reason}`,
    'run it by hand and read what it says; it is tried again when a configuration file has changed',
  )
}

/** The first write to such a place would fail, and all before it would have to be put back. */
function refuseReadOnly(host: Host, outcome: Outcome, rebuilds: readonly Rebuild[]): Outcome {
  const paths = [
    ...(outcome.kind === 'change' ? pathsOf(outcome.changes.filter(writesByMount)) : []),
    ...rebuilds.filter(({ kind }) => rebuildsOf(outcome).includes(kind)).flatMap(({ writes }) => writes),
  ]
  for (const path of paths) {
    const at = readOnlyMountOf(host, path)
    if (at === undefined) continue
    return blocked(
      `${path} would be written, and ${at} is mounted read-only`,
      `mount -o remount,rw ${at} — where it became read-only by itself, dmesg says why — then run again`,
    )
  }
  return outcome
}

/** rpm-ostree's daemon has mounts of its own, of which it makes those writable that it writes to. */
const writesByMount = (change: Change): boolean => change.kind !== 'run' || change.argv[0] !== 'rpm-ostree'

/** What a reboot would bring into effect, each in a few words; none when all is. */
export function rebootReasons(host: Host, calls: readonly PlannedCall[]): string[] {
  return planTasks(host, calls).outcomes.flatMap(outcome =>
    outcome.kind === 'pending' && outcome.needs === 'reboot' ? [outcome.brings] : [],
  )
}

/** Of all that decides how a host boots: while it is the same, one more reboot brings nothing new. */
export const bootFingerprint = (host: Host): string =>
  fingerprint([
    sortedFiles(host),
    Object.values(host.menus).map(ifKnown),
    Object.values(host.images).map(ifKnown),
    host.firmware.loaderEntries,
  ])

function placeRebuilds(
  host: Host,
  asked: ReadonlySet<ArtifactKind>,
): { rebuilds: Rebuild[]; predicted: Host } {
  const rebuilds: Rebuild[] = []
  let predicted = host
  for (const kind of ARTIFACT_KINDS.filter(one => asked.has(one))) {
    const artifact = artifactOf(predicted, kind)
    const reason = artifact?.isStale(predicted)
    if (artifact === undefined || reason === undefined) continue
    rebuilds.push({
      kind,
      title: artifact.title,
      commands: distinct(commandsFor(predicted, artifact)).filter(argv => !isPlanned(rebuilds, argv)),
      reason,
      fingerprint: fingerprintOf(predicted, reason),
      writes: artifact.writes(predicted),
    })
    predicted = artifact.derive(predicted)
  }
  return { rebuilds, predicted }
}

/** An image within a unified kernel image is only new once that one is made anew, too. */
function commandsFor(host: Host, artifact: Artifact): readonly Argv[] {
  const unified = artifact.kind === 'initramfs' && artifact.writes(host).some(path => /\.efi$/i.test(path))
  const around = unified ? artifactOf(host, 'menu')?.rebuild(host) : undefined
  const behind = artifact.kind === 'initramfs' ? followImages(host, artifact.writes(host)) : []
  return [...artifact.rebuild(host), ...(around ?? []), ...(isRefusal(behind) ? [] : behind)]
}

/** mkinitcpio -P makes the images and what holds them in one go; all files are written before the first rebuild. */
const isPlanned = (rebuilds: readonly Rebuild[], argv: Argv): boolean =>
  rebuilds.some(({ commands }) => commands.some(one => isSame(one, argv)))

const distinct = (argvs: readonly Argv[]): Argv[] =>
  argvs.filter((argv, n) => argvs.findIndex(one => isSame(one, argv)) === n)

const isSame = (a: Argv, b: Argv): boolean => a.join('\0') === b.join('\0')

const fingerprintOf = (host: Host, reason: string): string => fingerprint([reason, sortedFiles(host)])

/** Without those that only a task has named: they decide nothing here. */
const sortedFiles = (host: Host): [string, File][] =>
  Object.entries(host.files)
    .filter(([path]) => !(path in host.places) || isStanding(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))

const fingerprint = (value: unknown): string => sha256(bytesFromText(JSON.stringify(value)))

function artifactOf(host: Host, kind: ArtifactKind): Artifact | undefined {
  if (kind === 'menu') {
    const found = findBootloader(host)
    return isRefusal(found) ? undefined : found.loader.menu
  }
  const found = findInitramfs(host)
  return isRefusal(found) ? undefined : found.generator.images
}

/**
 * One change a file: from what was there before the first to what the last leaves; none where that is the same. A
 * program counts on what is before it, and so does a driver, so that only changes between two of them are put together.
 */
function squash(changes: readonly Change[]): Change[] {
  const at = changes.findIndex(({ kind }) => kind === 'run' || kind === 'bind')
  const [fixed] = changes.slice(at)
  if (at < 0 || fixed === undefined) return squashFiles(changes)
  return [...squashFiles(changes.slice(0, at)), fixed, ...squash(changes.slice(at + 1))]
}

function squashFiles(changes: readonly Change[]): Change[] {
  const byPath = Map.groupBy(changes.flatMap(editsOf), ({ path }) => path)
  return [...byPath.values()].flatMap((own): Change[] => {
    const [first] = own
    const last = own.at(-1)
    if (first === undefined || last === undefined) return []
    const attributes = attributesOf(own)
    if (first.before === last.after && areAsBefore(attributes)) return []
    const { path, before } = first
    if (last.after !== undefined) return [{ kind: 'write', path, before, after: last.after, ...attributes }]
    return before === undefined ? [] : [{ kind: 'remove', path, before }]
  })
}

/** What one task has set and a later one set back. */
const areAsBefore = ({ formerly, ...set }: ReturnType<typeof attributesOf>): boolean =>
  (['mode', 'owner', 'group'] as const).every(
    name => set[name] === undefined || set[name] === formerly?.[name],
  )
