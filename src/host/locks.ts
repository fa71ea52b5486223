/**
 * What a change may cost the host, by the names that allow it: each is refused until the user has named it. There is no
 * name for all of them.
 */
export const BOOT_LOCKS = ['tpm_unlock', 'signed_uki'] as const
export const DEVICE_LOCKS = [
  'boot_display',
  'last_display',
  'display_in_use',
  'host_network',
  'host_disks',
  'vgpu',
  'other_owner',
] as const

export type BootLock = (typeof BOOT_LOCKS)[number]
export type DeviceLock = (typeof DEVICE_LOCKS)[number]
export type Lock = BootLock | DeviceLock
