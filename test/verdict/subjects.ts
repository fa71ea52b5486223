import type { Host } from '../../src/host/host.ts'
import { ifKnown, observed, unknown } from '../../src/host/known.ts'
import type { Finding } from '../../src/verdict/finding.ts'
import { readMessages } from '../../src/verdict/messages.ts'
import type { Judge, Judged, Subject } from '../../src/verdict/stages/stage.ts'

/** What a stage looks at: a host and the devices at these addresses. */
export function subject(host: Host, ...addresses: readonly string[]): Subject {
  const log = ifKnown(host.log)
  const chosen = host.devices.filter(({ address }) => addresses.includes(address))
  if (chosen.length !== addresses.length) throw new Error(`this host has not all of ${addresses.join(', ')}`)
  return { host, chosen, messages: log && readMessages(log) }
}

type Told = Pick<Finding, 'what' | 'evidence' | 'next'>

/** The whole text of a failed stage; how it went where it did not fail. */
export function failureOf(judge: Judge, host: Host, ...addresses: readonly string[]): Told | string {
  const { result } = judge(subject(host, ...addresses))
  if (result.is === 'failed') return told(result.finding)
  return result.is === 'passed' ? `passed: ${result.says}` : `unknown: ${result.why}`
}

/** What deserves a word beside the result, with its severity. */
export const remarksOf = (judge: Judge, host: Host, ...addresses: readonly string[]): readonly unknown[] =>
  judge(subject(host, ...addresses)).findings.map(finding => ({
    severity: finding.severity,
    ...told(finding),
  }))

export const resultOf = (judge: Judge, host: Host, ...addresses: readonly string[]): Judged['result'] =>
  judge(subject(host, ...addresses)).result

const told = ({ what, evidence, next }: Finding): Told => ({ what, evidence, next })

/** No machine of its own has this flag; the recorded ones are virtual. */
export const onMetal = (host: Host): Host => ({
  ...host,
  cpu: { ...host.cpu, flags: host.cpu.flags.filter(flag => flag !== 'hypervisor') },
})

/** No units, no groups. */
export const dark = (host: Host): Host => ({
  ...host,
  iommu: { ...host.iommu, units: observed([]) },
  devices: host.devices.map(device => ({ ...device, group: observed(-1) })),
})

/** As the boot model leaves a host: with a boot to come. */
export const foreseen = (host: Host): Host => ({ ...host, bootId: unknown('every boot has its own') })
