import type { Extra } from '../host/gather.ts'
import type { Scope } from './template/template.ts'

/** An expression reads a fact, and the host has not been looked at: look, then evaluate it again. */
export class FactsNeeded extends Error {
  override readonly name = 'FactsNeeded'
  /** What that look has to look for, beside what every look does. */
  readonly extras: readonly Extra[]

  constructor(extras: readonly Extra[] = []) {
    super()
    this.extras = extras
  }
}

const needed = (_: unknown, name?: string | symbol): never => {
  throw new FactsNeeded(name === 'fqdn' || name === 'domain' ? ['fqdn'] : [])
}

/** The facts of a host that nobody has looked at yet: reading any of them throws FactsNeeded. */
export const FACTS_ON_DEMAND: Scope = new Proxy<Record<string, never>>(
  {},
  { get: needed, has: needed, ownKeys: needed, getOwnPropertyDescriptor: needed },
)
