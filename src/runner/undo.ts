import { type Change, editsOf } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import type { Plan } from './plan.ts'

/**
 * The plan that brings back what a plan has found: every file byte for byte, programs' own undoing first, and what is
 * generated made anew from that. `seen`: the host after the apply. The rebuilds keep their fingerprints: they were
 * tried for this configuration, and did not help.
 */
export function undoPlan(plan: Plan, seen: Host): Plan {
  const undoing = plan.changes.toReversed().flatMap(change => programUndo(change) ?? [])
  return {
    outcomes: [],
    changes: [...undoing, ...filesBack(plan.changes, seen)],
    rebuilds: plan.rebuilds,
    keeps: plan.keeps,
    restoredBy: plan.restoredBy,
    predicted: seen,
  }
}

const programUndo = (change: Change): Change | undefined =>
  change.kind === 'run' && change.undo !== undefined
    ? { kind: 'run', argv: change.undo, reason: 'undo', edits: [] }
    : undefined

function filesBack(changes: readonly Change[], seen: Host): Change[] {
  const originals = Map.groupBy(changes.flatMap(editsOf), ({ path }) => path)
  return [...originals].flatMap(([path, edits]): Change[] => {
    const before = seen.files[path]?.bytes
    const after = edits[0]?.before
    if (before === after) return []
    if (after !== undefined) return [{ kind: 'write', path, before, after }]
    return before === undefined ? [] : [{ kind: 'remove', path, before }]
  })
}
