import { describe, expect, it, test } from 'vitest'
import type { Cpu, Host } from '../../../src/host/host.ts'
import { observed, unknown } from '../../../src/host/known.ts'
import { cpuFindings } from '../../../src/verdict/hardware/cpu.ts'
import { withLog } from '../../builders.ts'
import { aDesktop, told, wholly } from './machines.ts'

const withCpu = (cpu: Partial<Cpu>, host: Host = aDesktop()): Host => ({
  ...host,
  cpu: { ...host.cpu, ...cpu },
})

describe('nothing is to be said where', () => {
  it.each<[string, Host]>([
    ['an Intel processor has vmx', aDesktop()],
    ['an AMD processor has svm', withCpu({ vendor: 'amd', flags: ['svm'] })],
    [
      'the look did not ask for /dev/kvm',
      aDesktop({ machine: { ...aDesktop().machine, kvm: unknown('the look did not ask for /dev/kvm') } }),
    ],
    [
      'the architecture is another, which the platform tells',
      { ...withCpu({ vendor: 'other' }), arch: 'aarch64' },
    ],
  ])('%s', (_, host) => {
    expect(told(cpuFindings(host))).toEqual([])
  })
})

test.each<[string, Host, string[]]>([
  [
    'a processor without virtualisation, or with it switched off',
    withCpu({ flags: [] }),
    [
      'firmware, warning',
      'VT-x is switched off in firmware, or the processor has none: guests would be emulated, many times slower',
      '/proc/cpuinfo has no flag vmx',
      'switch Intel Virtualization Technology on in BIOS/UEFI; where there is no such setting, the processor lacks it',
    ],
  ],
  [
    'AMD’s words for the same',
    withCpu({ vendor: 'amd', flags: ['vmx'] }),
    [
      'firmware, warning',
      'AMD-V is switched off in firmware, or the processor has none: guests would be emulated, many times slower',
      '/proc/cpuinfo has no flag svm',
      'switch SVM Mode on in BIOS/UEFI; where there is no such setting, the processor lacks it',
    ],
  ],
  [
    'a guest without nested virtualisation',
    withCpu({ flags: ['hypervisor'] }),
    [
      'firmware, warning',
      'this machine is a guest itself, and not given VT-x: guests in it would be emulated, many times slower',
      '/proc/cpuinfo has no flag vmx',
      'let its hypervisor pass vmx on (nested virtualisation)',
    ],
  ],
  [
    'an older kernel, which leaves the flag and says that firmware has switched it off',
    withLog(aDesktop(), ['Linux version 4.9.0', 'kvm: disabled by bios']),
    [
      'firmware, warning',
      'VT-x is switched off in firmware: guests would be emulated, many times slower',
      'the kernel says "kvm: disabled by bios"',
      'switch Intel Virtualization Technology on in BIOS/UEFI',
    ],
  ],
  [
    'a processor of somebody else',
    withCpu({ vendor: 'other', model: 'ZHAOXIN KaiXian KX-6780A' }),
    [
      'firmware, problem',
      "the processor is neither Intel's nor AMD's (ZHAOXIN KaiXian KX-6780A)",
      '/proc/cpuinfo names neither GenuineIntel nor AuthenticAMD',
      'use another machine: vfio-run knows the IOMMUs VT-d and AMD-Vi only',
    ],
  ],
  [
    'virtualisation whose module is not loaded',
    aDesktop({ machine: { ...aDesktop().machine, kvm: observed(false) } }),
    [
      'usable, warning',
      'KVM is not there: guests would be emulated, many times slower',
      '/dev/kvm does not exist',
      'modprobe kvm_intel, and read what the kernel says',
    ],
  ],
])('%s', (_, host, finding) => {
  expect(
    cpuFindings(host)
      .filter(({ severity }) => severity !== 'ok')
      .map(wholly),
  ).toEqual([finding])
})

it.each([
  'x86/cpu: VMX (outside TXT) disabled by BIOS',
  'kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 0',
  'SVM disabled (by BIOS) in MSR_VM_CR',
  'kvm_amd: SVM disabled (by BIOS) in MSR_VM_CR on CPU 0',
  "kvm: support for 'kvm_intel' disabled by bios",
])('the message %j tells that firmware has switched it off', line => {
  expect(told(cpuFindings(withLog(aDesktop(), [line])))[0]).toContain('switched off in firmware: guests')
})
