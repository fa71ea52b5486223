import { describe, expect, it } from 'vitest'
import { log } from '../../../src/host/facts/log.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

const FIRST = '[    0.000000] lab kernel: Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org)'
const DMAR = '[    1.234567] lab kernel: DMAR: Intel(R) Virtualization Technology for Directed I/O'

describe('the kernel messages of this boot', () => {
  it('come from the journal, without time stamps', () => {
    expect(log.parse({ journal: `${FIRST}\n${DMAR}\r\n`, dmesg: '' })).toEqual({
      is: 'observed',
      value: {
        source: 'journal',
        truncated: false,
        lines: [
          'Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org)',
          'DMAR: Intel(R) Virtualization Technology for Directed I/O',
        ],
      },
    })
  })

  it('a message may come before the first', () => {
    const microcode = '[    0.000000] microcode: updated early'
    expect(log.parse({ journal: `${microcode}\n${FIRST}\n`, dmesg: '' })).toMatchObject({
      value: { truncated: false },
    })
  })

  it.each([
    ['dmesg where the journal is empty', '', `[    0.000000] Linux version 6\n`, 'dmesg', false],
    [
      'dmesg where the journal has lost its beginning',
      DMAR,
      '[    0.000000] Linux version 6\n',
      'dmesg',
      false,
    ],
    ['the journal where both have', DMAR, '[    1.234567] DMAR: x\n', 'journal', true],
    ['a cut dmesg where that is all', '', '[ 9000.000001] vfio_pci: add\n', 'dmesg', true],
    ['none where there is none', '', '', 'none', true],
  ])('%s', (_, journal, dmesg, source, truncated) => {
    expect(log.parse({ journal, dmesg })).toMatchObject({ value: { source, truncated } })
  })

  it('the first line is kept only where it is about us', () => {
    const out = { journal: `[    5.000000] lab kernel: usb 1-1: new device\n${DMAR}`, dmesg: '' }
    expect(log.parse(out)).toMatchObject({
      value: { truncated: true, lines: ['DMAR: Intel(R) Virtualization Technology for Directed I/O'] },
    })
  })
})

describe('what a verdict is drawn from', () => {
  const RELEVANT = [
    'Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)',
    'Command line: BOOT_IMAGE=/vmlinuz ro quiet',
    'DMAR: [Firmware Bug]: RMRR entry for device 04:00.0 is broken',
    'DMAR: DRHD: handling fault status reg 2',
    'pci 0000:01:00.0: Adding to iommu group 1',
    'vfio-pci: probe of 0000:01:00.0 failed with error -22',
    'nouveau 0000:01:00.0: probe with driver nouveau failed with error -12',
    "vfio-pci 0000:01:00.0: BAR 1: can't reserve [mem 0xe0000000-0xefffffff 64bit pref]",
    "vfio-pci 0000:01:00.0: BAR 1 [mem 0xe0000000-0xefffffff 64bit pref]: can't reserve; busy",
    'vfio-pci 0000:01:00.0: Invalid PCI ROM header signature: expecting 0xaa55, got 0xffff',
    'pci 0000:01:00.0: vgaarb: setting as boot VGA device',
    'simple-framebuffer simple-framebuffer.0: framebuffer at 0xe0000000, 0x300000 bytes',
    "pci 0000:01:00.0: can't claim BAR 1: address conflict with BOOTFB",
    "systemd-modules-load[312]: Failed to find module 'vfio_virqfd'",
    'vfio-pci 0000:01:00.0: not ready 65535ms after FLR; giving up',
    'vfio-pci 0000:01:00.0: Refused to change power state from D3hot to D0',
    'vfio-pci 0000:01:00.0: Unable to change power state from D3cold to D0, device inaccessible',
    'vfio-pci 0000:01:00.0: timed out waiting for pending transaction; performing function level reset anyway',
    'vendor_reset_hook: installed',
    'kvm: disabled by bios',
    'kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 0',
    'kvm_amd: SVM not supported by CPU 0, not amd or hygon',
    'x86/cpu: VMX (outside TXT) disabled by BIOS',
    'Lockdown: swapper/0: hibernation is restricted; see man kernel_lockdown.7',
    'Kernel is locked down from EFI Secure Boot mode; see man kernel_lockdown.7',
    'pci 0000:00:1c.0: Intel SPT PCH root port ACS workaround enabled',
    'Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA',
    'Unknown kernel command line parameters "pcie_acs_override=downstream", will be passed to user space.',
  ]
  const OTHER = [
    'usb 1-1: new high-speed USB device number 2 using xhci_hcd',
    'EXT4-fs (sda1): mounted filesystem with ordered data mode',
    'audit: type=1400 apparmor="STATUS"',
    'nvme nvme0: 8/0/0 default/read/poll queues',
  ]
  const journal = [...RELEVANT, ...OTHER].map(line => `[    0.000000] lab kernel: ${line}\n`).join('')

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing)('is kept of the log, and nothing else of it', () => {
      const programs = { journalctl: `#!/bin/sh\ncat <<'END'\n${journal}END\n`, dmesg: '#!/bin/sh\n' }
      expect(factOf(log, argv, {}, { programs })).toEqual({
        is: 'observed',
        value: { source: 'journal', truncated: false, lines: RELEVANT.filter(isKept) },
      })
    })

    it.skipIf(isMissing)('is at most 40 kB', () => {
      const fault = 'DMAR: [DMA Read NO_PASID] Request device [01:00.0] fault addr 0xfe000000'
      const programs = {
        journalctl: `#!/bin/sh\nyes '[    9.000000] lab kernel: ${fault}' | head -n 20000\n`,
        dmesg: '#!/bin/sh\n',
      }
      const found = factOf(log, argv, {}, { programs })
      const { lines } = found.is === 'unknown' ? { lines: [] } : found.value
      expect(lines.length).toBeGreaterThan(100)
      expect(lines.join('\n').length).toBeLessThanOrEqual(40_000)
    })

    it.skipIf(isMissing)('has its beginning and its end where it is longer than that, and says so', () => {
      const fault = 'DMAR: [DMA Read NO_PASID] Request device [01:00.0] fault addr 0xfe000000'
      const failed = 'vfio-pci 0000:01:00.0: probe with driver vfio-pci failed with error -22'
      const programs = {
        journalctl: `#!/bin/sh\necho '${FIRST}'\nyes '[    9.000000] lab kernel: ${fault}' | head -n 20000\necho '[  10.000000] lab kernel: ${failed}'\n`,
        dmesg: '#!/bin/sh\n',
      }
      const found = factOf(log, argv, {}, { programs })
      expect(found).toMatchObject({ value: { source: 'journal', truncated: true } })
      const { lines } = found.is === 'unknown' ? { lines: [] } : found.value
      expect([lines[0], lines.at(-1)]).toEqual([FIRST.slice(FIRST.indexOf('Linux')), failed])
      expect(new Set(lines.slice(1, -1))).toEqual(new Set([fault]))
    })
  })

  /** Quirks of ports say that the kernel isolates them by itself: no verdict needs that. */
  const isKept = (line: string) => !line.includes('ACS workaround')
})

it('any output gives a value', () => {
  parsesAnything(log)
})
