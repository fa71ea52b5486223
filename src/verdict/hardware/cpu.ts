import type { Host } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import type { Finding } from '../finding.ts'
import { quoted } from '../messages/said.ts'

/** Whether the processor is one whose IOMMU we know, and whether it runs guests itself. */
export function cpuFindings(host: Host): Finding[] {
  const { vendor } = host.cpu
  if (vendor === 'other') return host.arch === 'x86_64' ? [foreign(host)] : []
  const guests = virtualisation(host, TERMS[vendor])
  return [guests, ...(guests.severity === 'ok' ? kvm(host, TERMS[vendor]) : [])]
}

interface Terms {
  /** Of the processor's flags. */
  readonly flag: string
  /** What the processor's maker calls it, and firmware's menus do. */
  readonly name: string
  readonly setting: string
  readonly module: string
}

const TERMS: Readonly<Record<'intel' | 'amd', Terms>> = {
  intel: {
    flag: 'vmx',
    name: 'VT-x',
    setting: 'Intel Virtualization Technology',
    module: 'kvm_intel',
  },
  amd: { flag: 'svm', name: 'AMD-V', setting: 'SVM Mode', module: 'kvm_amd' },
}

/** Zhaoxin, VIA; other architectures are refused by what they are (src/host/environment.ts). */
const foreign = (host: Host): Finding => ({
  stage: 'firmware',
  severity: 'problem',
  what: `the processor is neither Intel's nor AMD's${host.cpu.model ? ` (${host.cpu.model})` : ''}`,
  evidence: '/proc/cpuinfo names neither GenuineIntel nor AuthenticAMD',
  next: 'use another machine: vfio-run knows the IOMMUs VT-d and AMD-Vi only',
})

/**
 * arch/x86/kernel/cpu/feat_ctl.c, cpu/amd.c and kvm's modules: recent kernels take the flag away where firmware has
 * switched it off, older ones leave it and only say so.
 */
const SWITCHED_OFF =
  /kvm(_intel|_amd)?: .*disabled by bios|VMX \(outside TXT\) disabled by BIOS|VMX not enabled \(by BIOS\)|SVM disabled \(by BIOS\)/i

function virtualisation(host: Host, { flag, name, setting }: Terms): Finding {
  const common = { stage: 'firmware', severity: 'warning' } as const
  const off = ifKnown(host.log)?.lines.find(line => SWITCHED_OFF.test(line))
  if (off !== undefined)
    return {
      ...common,
      what: `${name} is switched off in firmware: guests would be emulated, many times slower`,
      evidence: quoted(off),
      next: `switch ${setting} on in BIOS/UEFI`,
    }
  if (host.cpu.flags.includes(flag))
    return {
      stage: 'firmware',
      severity: 'ok',
      what: `the processor runs guests itself (${name})`,
      evidence: `/proc/cpuinfo has the flag ${flag}`,
      next: '',
    }
  const evidence = `/proc/cpuinfo has no flag ${flag}`
  return host.cpu.flags.includes('hypervisor')
    ? {
        ...common,
        what: `this machine is a guest itself, and not given ${name}: guests in it would be emulated, many times slower`,
        evidence,
        next: `let its hypervisor pass ${flag} on (nested virtualisation)`,
      }
    : {
        ...common,
        what: `${name} is switched off in firmware, or the processor has none: guests would be emulated, many times slower`,
        evidence,
        next: `switch ${setting} on in BIOS/UEFI; where there is no such setting, the processor lacks it`,
      }
}

const kvm = (host: Host, { module }: Terms): Finding[] =>
  ifKnown(host.machine.kvm) !== false
    ? []
    : [
        {
          stage: 'usable',
          severity: 'warning',
          what: 'KVM is not there: guests would be emulated, many times slower',
          evidence: '/dev/kvm does not exist',
          next: `modprobe ${module}, and read what the kernel says`,
        },
      ]
