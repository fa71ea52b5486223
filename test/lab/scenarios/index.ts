import type { Scenario } from '../lab.ts'
import { bootPaths } from './boot_paths.ts'
import { giveBack } from './give_back.ts'
import { most } from './most.ts'
import { noIommu } from './no_iommu.ts'
import { refusals } from './refusals.ts'

export const SCENARIOS: readonly Scenario[] = [...bootPaths, most, giveBack, refusals, noIommu]
