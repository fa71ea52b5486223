import type { Case } from '../case.ts'
import { batches } from './batches.ts'
import { blocks } from './blocks.ts'
import { handlers } from './handlers.ts'
import { iterations } from './iterations.ts'
import { layers } from './layers.ts'
import { loops } from './loops.ts'
import { notifications } from './notifications.ts'
import { outcomes } from './outcomes.ts'
import { patterns } from './patterns.ts'
import { results } from './results.ts'
import { serial } from './serial.ts'
import { tagWords } from './tag_words.ts'
import { tags } from './tags.ts'
import { variables } from './variables.ts'

/** What is run through Ansible and through vfio-run, by subject. */
export const CASES: Readonly<Record<string, readonly Case[]>> = {
  patterns,
  variables: [...variables, ...layers],
  handlers: [...handlers, ...notifications],
  tags: [...tags, ...tagWords],
  serial: [...serial, ...batches],
  loops: [...loops, ...iterations],
  blocks,
  results: [...results, ...outcomes],
}
