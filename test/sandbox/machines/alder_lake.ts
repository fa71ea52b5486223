import type { DeviceDescription, KernelDescription, MachineDescription } from '../description.ts'
import { fedora40 } from '../distributions/fedora.ts'
import { rhel8 } from '../distributions/rhel8.ts'

/**
 * A made-up workstation: Core i7-12700K on a Z690 board. The host's display is the processor's own, an RTX 3070 with
 * its audio function is for a guest; the ports have ACS, so the card is in a group of its own. Ids and messages are
 * those such parts have; subsystems and addresses are assumed.
 */
const hardware: Omit<MachineDescription, 'hostname' | 'distribution' | 'kernels'> = {
  cpu: {
    vendor: 'GenuineIntel',
    family: 6,
    model: 151,
    stepping: 2,
    name: '12th Gen Intel(R) Core(TM) i7-12700K',
    cores: 12,
    threads: 20,
    megahertz: 3600,
    flags:
      'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush dts acpi mmx fxsr sse sse2 ss ht tm pbe syscall nx pdpe1gb rdtscp lm constant_tsc art arch_perfmon pebs bts rep_good nopl xtopology nonstop_tsc cpuid aperfmperf pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 sdbg fma cx16 xtpr pdcm pcid sse4_1 sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand lahf_lm abm',
  },
  firmware: {
    uefi: true,
    tables: [{ signature: 'DMAR', length: 0x88, revision: 2, oem: 'INTEL', oemTable: 'EDK2' }],
  },
  devices: devices(),
  disk: {
    controller: '02:00.0',
    kind: 'nvme',
    model: 'Samsung SSD 980 PRO 1TB',
    partitions: [
      { use: '/boot/efi', filesystem: 'vfat', uuid: '6D1C-42F7', mebibytes: 600 },
      { use: '/boot', filesystem: 'xfs', uuid: '1d0b8f36-6a0e-4f5c-9c55-8f3a7b8f4e21', mebibytes: 1024 },
      { use: '/', filesystem: 'xfs', uuid: '8c5e2f10-3b7d-4d0a-a7d9-52f0c1be6b34', mebibytes: 930_000 },
    ],
  },
  network: {
    device: '03:00.0',
    interface: 'enp3s0',
    mac: 'd8:bb:c1:9a:20:4f',
    address: '192.168.1.41',
    gateway: '192.168.1.1',
  },
  iommuLog: {
    table: [
      { at: 0, text: 'ACPI: DMAR 0x0000000075A5A000 000088 (v02 INTEL  EDK2     00000002      01000013)' },
      { at: 0.1062, text: 'DMAR: Host address width 39' },
      { at: 0.106201, text: 'DMAR: DRHD base: 0x000000fed90000 flags: 0x0' },
      {
        at: 0.106207,
        text: 'DMAR: dmar0: reg_base_addr fed90000 ver 4:0 cap 1c0000c40660462 ecap 29a00f0505e',
      },
      { at: 0.106212, text: 'DMAR: RMRR base: 0x0000007c000000 end: 0x000000803fffff' },
      { at: 0.106215, text: 'DMAR-IR: IOAPIC id 2 under DRHD base  0xfed91000 IOMMU 1' },
      {
        at: 0.106217,
        text: 'DMAR-IR: Queued invalidation will be enabled to support x2apic and Intr-remapping.',
      },
      { at: 0.107901, text: 'DMAR-IR: Enabled IRQ remapping in x2apic mode' },
    ],
    starting: [
      { at: 0.7411, text: 'DMAR: No ATSR found' },
      { at: 0.741102, text: 'DMAR: No SATC found' },
      { at: 0.741105, text: 'DMAR: dmar0: Using Queued invalidation' },
    ],
    ready: [{ at: 1.0387, text: 'DMAR: Intel(R) Virtualization Technology for Directed I/O' }],
  },
}

