import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed, predicted, unknown } from '../../src/host/known.ts'
import { acsPatchOf } from '../../src/verdict/acs_patch.ts'
import { aHost, withKernel, withLog } from '../builders.ts'

const RELEASE = '6.1.0-56-amd64'
const of = (host: Host) => {
  const [kernel] = host.kernels
  if (kernel === undefined) throw new Error('no kernel')
  return acsPatchOf(host, kernel)
}

describe('whether the running kernel carries the ACS override patch', () => {
  const active = 'Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA'
  const ignored =
    'Unknown kernel command line parameters "splash pcie_acs_override=downstream", will be passed to user space.'
  it.each<[string, Host, string, string]>([
    ['its messages say that it is at work', withLog(aHost(), [active]), 'there', `says "${active}"`],
    [
      'its messages say that nobody read the argument',
      withLog(aHost(), [ignored]),
      'missing',
      `says "${ignored}"`,
    ],
    [
      'it has the symbol',
      { ...aHost(), acsPatch: observed(true) },
      'there',
      'has the symbol pcie_acs_override (/proc/kallsyms)',
    ],
    [
      'it has not',
      { ...aHost(), acsPatch: observed(false) },
      'missing',
      'has no symbol pcie_acs_override (/proc/kallsyms)',
    ],
    [
      'another parameter was unknown',
      withLog(aHost(), ['Unknown kernel command line parameters "splash", will be passed to user space.']),
      'unknown',
      'is not called as kernels with the patch are (Proxmox, Zen, Liquorix, CachyOS, linux-vfio, TrueNAS)',
    ],
  ])('%s', (_, host, is, evidence) => {
    expect(of(host)).toEqual({ is, evidence })
  })

  it('what was seen of the one that runs says nothing of the next boot, nor of another kernel', () => {
    const seen = { ...withLog(aHost(), [active]), acsPatch: observed(true) }
    expect(of({ ...seen, kernel: predicted(RELEASE) }).is).toBe('unknown')
    expect(of({ ...seen, kernel: observed('6.2.0') }).is).toBe('unknown')
    expect(of({ ...seen, kernel: unknown('hidden') }).is).toBe('unknown')
  })
})

it.each([
  ['6.8.12-4-pve', 'usually'],
  ['6.9.3-zen1-1-zen', 'usually'],
  ['6.8.0-1-liquorix-amd64', 'usually'],
  ['6.10.2-2-cachyos', 'usually'],
  ['5.18.16-arch1-1-vfio', 'usually'],
  ['6.6.32-production+truenas', 'usually'],
  ['6.1.76-acs-override', 'usually'],
  ['6.8.0-45-generic', 'unknown'],
  ['6.10.10-arch1-1', 'unknown'],
  ['6.9.7-200.fc40.x86_64', 'unknown'],
])('going by its name, %s carries the patch: %s', (release, is) => {
  expect(of(withKernel(aHost(), { release })).is).toBe(is)
})
