import { z } from 'zod'
import { resolveDevices } from '../host/devices.ts'
import { isRefusal } from '../refusal.ts'
import { firstFailure, STAGES, type Verdict } from '../verdict/finding.ts'
import { isDriven } from '../verdict/iommu.ts'
import { verdictOf } from '../verdict/ladder.ts'
import { devices } from './arguments.ts'
import { converged, defineModule, refused, untilBoot } from './define.ts'
import { failedAt, stageOf, withFindings } from './verdict_outcome.ts'

export const verify_groups = defineModule({
  name: 'verify_groups',
  summary: 'Prove that the groups of the chosen devices hold nothing else that matters',
  description: `The IOMMU group is what is given to a guest. Every device in it must be chosen too, or have no driver, or
one that does no DMA for the host: pcieport, pci-stub, a vfio driver. Otherwise QEMU refuses the group as not viable.
Devices that the firmware insists on memory for (\`direct\` in reserved_regions) go to no guest either.

Where there are no groups at all the stage that is to blame is named: firmware, kernel or command line.`,
  args: z.strictObject({ devices }),
  example: `- name: Prove that the devices are isolated
  verify_groups:
    devices: ["10de:13c2", "10de:0fbb"]`,
  plan(host, { devices }) {
    const chosen = resolveDevices(host, devices)
    if (isRefusal(chosen)) return refused(chosen)
    const verdict = upToGroups(verdictOf(host, chosen))
    const groups = stageOf(verdict, 'groups')
    if (groups.is === 'unknown') return { kind: 'unknown', why: groups.why }
    if (groups.is === 'failed') {
      const cause = !isDriven(host) ? firstFailure(verdict) : undefined
      return failedAt(cause ?? groups.finding, verdict)
    }
    const isForeseen = chosen.some(device => device.group.is === 'predicted')
    return withFindings((isForeseen ? untilBoot : converged)(groups.says), verdict.findings)
  },
})

/** Groups that are as they must be are proof enough, whatever is wrong with the stages before. */
const upToGroups = ({ stages, findings }: Verdict): Verdict => ({
  stages: stages.filter(({ stage }) => STAGES.indexOf(stage) <= STAGES.indexOf('groups')),
  findings: findings.filter(({ stage }) => stage === 'groups'),
})
