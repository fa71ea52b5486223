import type { Host, PciDevice, PcieLink } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import type { Finding } from '../../../src/verdict/finding.ts'
import { aDevice, aHost, anIommu, withKernel, withLog } from '../../builders.ts'

/** A desktop as people have it: an Intel processor of its own, VT-d on, nothing to complain of. */
export function aDesktop(differing: Partial<Host> = {}): Host {
  const host = withKernel(withLog(aHost(), ['Linux version 6.12.0']), {
    release: '6.12.0',
    config: observed({
      CONFIG_INTEL_IOMMU: 'y',
      CONFIG_INTEL_IOMMU_DEFAULT_ON: 'y',
      CONFIG_AMD_IOMMU: 'y',
      CONFIG_IRQ_REMAP: 'y',
    }),
    vfio: {
      vfio_pci: { is: 'module', needs: [] },
      vfio_iommu_type1: { is: 'module', needs: [] },
    },
  })
  return {
    ...host,
    kernel: observed('6.12.0'),
    cpu: { vendor: 'intel', model: 'Intel(R) Core(TM) i7-6700K CPU @ 4.00GHz', flags: ['vmx'] },
    machine: { ...host.machine, kvm: observed(true) },
    iommu: anIommu({ units: observed(['dmar0']), interruptRemapping: observed(true) }),
    devices: [rootPort, graphics],
    storage: [],
    network: [],
    ...differing,
  }
}

/** A GeForce that firmware has started with, in a slot of 16 lanes. */
export const graphics = aDevice({
  address: '0000:01:00.0',
  bridges: ['0000:00:01.0'],
  driver: 'nouveau',
  group: 1,
})

export const rootPort = aDevice({
  address: '0000:00:01.0',
  id: '8086:1901',
  class: '060400',
  driver: 'pcieport',
  group: 1,
})

export const aLink = (differing: Partial<PcieLink> = {}): PcieLink => ({
  speed: 8,
  width: 16,
  maxSpeed: 8,
  maxWidth: 16,
  ...differing,
})

/** On the desktop, with the graphics card otherwise. */
export const withGraphics = (differing: Partial<PciDevice>, host: Host = aDesktop()): Host => ({
  ...host,
  devices: host.devices.map(device => (device === graphics ? { ...device, ...differing } : device)),
})

/** What is told of findings that matter, as `severity: what`. */
export const told = (findings: readonly Finding[]): string[] =>
  findings.filter(({ severity }) => severity !== 'ok').map(({ severity, what }) => `${severity}: ${what}`)

/** All of it, in the order of the report: what, what shows it, what to do. */
export const wholly = ({ stage, severity, what, evidence, next }: Finding): string[] => [
  `${stage}, ${severity}`,
  what,
  evidence,
  next,
]
