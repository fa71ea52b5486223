import type { MachineDescription } from '../description.ts'
import { solus } from '../distributions/solus.ts'
import { guide } from './guide.ts'

/** The guide's machine as its author ran it: Solus with Goofiboot and dracut, and his kernel with the override patch. */
export const guideSolus: MachineDescription = {
  ...guide,
  hostname: 'z170-a',
  distribution: solus,
  kernels: guide.kernels.slice(0, 1),
}
