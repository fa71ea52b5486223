import type { DeviceDescription, GrubMachine } from '../description.ts'
import { DEBIAN_GRUB_DEFAULTS, debian12 } from '../distributions/debian.ts'

/**
 * The machine of the 2015 passthrough guide: ASUS Z170-A, Core i7-6700K. Devices, ids, revisions, the groups with
 * `pcie_acs_override=downstream` and the DMAR messages are the guide's. What it does not say is assumed here:
 *
 * - Placement. The guide lists root ports and buses but not which is behind which. Firmware numbers buses in the
 *   order of the ports, the ASM1083 bridge has one more bus (05) behind it, so: 00:01.0 → 01, 00:1b.0 → 02,
 *   00:1c.0 → 03, 00:1c.2 → 04–05, 00:1c.5 → 06, and the M.2 slot's 00:1d.0 is empty.
 * - Groups without the override. No root port has ACS that the kernel may use (the guide's kernel knew no quirk for
 *   those of this chipset): each shares a group with what is behind it, and the ports of slot 1c with each other.
 *   So the USB controller at 06:00.0 is together with the one at 03:00.0, and the override is needed.
 * - The host's graphics card is the Fury (the guide passes the GTX 970); the network card carries the default
 *   route and the SATA controller the root file system; boards, subsystems and the Ethernet address are made up.
 * - The system: Debian 12 with GRUB on UEFI, a kernel of one's own with the override patch (and the IOMMU off
 *   unless asked for, as in the guide) beside Debian's. root= is the guide's.
 */
export const guide: GrubMachine = {
  hostname: 'z170',
  distribution: debian12,
  cpu: {
    vendor: 'GenuineIntel',
    family: 6,
    model: 94,
    stepping: 3,
    name: 'Intel(R) Core(TM) i7-6700K CPU @ 4.00GHz',
    cores: 4,
    threads: 8,
    megahertz: 4000,
    flags:
      'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush dts acpi mmx fxsr sse sse2 ss ht tm pbe syscall nx pdpe1gb rdtscp lm constant_tsc art arch_perfmon pebs bts rep_good nopl xtopology nonstop_tsc cpuid aperfmperf pni pclmulqdq dtes64 monitor ds_cpl vmx est tm2 ssse3 sdbg fma cx16 xtpr pdcm pcid sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave avx f16c rdrand lahf_lm abm 3dnowprefetch cpuid_fault epb tpr_shadow vnmi flexpriority ept vpid ept_ad fsgsbase tsc_adjust bmi1 avx2 smep bmi2 erms invpcid mpx rdseed adx smap clflushopt intel_pt xsaveopt xsavec xgetbv1 xsaves dtherm ida arat pln pts hwp hwp_notify hwp_act_window hwp_epp',
  },
  firmware: {
    uefi: true,
    tables: [{ signature: 'DMAR', length: 0x78, revision: 1, oem: 'INTEL', oemTable: 'SKL' }],
  },
  kernels: [
    {
      release: '6.1.76-acs-override',
      build: '#1 SMP PREEMPT_DYNAMIC Sat Feb 3 11:20:31 UTC 2024',
      acsOverride: true,
      intelIommuDefaultOn: false,
      vfio: 'module',
    },
    {
      release: '6.1.0-18-amd64',
      build: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)',
      acsOverride: false,
      intelIommuDefaultOn: true,
      vfio: 'module',
    },
  ],
  devices: devices(),
  disk: {
    controller: '00:17.0',
    kind: 'ata',
    model: 'Samsung SSD 850',
    partitions: [
      { use: '/boot/efi', filesystem: 'vfat', uuid: '5A2B-9C1E', mebibytes: 512 },
      { use: '/', filesystem: 'ext4', uuid: '96b7100c-6b49-4843-bf6c-6c8c78918a3a', mebibytes: 237_000 },
      { use: 'swap', filesystem: 'swap', uuid: '0d3c4f9e-73f5-4d38-9c0f-6f1a4b8c2d17', mebibytes: 976 },
    ],
  },
  network: {
    device: '00:1f.6',
    interface: 'enp0s31f6',
    mac: '2c:56:dc:4a:11:7e',
    address: '192.168.1.20',
    gateway: '192.168.1.1',
  },
  grubDefaults: DEBIAN_GRUB_DEFAULTS,
  iommuLog: {
    table: [
      { at: 0, text: 'ACPI: DMAR 0x0000000076A37E48 000078 (v01 INTEL  SKL      00000001 INTL 00000001)' },
      { at: 0.065046, text: 'DMAR: Host address width 39' },
      { at: 0.065047, text: 'DMAR: DRHD base: 0x000000fed90000 flags: 0x1' },
      { at: 0.065051, text: 'DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap d2008c40660462 ecap f050da' },
      { at: 0.065051, text: 'DMAR: RMRR base: 0x00000076779000 end: 0x00000076798fff' },
      { at: 0.065052, text: 'DMAR-IR: IOAPIC id 2 under DRHD base  0xfed90000 IOMMU 0' },
      { at: 0.065053, text: 'DMAR-IR: HPET id 0 under DRHD base 0xfed90000' },
      { at: 0.065053, text: 'DMAR-IR: x2apic is disabled because BIOS sets x2apic opt out bit.' },
      { at: 0.065053, text: "DMAR-IR: Use 'intremap=no_x2apic_optout' to override the BIOS setting." },
      { at: 0.066337, text: 'DMAR-IR: Enabled IRQ remapping in xapic mode' },
    ],
    starting: [
      {
        at: 1.038203,
        text: 'DMAR: [Firmware Bug]: RMRR entry for device 03:00.0 is broken - applying workaround',
      },
      { at: 1.038204, text: 'DMAR: No ATSR found' },
      { at: 1.038537, text: 'DMAR: dmar0: Using Queued invalidation' },
      { at: 1.038542, text: 'DMAR: Setting RMRR:' },
      { at: 1.03856, text: 'DMAR: Setting identity map for device 0000:00:14.0 [0x76779000 - 0x76798fff]' },
      { at: 1.038579, text: 'DMAR: Setting identity map for device 0000:03:00.0 [0x76779000 - 0x76798fff]' },
      { at: 1.038583, text: 'DMAR: Prepare 0-16MiB unity mapping for LPC' },
      { at: 1.038598, text: 'DMAR: Setting identity map for device 0000:00:1f.0 [0x0 - 0xffffff]' },
    ],
    ready: [{ at: 1.038601, text: 'DMAR: Intel(R) Virtualization Technology for Directed I/O' }],
  },
}

