import { acs_override } from './acs_override.ts'
import { check_hardware } from './check_hardware.ts'
import { copy } from './copy.ts'
import type { Module } from './define.ts'
import { driver_blacklist } from './driver_blacklist.ts'
import { initramfs_rebuild } from './initramfs_rebuild.ts'
import { iommu_kernel_args } from './iommu_kernel_args.ts'
import { packageModule } from './package.ts'
import { reboot } from './reboot.ts'
import { template } from './template.ts'
import { verify_devices } from './verify_devices.ts'
import { verify_dmesg } from './verify_dmesg.ts'
import { verify_groups } from './verify_groups.ts'
import { vfio_bind } from './vfio_bind.ts'
import { vfio_ids } from './vfio_ids.ts'

/** Every state module by its YAML key, in the order of the guide. */
export const modules: ReadonlyMap<string, Module> = new Map(
  [
    check_hardware,
    iommu_kernel_args,
    acs_override,
    driver_blacklist,
    vfio_ids,
    vfio_bind,
    initramfs_rebuild,
    reboot,
    verify_dmesg,
    verify_groups,
    verify_devices,
    copy,
    template,
    packageModule,
  ].map(module => [module.name, module as unknown as Module]),
)
