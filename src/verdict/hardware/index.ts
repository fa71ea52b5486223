import type { Host, PciDevice } from '../../host/host.ts'
import { type Finding, SEVERITIES } from '../finding.ts'
import { cpuFindings } from './cpu.ts'
import { deviceFindings } from './devices.ts'
import { gpuFindings } from './gpu.ts'
import { groupFindings } from './groups.ts'
import { kernelFindings } from './kernel.ts'
import { linkFindings } from './links.ts'
import { platformFindings } from './platform.ts'
import { securityFindings } from './security.ts'

/**
 * What a machine brings for passthrough, and what it lacks, most pressing first. `chosen`: what is said of single devices
 * is said of these only.
 */
export function hardwareFindings(host: Host, chosen?: readonly PciDevice[]): Finding[] {
  const devices = chosen ?? host.devices
  const findings = [
    ...cpuFindings(host),
    ...platformFindings(host),
    ...kernelFindings(host),
    ...securityFindings(host),
    ...groupFindings(host),
    ...gpuFindings(host, devices),
    ...linkFindings(host, devices),
    ...deviceFindings(host, chosen),
  ]
  return findings.sort((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity))
}
