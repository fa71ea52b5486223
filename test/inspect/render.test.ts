import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { inspectDocument } from '../../src/inspect/document.ts'
import type { PciNames } from '../../src/inspect/pci_names.ts'
import { renderInspection } from '../../src/inspect/render.ts'
import type { Sight } from '../../src/runner/inspect_fleet.ts'
import { painter, widthOf } from '../../src/runner/report/text.ts'
import { aDevice, aHost, withDevices } from '../builders.ts'
import { recordedHost, recordedHosts } from '../hosts/index.ts'
import { aServer } from './many_devices.ts'

interface Look {
  readonly names?: PciNames
  readonly verbose?: number
  readonly columns?: number
  readonly color?: boolean
}

const seen = (host: Host): Sight => ({ status: 'seen', host, takenAt: undefined })

const rendered = (sights: Readonly<Record<string, Sight>>, look: Look = {}): string => {
  const { names = {}, verbose = 0, columns = 80, color = false } = look
  const document = inspectDocument(new Map(Object.entries(sights)), names)
  return renderInspection(document, { paint: painter(color), columns, verbose })
}

const LONG = {
  '10de': 'NVIDIA Corporation',
  '10de:13c2': 'GM204 [GeForce GTX 970, the one with four gigabytes of which half a gigabyte is slow]',
}

const longLines = (text: string): string[] =>
  stripVTControlCharacters(text)
    .split('\n')
    .filter(line => widthOf(line) > 80)

describe.each([...recordedHosts(), { name: 'a server with 148 devices', host: aServer() }])(
  '$name',
  ({ host }) => {
    test.each([0, 1])('fits into 80 columns, -v %s times', verbose => {
      expect(longLines(rendered({ host: seen(host) }, { verbose, names: LONG }))).toEqual([])
    })

    test('with -v every device has a line of its own', () => {
      const text = rendered({ host: seen(host) }, { verbose: 1 })
      const listed = [...text.slice(text.indexOf(' PCI devices')).matchAll(/^ {4}.{5} {2}(\S+)/gm)]
      const addresses = listed.map(([, address]) => address).sort()
      expect(addresses).toEqual(host.devices.map(({ address }) => address.replace(/^0000:/, '')).sort())
    })
  },
)

test('a host is told as its machine, its verdict, what it has, and what stands in the way', () => {
  const { machine } = aHost()
  const host = aHost({ machine: { ...machine, vendor: 'QEMU', product: 'Standard PC (Q35 + ICH9, 2009)' } })
  expect(rendered({ lab01: seen(host) })).toMatchInlineSnapshot(`
    "lab01
      machine   QEMU Standard PC (Q35 + ICH9, 2009), Intel Core i7 9xx (Nehalem
                Class Core i7)
      system    Debian GNU/Linux, kernel 6.1.0-56-amd64
      boots     by GRUB (update-grub is installed, /boot/grub/grub.cfg exists,
                BOOT_IMAGE= is on the command line); images made by initramfs-tools
      verdict   not ready: VFIO has no device; the IOMMU is on

      Free: could be passed through
        01:00.0   VGA controller [1002:5159] on radeon, group 11
        01:00.1   audio device [8086:293e] on snd_hda_intel, group 11
                  devices: ['1002:5159']
        02:00.0   USB controller [1033:0194] on xhci_hcd, group 12
                  devices: ['1033:0194']
        03:00.0   Ethernet controller [8086:10d3] on e1000e, group 13
                  devices: ['8086:10d3']
        06:01.0   display controller [1234:1111] on bochs-drm, group 15
        06:02.0   audio device [8086:2668] on snd_hda_intel, group 15
        06:03.0   USB controller [8086:7020] on uhci_hcd, group 15
                  they share an IOMMU group, and can only go to one guest together
                  devices: [{address: '06:01.0', group: whole}]
        07:00.0   NVMe controller [1b36:0010] on nvme, group 9
                  devices: ['1b36:0010']

      Not: something stands in the way
        00:02.0   VGA controller [1234:1111] on bochs-drm, group 1
                  is the boot display: the console would go dark
        00:03.0   Ethernet controller [1af4:1000] on virtio-pci, group 2
                  carries enp0s3, the default route and our own connection: the host
                  could not be reached
        00:04.0   SCSI controller [1af4:1001] on virtio-pci, group 3
                  is the controller of / (/dev/vda1): the host would not boot
        00:1f.2   SATA controller [8086:2922] on ahci, group 10
        00:1f.3   SMBus [8086:2930] on i801_smbus, group 10
                  they share an IOMMU group
                  00:1f.0 is the ISA bridge in the same IOMMU group, on lpc_ich: it
                  stays with the host

      16 IOMMU groups; 23 PCI devices, of which 8 bridges and 2 of the board stay
      with the host (-v lists them)
    "
  `)
})

