import { isEqual } from './compare.ts'
import { Problem } from './problem.ts'
import { type GivenItems, type Item, isList, type List, Missing, TemplateObject } from './values.ts'

/** `loop` in a loop's body (jinja2/runtime.py, LoopContext). */
export class LoopState extends TemplateObject {
  readonly label = 'loop'
  readonly #items: List
  readonly #depth: number
  readonly #again: ((items: Item, depth: number) => string) | undefined
  #last: Item | undefined
  #at = 0

  /** `again` renders the loop over other items: of loops that are recursive. */
  constructor(items: List, depth: number, again?: (items: Item, depth: number) => string) {
    super()
    this.#items = items
    this.#depth = depth
    this.#again = again
  }

  moveTo(at: number): void {
    this.#at = at
  }

  override member(name: string): Item | undefined {
    const [at, { length }] = [this.#at, this.#items]
    const fields: Readonly<Record<string, () => Item>> = {
      index: () => at + 1,
      index0: () => at,
      revindex: () => length - at,
      revindex0: () => length - at - 1,
      first: () => at === 0,
      last: () => at === length - 1,
      length: () => length,
      depth: () => this.#depth + 1,
      depth0: () => this.#depth,
      previtem: () => this.#items[at - 1] ?? new Missing('there is no item before the first'),
      nextitem: () => this.#items[at + 1] ?? new Missing('there is no item after the last'),
      cycle: () => new Callable('loop.cycle', given => pick(given.positional, at, 'loop.cycle')),
      changed: () => new Callable('loop.changed', given => this.#isNew([...given.positional])),
    }
    return Object.hasOwn(fields, name) ? fields[name]?.() : undefined
  }

  override call({ positional }: GivenItems): Item {
    if (!this.#again)
      throw new Problem('this loop is not recursive', 'write {% for … in … recursive %} to call it')
    return this.#again(positional[0] ?? new Missing('loop() needs a list'), this.#depth + 1)
  }

  #isNew(values: List): boolean {
    const same = this.#last !== undefined && isEqual(this.#last, values)
    this.#last = values
    return !same
  }
}

/** `namespace()`: what a loop's body sets on it stays. */
export class Namespace extends TemplateObject {
  readonly label = 'a namespace'
  readonly #fields: Map<string, Item>

  constructor(fields: Iterable<readonly [string, Item]>) {
    super()
    this.#fields = new Map(fields)
  }

  override member(name: string): Item | undefined {
    return this.#fields.get(name)
  }

  set(name: string, value: Item): void {
    this.#fields.set(name, value)
  }
}

/** Something that can be called. */
export class Callable extends TemplateObject {
  readonly label: string
  readonly #run: (given: GivenItems) => Item

  constructor(label: string, run: (given: GivenItems) => Item) {
    super()
    this.label = label
    this.#run = run
  }

  override call(given: GivenItems): Item {
    return this.#run(given)
  }
}

/** A macro, as it can also be asked for its name. */
export class MacroObject extends Callable {
  readonly #name: string

  constructor(name: string, run: (given: GivenItems) => Item) {
    super(`the macro "${name}"`, run)
    this.#name = name
  }

  override member(name: string): Item | undefined {
    return name === 'name' ? this.#name : undefined
  }
}

export class Cycler extends TemplateObject {
  readonly label = 'a cycler'
  readonly #items: List
  #at = 0

  constructor(items: List) {
    super()
    this.#items = items
  }

  override member(name: string): Item | undefined {
    const fields: Readonly<Record<string, () => Item>> = {
      current: () => pick(this.#items, this.#at, 'cycler'),
      next: () => new Callable('next', () => this.#next()),
      reset: () => new Callable('reset', () => this.#reset()),
    }
    return Object.hasOwn(fields, name) ? fields[name]?.() : undefined
  }

  #next(): Item {
    const item = pick(this.#items, this.#at, 'cycler')
    this.#at += 1
    return item
  }

  #reset(): Item {
    this.#at = 0
    return null
  }
}

/** Nothing at its first call, its separator at every other. */
export function joiner(separator: Item): Callable {
  let isUsed = false
  return new Callable('a joiner', () => {
    const answer = isUsed ? separator : ''
    isUsed = true
    return answer
  })
}

/** Names of what can be called on these objects; any other method is one of a value. */
export const OBJECT_METHODS: readonly string[] = ['cycle', 'changed', 'next', 'reset']

function pick(items: List, at: number, what: string): Item {
  if (!isList(items) || items.length === 0) throw new Problem(`${what} needs at least one value`)
  return items[at % items.length] ?? null
}
