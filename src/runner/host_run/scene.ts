import type { Play } from '../run_types.ts'
import type { Narrator } from './narrator.ts'
import type { Segment } from './segment.ts'
import type { HostPlayOptions, HostState } from './state.ts'

/** One play on one host: what the parts of its run share. */
export interface Scene {
  readonly state: HostState
  readonly play: Play
  readonly options: HostPlayOptions
  readonly tell: Narrator
  readonly segment: Segment
}