test('a name that is too long is cut, and id, driver and group stay', () => {
  const host = withDevices(aHost(), aDevice({ driver: 'nouveau' }))
  expect(rendered({ lab01: seen(host) }, { names: LONG })).toContain(
    '    0a:00.0   NVIDIA GM204 [GeForce GTX 970, t… [10de:13c2] on nouveau, group 40\n',
  )
})

test('148 devices take less than a screen and a half', () => {
  expect(rendered({ server: seen(aServer()) }).split('\n').length).toBeLessThan(40)
})

test('devices that differ only in their place are told together', () => {
  const text = rendered({ server: seen(aServer()) })
  expect(text).toContain(
    [
      '    10:00.0   3D controller [10de:2330] on nvidia, group 60',
      '              and 7 others like it: 11:00.0 12:00.0 13:00.0 14:00.0 15:00.0',
      '              16:00.0 17:00.0',
      "              devices: ['10:00.0', '11:00.0', '12:00.0', …]",
    ].join('\n'),
  )
})

test('who does not see as root is told, and what to do', () => {
  const text = rendered({ lab01: seen(aHost({ uid: 1000 })) })
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'warning looked at without root: kernel messages, images and some files could not be read; use -b, or sudo vfio-run inspect',
  )
  expect(rendered({ lab01: seen(aHost({ uid: 0 })) })).not.toContain('without')
})

test('a host that was not seen has its reason and what to do', () => {
  const sight: Sight = {
    status: 'unreachable',
    why: 'no answer from 192.0.2.7 port 22 within 10 s',
    hint: 'is it switched on?',
  }
  expect(rendered({ 'far-away': sight })).toBe(
    [
      'far-away',
      '  unreachable: no answer from 192.0.2.7 port 22 within 10 s',
      '  is it switched on?',
      '',
    ].join('\n'),
  )
})

test('several hosts end with a line each', () => {
  const text = rendered({
    lab01: seen(recordedHost('debian12-intel')),
    lab02: seen(recordedHost('debian12-intel-ready')),
    'far-away': { status: 'unreachable', why: 'no answer', hint: undefined },
  })
  const [header = '', ...rows] = text.trimEnd().split('\n').slice(-4)
  expect(header).toBe('host     ready  free poss.   not  verdict')
  expect(rows.map(row => row.slice(0, 33))).toEqual([
    'lab01        0     5     0     4 ',
    'lab02        2     3     0     4 ',
    'far-away     -     -     -     - ',
  ])
  expect(rows[0]).toBe('lab01        0     5     0     4  not ready: VFIO has no device')
  expect(rows[2]).toBe('far-away     -     -     -     -  unreachable: no answer')
})

test('the time of a snapshot stands in its heading', () => {
  const takenAt = new Date(2026, 0, 2, 3, 4)
  expect(rendered({ lab01: { status: 'seen', host: aHost(), takenAt } })).toMatch(
    /^lab01, as it was on 2026-01-02 03:04\n/,
  )
})

test('what a host says cannot move the cursor or reorder the line', () => {
  const evil = '\u001b[2J\u202e'
  const host = withDevices(aHost(), aDevice({ driver: `x${evil}` }))
  const text = rendered(
    {
      [`a${evil}`]: seen({ ...host, cpu: { ...host.cpu, model: evil }, os: { ...host.os, name: evil } }),
      b: { status: 'failed', why: evil, hint: evil },
    },
    { names: { '10de:13c2': evil }, verbose: 1 },
  )
  expect(text).not.toMatch(/[\u001b\u202e]/)
})

test('without colours there are none, with them each state has its own', () => {
  const sights = { lab01: seen(recordedHost('debian12-intel')) }
  const coloured = rendered(sights, { color: true })
  expect(stripVTControlCharacters(coloured)).toBe(rendered(sights))
  expect(coloured).not.toBe(rendered(sights))
})