function devices(): DeviceDescription[] {
  const board = '1043:8694'
  // USB devices' RMRRs may be given up (device_rmrr_is_relaxable()), and so may the 16 MiB for ISA DMA.
  const usbLegacy = ['0x0000000076779000 0x0000000076798fff direct-relaxable']
  return [
    {
      at: '00:00.0',
      id: '8086:191f',
      class: '060000',
      revision: '07',
      subsystem: board,
      driver: 'skl_uncore',
    },
    {
      at: '00:01.0',
      id: '8086:1901',
      class: '060400',
      revision: '07',
      subsystem: board,
      driver: 'pcieport',
      port: 'root',
    },
    {
      at: '00:14.0',
      id: '8086:a12f',
      class: '0c0330',
      revision: '31',
      subsystem: board,
      driver: 'xhci_hcd',
      reserved: usbLegacy,
    },
    { at: '00:16.0', id: '8086:a13a', class: '078000', revision: '31', subsystem: board, driver: 'mei_me' },
    { at: '00:17.0', id: '8086:a102', class: '010601', revision: '31', subsystem: board, driver: 'ahci' },
    {
      at: '00:1b.0',
      id: '8086:a167',
      class: '060400',
      revision: 'f1',
      subsystem: board,
      driver: 'pcieport',
      port: 'root',
    },
    {
      at: '00:1c.0',
      id: '8086:a110',
      class: '060400',
      revision: 'f1',
      subsystem: board,
      driver: 'pcieport',
      port: 'root',
    },
    {
      at: '00:1c.2',
      id: '8086:a112',
      class: '060400',
      revision: 'f1',
      subsystem: board,
      driver: 'pcieport',
      port: 'root',
    },
    {
      at: '00:1c.5',
      id: '8086:a115',
      class: '060400',
      revision: 'f1',
      subsystem: board,
      driver: 'pcieport',
      port: 'root',
    },
    {
      at: '00:1d.0',
      id: '8086:a118',
      class: '060400',
      revision: 'f1',
      subsystem: board,
      driver: 'pcieport',
      port: 'root',
    },
    {
      at: '00:1f.0',
      id: '8086:a145',
      class: '060100',
      revision: '31',
      subsystem: board,
      reserved: ['0x0000000000000000 0x0000000000ffffff direct-relaxable'],
    },
    { at: '00:1f.2', id: '8086:a121', class: '058000', revision: '31', subsystem: board },
    {
      at: '00:1f.3',
      id: '8086:a170',
      class: '040300',
      revision: '31',
      subsystem: '1043:8698',
      driver: 'snd_hda_intel',
    },
    {
      at: '00:1f.4',
      id: '8086:a123',
      class: '0c0500',
      revision: '31',
      subsystem: board,
      driver: 'i801_smbus',
    },
    // pci_quirk_mf_endpoint_acs knows this network card, so it stands alone among the functions of its slot.
    {
      at: '00:1f.6',
      id: '8086:15b8',
      class: '020000',
      revision: '31',
      subsystem: '1043:8672',
      driver: 'e1000e',
      acs: true,
    },
    {
      at: '01:00.0',
      behind: '00:01.0',
      id: '1002:7300',
      class: '030000',
      revision: 'cb',
      subsystem: '174b:e329',
      driver: 'amdgpu',
      bootVga: true,
    },
    {
      at: '01:00.1',
      behind: '00:01.0',
      id: '1002:aae8',
      class: '040300',
      subsystem: '174b:aae8',
      driver: 'snd_hda_intel',
    },
    {
      at: '02:00.0',
      behind: '00:1b.0',
      id: '10de:13c2',
      class: '030000',
      revision: 'a1',
      subsystem: '1043:8508',
      driver: 'nouveau',
    },
    {
      at: '02:00.1',
      behind: '00:1b.0',
      id: '10de:0fbb',
      class: '040300',
      revision: 'a1',
      subsystem: '1043:8508',
      driver: 'snd_hda_intel',
    },
    {
      at: '03:00.0',
      behind: '00:1c.0',
      id: '1b21:1242',
      class: '0c0330',
      subsystem: '1043:8675',
      driver: 'xhci_hcd',
      reserved: usbLegacy,
    },
    {
      at: '04:00.0',
      behind: '00:1c.2',
      id: '1b21:1080',
      class: '060401',
      revision: '04',
      subsystem: '1043:8489',
    },
    {
      at: '06:00.0',
      behind: '00:1c.5',
      id: '1b73:1100',
      class: '0c0330',
      revision: '10',
      subsystem: '1b73:1100',
      driver: 'xhci_hcd',
    },
  ]
}
