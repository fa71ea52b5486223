import { type Change, editsOf, formerlyOf } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import type { Plan } from './plan.ts'

/**
 * The plan that brings back what a plan has found: every file byte for byte, programs' own undoing first, and what is
 * generated made anew from that. `seen`: the host after the apply. Devices go back to the drivers they were on. The
 * rebuilds keep their fingerprints: they were tried for this configuration, and did not help.
 */
export function undoPlan(plan: Plan, seen: Host): Plan {
  const undoing = plan.changes
    .filter(isNoLaterBind)
    .toReversed()
    .flatMap(change => (change.kind === 'bind' ? bindBack(change, seen) : (programUndo(change) ?? [])))
  return {
    outcomes: [],
    changes: [...undoing, ...filesBack(plan.changes, seen)],
    rebuilds: plan.rebuilds,
    keeps: plan.keeps,
    restoredBy: plan.restoredBy,
    predicted: seen,
  }
}

/** The first one of a device says where it was. */
const isNoLaterBind = (change: Change, n: number, changes: readonly Change[]): boolean =>
  change.kind !== 'bind' ||
  changes.findIndex(one => one.kind === 'bind' && one.address === change.address) === n

const programUndo = (change: Change): Change | undefined =>
  change.kind === 'run' && change.undo !== undefined
    ? { kind: 'run', argv: change.undo, reason: 'undo', edits: [] }
    : undefined

/** With an override while it is bound, as other drivers may want it, too; then with none, as it was. */
function bindBack(change: Extract<Change, { kind: 'bind' }>, seen: Host): Change[] {
  const device = seen.devices.find(({ address }) => address === change.address)
  const from = device && ifKnown(device.driver)
  if (from === undefined || from === change.from) return []
  return [{ ...change, from, to: change.from, override: '' }]
}

function filesBack(changes: readonly Change[], seen: Host): Change[] {
  const originals = Map.groupBy(changes.flatMap(editsOf), ({ path }) => path)
  return [...originals].flatMap(([path, edits]): Change[] => {
    const before = seen.files[path]?.bytes
    const after = edits[0]?.before
    const { formerly } = formerlyOf(edits)
    if (before === after && formerly === undefined) return []
    if (after !== undefined) return [{ kind: 'write', path, before, after, ...formerly }]
    return before === undefined ? [] : [{ kind: 'remove', path, before }]
  })
}