/** Fedora 40 with its own kernel and, for what the newest may break, one of the long-term series. */
export const fedoraWorkstation: MachineDescription = {
  ...hardware,
  hostname: 'fedora',
  distribution: fedora40,
  kernels: [
    fedoraKernel('6.8.5-301.fc40.x86_64', '#1 SMP PREEMPT_DYNAMIC Thu Apr 11 20:00:10 UTC 2024'),
    fedoraKernel('6.1.90-200.fc40.x86_64', '#1 SMP PREEMPT_DYNAMIC Fri May  3 09:12:44 UTC 2024'),
  ],
}

/** The same board with Rocky Linux 8, whose arguments are in GRUB's environment block. */
export const rockyWorkstation: MachineDescription = {
  ...hardware,
  hostname: 'rocky8',
  distribution: rhel8,
  kernels: [
    fedoraKernel('4.18.0-553.el8_10.x86_64', '#1 SMP Fri May 24 13:05:10 UTC 2024'),
    fedoraKernel('4.18.0-513.24.1.el8_9.x86_64', '#1 SMP Thu Apr 4 18:13:02 UTC 2024'),
  ],
}

/** Red Hat compiles USB host controllers and AHCI in. */
function fedoraKernel(release: string, build: string): KernelDescription {
  return {
    release,
    build,
    acsOverride: false,
    intelIommuDefaultOn: false,
    vfio: 'module',
    compression: 'xz',
    compiledIn: ['xhci_pci', 'xhci_hcd', 'usbcore', 'usb_common', 'ahci', 'libahci', 'libata'],
  }
}

function devices(): DeviceDescription[] {
  const board = '1462:7d32'
  const port = { class: '060400', subsystem: board, driver: 'pcieport', port: 'root', acs: true } as const
  return [
    { at: '00:00.0', id: '8086:4660', class: '060000', revision: '02', subsystem: board },
    { at: '00:01.0', id: '8086:460d', revision: '02', ...port },
    {
      at: '00:02.0',
      id: '8086:4680',
      class: '030000',
      revision: '0c',
      subsystem: board,
      driver: 'i915',
      bootVga: true,
      reserved: ['0x000000007c000000 0x00000000803fffff direct-relaxable'],
    },
    { at: '00:06.0', id: '8086:464d', revision: '02', ...port },
    { at: '00:14.0', id: '8086:7ae0', class: '0c0330', revision: '11', subsystem: board, driver: 'xhci_hcd' },
    { at: '00:14.2', id: '8086:7aa7', class: '050000', revision: '11', subsystem: board },
    { at: '00:16.0', id: '8086:7ae8', class: '078000', revision: '11', subsystem: board, driver: 'mei_me' },
    { at: '00:17.0', id: '8086:7ae2', class: '010601', revision: '11', subsystem: board, driver: 'ahci' },
    { at: '00:1c.0', id: '8086:7aba', revision: '11', ...port },
    { at: '00:1f.0', id: '8086:7a84', class: '060100', revision: '11', subsystem: board },
    {
      at: '00:1f.3',
      id: '8086:7ad0',
      class: '040300',
      revision: '11',
      subsystem: board,
      driver: 'snd_hda_intel',
    },
    {
      at: '00:1f.4',
      id: '8086:7aa3',
      class: '0c0500',
      revision: '11',
      subsystem: board,
      driver: 'i801_smbus',
    },
    {
      at: '01:00.0',
      behind: '00:01.0',
      id: '10de:2484',
      class: '030000',
      revision: 'a1',
      subsystem: '1462:3904',
      driver: 'nouveau',
    },
    {
      at: '01:00.1',
      behind: '00:01.0',
      id: '10de:228b',
      class: '040300',
      revision: 'a1',
      subsystem: '1462:3904',
      driver: 'snd_hda_intel',
    },
    {
      at: '02:00.0',
      behind: '00:06.0',
      id: '144d:a80a',
      class: '010802',
      subsystem: '144d:a801',
      driver: 'nvme',
    },
    {
      at: '03:00.0',
      behind: '00:1c.0',
      id: '8086:15f3',
      class: '020000',
      revision: '03',
      subsystem: board,
      driver: 'igc',
    },
  ]
}
