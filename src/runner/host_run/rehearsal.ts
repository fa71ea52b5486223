import type { RunEvent } from '../events.ts'
import type { Company } from './company.ts'
import type { HostPlayOptions, HostState } from './state.ts'

/** A host and what a rehearsal says of it, apart from the run that follows. */
export interface Rehearsed {
  readonly state: HostState
  readonly options: HostPlayOptions
  readonly events: readonly RunEvent[]
}

/** A dry run before the real one, on a copy of all that it would change: what it sees is seen for both. */
export function rehearsalOf(state: HostState, options: HostPlayOptions): Rehearsed {
  const events: RunEvent[] = []
  return {
    state: {
      ...state,
      failed: false,
      locked: false,
      tally: { ...state.tally },
      live: state.live.copy(),
      done: [...state.done],
      foreseen: [],
    },
    options: {
      ...options,
      check: true,
      rehearsal: true,
      company: alone(options.company),
      forgive: () => {},
      // The look is a real one.
      emit: event =>
        event.event === 'phase' && event.phase === 'look' ? options.emit(event) : events.push(event),
    },
    events,
  }
}

/** Nobody waits for a host that rehearses, and nobody is stopped by it. */
const alone = (company: Company): Company => ({
  get playHosts() {
    return company.playHosts
  },
  get hosts() {
    return company.hosts
  },
  reach: () => undefined,
  gate: async () => {},
  meet: async () => {},
  depart: () => {},
  once: async (_host, _position, work) => {
    await work()
    return undefined
  },
  throttled: (_position, _limit, work) => work(),
  waiting: work => work(),
  fail: () => {},
  end: () => {},
  confirms: async () => true,
  ask: async () => undefined,
})
