import type { GrubMachine } from '../description.ts'
import { guide } from './guide.ts'

/** The guide's machine with VT-d switched off in the firmware's setup: no DMAR table, and no argument helps. */
export const noIommu: GrubMachine = {
  ...guide,
  hostname: 'z170-vtd-off',
  firmware: { ...guide.firmware, tables: [] },
  iommuLog: { table: [], starting: [], ready: [] },
}
