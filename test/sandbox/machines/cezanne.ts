import type { DeviceDescription, MachineDescription } from '../description.ts'
import { arch } from '../distributions/arch.ts'
import { archUki } from '../distributions/arch_uki.ts'

/**
 * A made-up desktop: Ryzen 7 5700G on a B550 board. The host's display is the processor's own; an RTX 2060 with all
 * four of its functions, audio, USB and its USB-C controller among them, is for a guest. Ids and messages are those
 * such parts have; subsystems and addresses are assumed.
 */
const hardware: Omit<MachineDescription, 'hostname' | 'distribution' | 'disk'> = {
  cpu: {
    vendor: 'AuthenticAMD',
    family: 25,
    model: 80,
    stepping: 0,
    name: 'AMD Ryzen 7 5700G with Radeon Graphics',
    cores: 8,
    threads: 16,
    megahertz: 3800,
    flags:
      'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx mmxext fxsr_opt pdpe1gb rdtscp lm constant_tsc rep_good nopl nonstop_tsc cpuid extd_apicid aperfmperf rapl pni pclmulqdq monitor ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt aes xsave avx f16c rdrand lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch',
  },
  firmware: {
    uefi: true,
    tables: [{ signature: 'IVRS', length: 0x1a4, revision: 2, oem: 'AMD', oemTable: 'AmdTable' }],
  },
  kernels: [
    {
      release: '6.10.10-arch1-1',
      build: '#1 SMP PREEMPT_DYNAMIC Thu, 12 Sep 2024 17:21:02 +0000',
      acsOverride: false,
      intelIommuDefaultOn: true,
      vfio: 'module',
      compression: 'zst',
      pkgbase: 'linux',
    },
  ],
  devices: devices(),
  network: {
    device: '04:00.0',
    interface: 'enp4s0',
    mac: '04:42:1a:5d:93:c8',
    address: '192.168.1.51',
    gateway: '192.168.1.1',
  },
  iommuLog: {
    table: [
      { at: 0, text: 'ACPI: IVRS 0x00000000CA0E3000 0001A4 (v02 AMD    AmdTable 00000001 AMD  00000001)' },
      { at: 0.112, text: 'AMD-Vi: Using global IVHD EFR:0x206d73ef22254ade, EFR2:0x0' },
    ],
    starting: [{ at: 0.4107, text: 'pci 0000:00:00.2: AMD-Vi: IOMMU performance counters supported' }],
    ready: [
      {
        at: 1.0387,
        text: 'AMD-Vi: Extended features (0x206d73ef22254ade, 0x0): PPR X2APIC NX GT IA GA PC GA_vAPIC',
      },
      { at: 1.0388, text: 'AMD-Vi: Interrupt remapping enabled' },
    ],
  },
}

export const archDesktop: MachineDescription = {
  ...hardware,
  hostname: 'arch',
  distribution: arch,
  disk: diskWithEsp('/boot'),
}

/** The same board, booted by unified kernel images. */
export const archUkiDesktop: MachineDescription = {
  ...hardware,
  hostname: 'arch-uki',
  distribution: archUki,
  disk: diskWithEsp('/efi'),
}

function diskWithEsp(esp: '/boot' | '/efi'): MachineDescription['disk'] {
  return {
    controller: '05:00.0',
    kind: 'nvme',
    model: 'WD_BLACK SN770 1TB',
    partitions: [
      { use: esp, filesystem: 'vfat', uuid: 'C4A0-17DE', mebibytes: 1024 },
      { use: '/', filesystem: 'ext4', uuid: '5b1e7f0c-6a94-4c1a-8d36-0e9b7c2f4a85', mebibytes: 940_000 },
    ],
  }
}

function devices(): DeviceDescription[] {
  const board = '1043:88cd'
  const port = { class: '060400', subsystem: board, driver: 'pcieport', port: 'root', acs: true } as const
  const dummy = { class: '060000', subsystem: '0000:0000', acs: true } as const
  const card = { behind: '00:01.1', revision: 'a1', subsystem: '1458:37b2' } as const
  const chipset = { behind: '00:02.1', subsystem: '1b21:1142' } as const
  const apu = { behind: '00:08.1', subsystem: board, acs: true } as const
  return [
    { at: '00:00.0', id: '1022:1630', class: '060000', subsystem: '1022:1630' },
    { at: '00:00.2', id: '1022:1631', class: '080600', subsystem: '1022:1631' },
    { at: '00:01.0', id: '1022:1632', ...dummy },
    { at: '00:01.1', id: '1022:1633', ...port },
    { at: '00:02.0', id: '1022:1632', ...dummy },
    { at: '00:02.1', id: '1022:1634', ...port },
    { at: '00:02.2', id: '1022:1634', ...port },
    { at: '00:08.0', id: '1022:1632', ...dummy },
    { at: '00:08.1', id: '1022:1635', ...port },
    {
      at: '00:14.0',
      id: '1022:790b',
      class: '0c0500',
      revision: '51',
      subsystem: board,
      driver: 'piix4_smbus',
    },
    { at: '00:14.3', id: '1022:790e', class: '060100', revision: '51', subsystem: board },
    { at: '00:18.0', id: '1022:166a', class: '060000', subsystem: '0000:0000' },
    { at: '00:18.3', id: '1022:166d', class: '060000', subsystem: '0000:0000', driver: 'k10temp' },
    { at: '01:00.0', id: '10de:1f08', class: '030000', driver: 'nouveau', ...card },
    { at: '01:00.1', id: '10de:10f9', class: '040300', driver: 'snd_hda_intel', ...card },
    { at: '01:00.2', id: '10de:1ada', class: '0c0330', driver: 'xhci_hcd', ...card },
    { at: '01:00.3', id: '10de:1adb', class: '0c8000', driver: 'nvidia-gpu', ...card },
    { at: '02:00.0', id: '1022:43ee', class: '0c0330', driver: 'xhci_hcd', ...chipset },
    { at: '02:00.1', id: '1022:43eb', class: '010601', driver: 'ahci', ...chipset },
    { at: '02:00.2', id: '1022:43e9', class: '060400', driver: 'pcieport', ...chipset },
    {
      at: '03:09.0',
      behind: '02:00.2',
      id: '1022:43ea',
      class: '060400',
      subsystem: '1b21:3308',
      driver: 'pcieport',
      port: 'downstream',
    },
    {
      at: '04:00.0',
      behind: '03:09.0',
      id: '10ec:8168',
      class: '020000',
      revision: '15',
      subsystem: '1043:8677',
      driver: 'r8169',
    },
    {
      at: '05:00.0',
      behind: '00:02.2',
      id: '15b7:5017',
      class: '010802',
      revision: '01',
      subsystem: '15b7:5017',
      driver: 'nvme',
    },
    {
      at: '06:00.0',
      id: '1002:1638',
      class: '030000',
      revision: 'c8',
      driver: 'amdgpu',
      bootVga: true,
      ...apu,
    },
    { at: '06:00.1', id: '1002:1637', class: '040300', driver: 'snd_hda_intel', ...apu },
    { at: '06:00.2', id: '1022:15df', class: '108000', driver: 'ccp', ...apu },
    { at: '06:00.3', id: '1022:1639', class: '0c0330', driver: 'xhci_hcd', ...apu },
    { at: '06:00.4', id: '1022:1639', class: '0c0330', driver: 'xhci_hcd', ...apu },
    { at: '06:00.6', id: '1022:15e3', class: '040300', driver: 'snd_hda_intel', ...apu },
  ]
}
