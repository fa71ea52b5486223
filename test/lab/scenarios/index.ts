import type { Scenario } from '../lab.ts'
import { bootPaths } from './boot_paths.ts'
import { choose } from './choose.ts'
import { giveBack } from './give_back.ts'
import { most } from './most.ts'
import { noIommu } from './no_iommu.ts'
import { passthrough } from './passthrough.ts'
import { refusals } from './refusals.ts'

export const SCENARIOS: readonly Scenario[] = [
  ...bootPaths,
  most,
  giveBack,
  choose,
  passthrough,
  refusals,
  noIommu,
]
