import type { Layer } from './playbook/variables.ts'
import type { Scope, Value } from './template/template.ts'

/** What tasks have given a host while the run goes on. */
export interface HostVariables {
  /** Of include_vars, in order; under what is set. */
  readonly included: readonly Layer[]
  /** Of set_fact and register: data, never templated again. */
  readonly set: Scope
}

const NONE: HostVariables = { included: [], set: {} }

/** The variables that come into being during a run, by host. */
export class LiveVariables {
  /** Of all hosts: another number, other variables. */
  version = 0
  readonly #hosts: Map<string, HostVariables>
  readonly #facts: Map<string, () => Scope | undefined>

  constructor(
    hosts: ReadonlyMap<string, HostVariables> = new Map(),
    facts: Map<string, () => Scope | undefined> = new Map(),
  ) {
    this.#hosts = new Map(hosts)
    this.#facts = facts
  }

  /** What other hosts read of this one's facts; `facts` is undefined until it was looked at. */
  observe(host: string, facts: () => Scope | undefined): void {
    this.#facts.set(host, facts)
  }

  factsOf(host: string): Scope | undefined {
    return this.#facts.get(host)?.()
  }

  of(host: string): HostVariables {
    return this.#hosts.get(host) ?? NONE
  }

  set(host: string, values: Scope): void {
    const { included, set } = this.of(host)
    this.version++
    this.#hosts.set(host, { included, set: { ...set, ...values } })
  }

  include(host: string, layer: Layer): void {
    const { included, set } = this.of(host)
    this.version++
    this.#hosts.set(host, { included: [...included, layer], set })
  }

  /** For a rehearsal: what it sets is gone with it. */
  copy(): LiveVariables {
    return new LiveVariables(this.#hosts, this.#facts)
  }
}

/** Thrown where an expression reads what a dry run cannot know. */
export class UnknownYet extends Error {
  override readonly name = 'UnknownYet'
  readonly why: string

  constructor(why: string) {
    super(why)
    this.why = why
  }
}

/** A result of which a dry run knows some fields: reading another throws UnknownYet. */
export function partlyUnknown(known: Readonly<Record<string, Value>>, why: string): Value {
  const isKnown = (key: string | symbol): boolean => typeof key === 'symbol' || Object.hasOwn(known, key)
  const refuse = (): never => {
    throw new UnknownYet(why)
  }
  return new Proxy(known, {
    get: (target, key, receiver) => (isKnown(key) ? Reflect.get(target, key, receiver) : refuse()),
    has: (_, key) => isKnown(key) || refuse(),
    getOwnPropertyDescriptor: (target, key) =>
      isKnown(key) ? Reflect.getOwnPropertyDescriptor(target, key) : refuse(),
    ownKeys: refuse,
  })
}
