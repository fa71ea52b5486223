import { expect, test } from 'vitest'
import type { Host } from '../../../src/host/host.ts'
import { securityFindings } from '../../../src/verdict/hardware/security.ts'
import { aFirmware } from '../../builders.ts'
import { aDesktop, wholly } from './machines.ts'

const SIGN = 'sign such a module with a key that the firmware knows (mokutil --import)'
const lockdown = (mode: Host['machine']['lockdown']) => ({
  machine: { ...aDesktop().machine, lockdown: mode },
})
const secureBoot = { firmware: aFirmware({ uefi: true, secureBoot: true }) }

test.each([
  ['neither', aDesktop(), []],
  ['a kernel that knows lockdown and is not locked', aDesktop(lockdown('none')), []],
  [
    'Secure Boot',
    aDesktop(secureBoot),
    [
      'kernel, note',
      'Secure Boot is on: VFIO works, modules that nobody signed (vendor-reset, built by DKMS) do not load',
      'the EFI variable SecureBoot is 1',
      SIGN,
    ],
  ],
  [
    'both',
    aDesktop({ ...secureBoot, ...lockdown('integrity') }),
    [
      'kernel, note',
      'Secure Boot is on and the kernel is locked down (integrity): VFIO works, modules that nobody signed (vendor-reset, built by DKMS) do not load, and /dev/mem is closed',
      '/sys/kernel/security/lockdown',
      SIGN,
    ],
  ],
] as const)('%s', (_, host, finding) => {
  expect(securityFindings(host).flatMap(wholly)).toEqual(finding)
})
