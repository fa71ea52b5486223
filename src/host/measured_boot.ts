import { findBootloader } from '../backends/bootloaders/index.ts'
import { signedImages } from '../backends/bootloaders/uki.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import type { Host } from './host.ts'
import { BOOT_LOCKS, type BootLock, type Lock } from './locks.ts'

/** Why what boots must not be changed here, unless the user has allowed what it costs. */
export const refuseMeasured = (host: Host, allow: readonly Lock[]): Refusal | undefined =>
  BOOT_LOCKS.filter(lock => !allow.includes(lock))
    .map(lock => COSTS[lock](host))
    .find(refusal => refusal !== undefined)

const COSTS: Readonly<Record<BootLock, (host: Host) => Refusal | undefined>> = {
  // The TPM compares what was measured: command line and initramfs are part of it (systemd-stub(7), PCRs 9, 11, 12;
  // GRUB manual 19.3, PCRs 8 and 9).
  tpm_unlock({ sealedDisks: [first, ...others] }) {
    if (first === undefined) return undefined
    const more = others.length > 0 ? ` and ${others.length} more` : ''
    return refuse(
      `the TPM unlocks ${first.device}${more} (${first.by}) only while the machine boots what was measured: after this change the next boot waits for a passphrase`,
      'with the passphrase or recovery key and a console at hand, set allow: [tpm_unlock], and enrol the TPM anew after the reboot',
    )
  },
  signed_uki(host) {
    const found = findBootloader(host)
    if (!host.firmware.secureBoot || isRefusal(found) || found.loader.name !== 'UKI') return undefined
    const signed = signedImages(host)
    if (signed === undefined || signed.signer !== undefined) return undefined
    return refuse(
      `${signed.path} is signed and Secure Boot is on: nothing on this machine signs the rebuilt image, and the firmware would refuse it`,
      'let the tool that builds it sign it (SecureBootPrivateKey= in /etc/kernel/uki.conf, uefi_secureboot_key= for dracut, or sbctl), or set allow: [signed_uki] and sign it by hand before the reboot',
    )
  },
}

/** Who signs the images that a rebuild makes, where that matters. */
export function signerOf(host: Host): string | undefined {
  const found = findBootloader(host)
  if (!host.firmware.secureBoot || isRefusal(found) || found.loader.name !== 'UKI') return undefined
  return signedImages(host)?.signer
}
