import { z } from 'zod'
import { resolveDevices } from '../host/devices.ts'
import type { Host } from '../host/host.ts'
import { isDisplay } from '../host/pci.ts'
import { isRefusal } from '../refusal.ts'
import { type Finding, SEVERITIES, type Severity } from '../verdict/finding.ts'
import { hardwareFindings } from '../verdict/hardware/index.ts'
import { groupsOf, isDriven, isOffered, termsOf } from '../verdict/iommu.ts'
import { devices } from './arguments.ts'
import { blocked, converged, defineModule, untilBoot } from './define.ts'

export const check_hardware = defineModule({
  name: 'check_hardware',
  summary: 'Report what this machine brings for passthrough, and what it lacks',
  description: `Looks at the processor and its virtualisation, at what firmware offers (VT-d, AMD-Vi, interrupt
remapping), at every installed kernel that can be booted, at Secure Boot, the IOMMU groups, the PCIe links, and at each
graphics card: its reset, its BARs, the boot framebuffer, who uses it. It changes nothing, and works before anything is
set up as well as after.

Each finding is told below the task, with how much it matters: a \`problem\` keeps passthrough from working, a \`warning\`
may, or costs something, a \`note\` is worth knowing. What shows it and what to do about it stand below it; of notes, and
of what is as it must be, with \`-v\`.`,
  args: z.strictObject({
    devices: devices
      .optional()
      .describe('what is said of single devices is said of these only; chosen as in vfio_ids'),
    fail_on: z
      .enum(['problem', 'warning', 'never'])
      .default('problem')
      .describe('how much a finding must matter for the host to be left alone'),
  }),
  observes: ['acsPatch', 'pciNames'],
  example: `- name: Report what this machine brings for passthrough
  check_hardware:`,
  plan(host, { devices, fail_on }) {
    const chosen = devices && resolveDevices(host, devices)
    if (chosen !== undefined && isRefusal(chosen)) return blocked(chosen.why, chosen.hint)
    const findings = hardwareFindings(host, chosen)
    const stops = findings.find(({ severity }) => matters(severity, fail_on))
    if (stops !== undefined) return { ...blocked(stops.what, stops.next), findings }
    const isForeseen = host.bootId.is === 'unknown'
    return { ...(isForeseen ? untilBoot : converged)(summary(host, findings)), findings }
  },
})

const matters = (severity: Severity, failOn: 'problem' | 'warning' | 'never'): boolean =>
  failOn !== 'never' && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(failOn)

/** `Intel Core i7-6700K, VT-d on, 17 groups, 2 graphics cards: 1 warning, 3 notes` */
function summary(host: Host, findings: readonly Finding[]): string {
  const parts = [
    processor(host.cpu.model) || 'an unnamed processor',
    iommuState(host),
    ...(isDriven(host) ? [counted(groupsOf(host).length, 'group')] : []),
    counted(host.devices.filter(isDisplay).length, 'graphics card'),
  ]
  const told = (['problem', 'warning', 'note'] as const).flatMap(severity => {
    const count = findings.filter(finding => finding.severity === severity).length
    return count === 0 ? [] : [counted(count, severity)]
  })
  return `${parts.join(', ')}: ${told.length === 0 ? 'nothing stands in the way' : told.join(', ')}`
}

/** Without what marketing has put into it: `Intel(R) Core(TM) i7-6700K CPU @ 4.00GHz` is an Intel Core i7-6700K. */
const processor = (model: string): string =>
  model
    .replaceAll(/\((?:R|TM|r|tm)\)/g, '')
    .replace(/@.*$/, '')
    .replaceAll(/\bCPU\b/g, '')
    .replace(/\s+\d+-Core Processor$| Processor$/, '')
    .replaceAll(/\s+/g, ' ')
    .trim()

function iommuState(host: Host): string {
  const { units } = host.iommu
  if (host.cpu.vendor === 'other') return 'no IOMMU that vfio-run knows'
  const { name } = termsOf(host)
  if (units.is === 'unknown') return `${name} to be seen after the boot`
  if (isDriven(host)) return `${name} on`
  return isOffered(host) ? `${name} not on yet` : `no ${name}`
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
