import { type Remark, reworded } from './remark.ts'
import { unnamed } from './unnamed.ts'

/** A remark and the hosts that it is true of, in the play's order. */
export interface Said {
  readonly remark: Remark
  readonly hosts: readonly string[]
  /** Milliseconds, of the quickest and the slowest host. */
  readonly took: { readonly least: number; readonly most: number } | undefined
}

/** What one host says, not folded with anything. */
export const alone = (remark: Remark): Said => saidBy([remark], remark)

/** Equal for what becomes one remark. */
export const sameness = (remark: Remark): string => keyOf(withoutName(remark))

/**
 * Puts together what many hosts say, each in its own order and at its own pace, so that equal remarks become one.
 * What every host has come to can be taken; it comes out in an order that is every host's own.
 */
export class Fold {
  readonly #slots: Slot[] = []
  /** The last thing that each host has said; taken ones are no longer in the slots. */
  readonly #places = new Map<string, Slot>()
  readonly #order = new Map<string, number>()
  readonly #waitedFor = new Set<string>()

  /** These hosts are waited for from now on. */
  begin(hosts: readonly string[]): void {
    this.#waitedFor.clear()
    this.#places.clear()
    for (const host of hosts) {
      this.#order.set(host, this.#order.size)
      this.#waitedFor.add(host)
    }
  }

  /** `isShown`: it has been told already, and only says where the host is. */
  add(remark: Remark, isShown = false): void {
    const slot = this.#slotFor(remark)
    this.#places.set(remark.host, slot)
    if (isShown) return
    const key = keyOf(remark)
    const same = slot.said.get(key)
    if (same === undefined) slot.said.set(key, [remark])
    else same.push(remark)
  }

  /** It has nothing more to say. */
  leave(host: string): void {
    this.#waitedFor.delete(host)
  }

  /** What every host that is waited for has come to. */
  takePassed(): readonly Said[] {
    const taken: Said[] = []
    while (this.#slots.length > 0 && this.#isFirstPassed()) taken.push(...this.#take(1))
    return taken
  }

  takeAll(): readonly Said[] {
    return this.#take(this.#slots.length)
  }

  #take(count: number): readonly Said[] {
    return this.#slots.splice(0, count).flatMap(slot => {
      slot.isTaken = true
      return this.#saidIn(slot)
    })
  }

  /** Something has been said that cannot be taken yet. */
  get isHolding(): boolean {
    return this.#slots.some(({ said }) => said.size > 0)
  }

  /** A host that is in any slot has come to the first, or past it. */
  #isFirstPassed(): boolean {
    for (const host of this.#waitedFor) {
      const place = this.#places.get(host)
      if (place === undefined || place.isTaken) return false
    }
    return true
  }

  /**
   * Ahead of the host on its own way. A milestone may be far ahead, other hosts have told what this one skips;
   * anything else belongs to the place between two milestones where it is said.
   */
  #slotFor({ host, subject, isMilestone }: Remark): Slot {
    const place = this.#places.get(host)
    const next = place === undefined ? 0 : this.#slots.indexOf(place) + 1
    const ahead = this.#slots.slice(next)
    const milestone = ahead.findIndex(slot => slot.isMilestone)
    const here = milestone === -1 ? ahead.length : milestone
    const same = (isMilestone ? ahead : ahead.slice(0, here)).find(
      slot => slot.subject === subject && slot.isMilestone === isMilestone,
    )
    if (same !== undefined) return same
    const slot: Slot = { subject, isMilestone, isTaken: false, said: new Map() }
    this.#slots.splice(next + here, 0, slot)
    return slot
  }

  #saidIn({ said }: Slot): readonly Said[] {
    const sorted = [...said.values()].map(remarks => remarks.toSorted((a, b) => this.#compare(a, b)))
    return foldedByName(sorted)
      .toSorted(([a], [b]) => (a === undefined || b === undefined ? 0 : this.#compare(a, b)))
      .map(remarks => saidBy(remarks, remarks[0]))
  }

  #compare(a: Remark, b: Remark): number {
    const { size } = this.#order
    return (this.#order.get(a.host) ?? size) - (this.#order.get(b.host) ?? size)
  }
}

interface Slot {
  readonly subject: string
  readonly isMilestone: boolean
  isTaken: boolean
  /** By what is said, word for word. */
  readonly said: Map<string, Remark[]>
}

const keyOf = (remark: Remark): string => JSON.stringify({ ...remark, host: '', took: undefined })

/** What only one host says may differ from what another says by nothing but the host's own name. */
function foldedByName(groups: readonly (readonly Remark[])[]): readonly (readonly Remark[])[] {
  const merged = Map.groupBy(groups, (remarks, index) => {
    const [only] = remarks
    return remarks.length > 1 || only === undefined ? String(index) : sameness(only)
  })
  return [...merged.values()].map(each => each.flat())
}

function saidBy(remarks: readonly Remark[], first: Remark | undefined): Said {
  if (first === undefined) throw new Error('nothing was said')
  const times = remarks.flatMap(remark =>
    remark.kind === 'statement' && remark.took !== undefined ? [remark.took] : [],
  )
  const isSame = remarks.every(remark => keyOf(remark) === keyOf(first))
  return {
    remark: isSame ? first : withoutName(first),
    hosts: remarks.map(({ host }) => host),
    took: times.length === 0 ? undefined : { least: Math.min(...times), most: Math.max(...times) },
  }
}

function withoutName(remark: Remark): Remark {
  const isUnreachable = remark.kind === 'statement' && remark.word === 'unreachable'
  return reworded(remark, text => unnamed(text, remark.host, isUnreachable))
}
