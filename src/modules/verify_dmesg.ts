import { z } from 'zod'
import type { Host } from '../host/host.ts'
import { isRemapping } from '../verdict/interrupts.ts'
import { verdictOf } from '../verdict/ladder.ts'
import { type KernelMessages, readMessages } from '../verdict/messages.ts'
import { converged, defineModule, untilBoot } from './define.ts'
import { failedAt, failureIn, stageOf, withFindings } from './verdict_outcome.ts'

export const verify_dmesg = defineModule({
  name: 'verify_dmesg',
  summary: 'Prove that the IOMMU is on, and explain it with the kernel messages',
  description: `Climbs the first stages of the verdict: the firmware offers an IOMMU, every installed kernel has what
it takes, the command line does not stand in the way, and there are groups. The first stage that fails is named, with
its evidence and what to do.

sysfs decides: the firmware's table, the IOMMU units in /sys/class/iommu, the groups. The messages explain the verdict
and never make it: \`DMAR: IOMMU enabled\` only says that the argument was read, also on machines without VT-d, and
\`AMD-Vi:\` lines appear on Intel machines. Where the first messages of this boot are gone it says so; what is missing
from such a log proves nothing.

It also tells of interrupt remapping and of the default domain, and warns of faults and of firmware that is broken.`,
  args: z.strictObject({}),
  example: `- name: Prove that the IOMMU is on
  verify_dmesg:`,
  plan(host) {
    const verdict = verdictOf(host, [])
    const failure = failureIn(verdict, ['firmware', 'kernel', 'command line', 'groups'])
    if (failure !== undefined) return failedAt(failure, verdict)
    const groups = stageOf(verdict, 'groups')
    if (groups.is !== 'passed') return { kind: 'unknown', why: groups.is === 'unknown' ? groups.why : '' }
    if (host.log.is === 'unknown') return untilBoot(groups.says)
    const messages = readMessages(host.log.value)
    const says = [groups.says, saying(messages), ...remapping(host, messages), ...domain(messages)].join('; ')
    return withFindings(converged(says), verdict.findings)
  },
})

function saying({ iommu, truncated }: KernelMessages): string {
  if (iommu.is === 'set up') return `the kernel says "${iommu.line}"`
  return truncated
    ? 'the log of this boot is truncated, and says nothing of it'
    : 'the kernel log has no message about it'
}

/** What is so comes from /proc/interrupts where that tells; the mode only from the messages. */
function remapping(host: Host, { interruptRemapping: told }: KernelMessages): string[] {
  const isOn = isRemapping(host, told)
  if (isOn === undefined) return []
  const mode = told.is === 'on' && told.mode !== undefined ? ` (${told.mode})` : ''
  return [isOn ? `interrupt remapping is on${mode}` : 'interrupt remapping is off']
}

const domain = ({ defaultDomain }: KernelMessages): string[] =>
  defaultDomain === undefined ? [] : [`default domain ${defaultDomain.value}`]
