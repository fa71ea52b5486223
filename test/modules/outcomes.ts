import { grub } from '../../src/backends/bootloaders/grub.ts'
import { initramfsTools } from '../../src/backends/initramfs/initramfs_tools.ts'
import { boot } from '../../src/host/boot.ts'
import type { Host } from '../../src/host/host.ts'
import { ifKnown, observed } from '../../src/host/known.ts'
import type { Module, Outcome } from '../../src/modules/define.ts'
import { afterChanges, planned } from '../builders.ts'

/** `change`, `pending rebuild`, `pending reboot`, … */
export const stateOf = (outcome: Outcome): string =>
  outcome.kind === 'pending' ? `pending ${outcome.needs}` : outcome.kind

/** What a task answers from the first look on, as its changes are applied, everything is rebuilt, and the machine boots. */
export function lifeOf(module: Module, host: Host, args: Readonly<Record<string, unknown>> = {}): string[] {
  const first = planned(module, host, args)
  const changed = afterChanges(host, first)
  const images = initramfsTools.images.derive(changed)
  const built = grub.menu?.derive(images) ?? images
  return [
    first,
    planned(module, changed, args),
    planned(module, built, args),
    planned(module, booted(built), args),
  ].map(stateOf)
}

/** The machine after its boot, with groups as before: what was predicted is what is now observed. */
export function booted(host: Host): Host {
  const next = boot(host)
  return {
    ...next,
    cmdline: observed(ifKnown(next.cmdline) ?? []),
    driverModules: host.driverModules,
    iommu: host.iommu,
    log: host.log,
    devices: next.devices.map((device, i) => ({
      ...device,
      group: host.devices[i]?.group ?? device.group,
      driver: observed(ifKnown(device.driver) ?? 'none foreseen'),
    })),
  }
}

/** Why arguments are refused; '' where they are not. */
export function complaint(module: Module, args: Readonly<Record<string, unknown>>): string {
  const parsed = module.args.safeParse(args)
  return parsed.success ? '' : (parsed.error.issues[0]?.message ?? 'refused')
}
