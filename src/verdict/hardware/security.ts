import type { Host } from '../../host/host.ts'
import type { Finding } from '../finding.ts'

/**
 * Secure Boot and lockdown: neither forbids VFIO itself, whose modules come signed with the kernel; what some cards
 * need besides they do (kernel_lockdown(7)).
 */
export function securityFindings({ firmware, machine }: Host): Finding[] {
  const locked = machine.lockdown === 'integrity' || machine.lockdown === 'confidentiality'
  const says = [
    ...(firmware.secureBoot ? ['Secure Boot is on'] : []),
    ...(locked ? [`the kernel is locked down (${machine.lockdown})`] : []),
  ]
  if (says.length === 0) return []
  return [
    {
      stage: 'kernel',
      severity: 'note',
      what: `${says.join(' and ')}: VFIO works, modules that nobody signed (vendor-reset, built by DKMS) do not load${locked ? ', and /dev/mem is closed' : ''}`,
      evidence: locked ? '/sys/kernel/security/lockdown' : 'the EFI variable SecureBoot is 1',
      next: 'sign such a module with a key that the firmware knows (mokutil --import)',
    },
  ]
}
