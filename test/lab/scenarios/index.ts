import type { Scenario } from '../lab.ts'
import { giveBack } from './give_back.ts'
import { main } from './main.ts'
import { most } from './most.ts'
import { noIommu } from './no_iommu.ts'
import { refusals } from './refusals.ts'

export const SCENARIOS: readonly Scenario[] = [main, most, giveBack, refusals, noIommu]
