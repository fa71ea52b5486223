import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import { firstFailure, STAGES, type Stage } from '../../src/verdict/finding.ts'
import { verdictOf } from '../../src/verdict/ladder.ts'
import {
  aDevice,
  aFirmware,
  aHost,
  anIommu,
  aReadyHost,
  withCmdline,
  withDevice,
  withDevices,
  withFiles,
  withKernel,
  withLog,
} from '../builders.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/hardware.md'), 'utf8')
const CARD = ['0000:01:00.0', '0000:01:00.1']

const bare = (host: Host): Host => ({ ...host, cpu: { ...host.cpu, flags: ['vmx'] } })
const off = (host: Host): Host => ({
  ...bare(host),
  iommu: anIommu({ units: observed([]) }),
  devices: host.devices.map(device => ({ ...device, group: observed(-1) })),
})

/** A machine of each kind, and what is said of it: the page must show these very words. */
const EXAMPLES: Readonly<Record<Stage, Host>> = {
  firmware: withLog({ ...off(aReadyHost()), firmware: aFirmware({ tables: [] }) }, ['DMAR: IOMMU enabled']),
  kernel: withKernel(aHost(), { release: '6.1.0-56-cloud-amd64', vfio: {} }),
  'command line': withFiles(
    withKernel(withCmdline(off(aReadyHost()), 'root=/dev/vda1 quiet'), { config: observed({}) }),
    {
      '/etc/default/grub': 'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\n',
      '/etc/default/grub.d/50-cloud.cfg': 'GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0"\n',
    },
  ),
  groups: withDevices(
    aReadyHost(),
    aDevice({
      address: '0000:00:1f.3',
      id: '8086:a348',
      class: '040300',
      driver: 'snd_hda_intel',
      group: groupOf(CARD[0]),
    }),
  ),
  initramfs: aHost(),
  driver: withDevice(aReadyHost(), '0000:01:00.0', { driver: observed('nouveau') }),
  usable: {
    ...withLog(aReadyHost(), [
      "vfio-pci 0000:01:00.0: BAR 1: can't reserve [mem 0xd0000000-0xdfffffff 64bit pref]",
    ]),
    framebuffers: [{ device: '0000:01:00.0', name: 'simple-framebuffer' }],
  },
}

function groupOf(address: string | undefined): number {
  const group = aReadyHost().devices.find(device => device.address === address)?.group
  return group?.is === 'observed' ? group.value : -1
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')

describe('docs/hardware.md', () => {
  it.each(STAGES)('shows what is said where the stage "%s" fails', stage => {
    const host = EXAMPLES[stage]
    const found = firstFailure(
      verdictOf(
        host,
        host.devices.filter(({ address }) => CARD.includes(address)),
      ),
    )
    expect(found?.stage).toBe(stage)
    const section = oneLine(page.slice(page.indexOf(`. ${stage}: `)))
    expect(section).toContain(oneLine(`${found?.what} seen: ${found?.evidence} next: ${found?.next}`))
  })
})
