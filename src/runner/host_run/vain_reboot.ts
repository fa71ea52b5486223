import { nextBoot } from '../../backends/bootloaders/index.ts'
import { boot } from '../../host/boot.ts'
import type { Host } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { bootFingerprint, type PlannedCall, rebootReasons, withChosenLoader } from '../plan.ts'

/**
 * Why a reboot is not worth asking for: the boot model says that it will not bring what is waited for, or one was
 * made for the same reasons and configuration, and has not. Otherwise a nightly run reboots a fleet for ever.
 */
export function vainReboot(observed: Host, calls: readonly PlannedCall[]): Refusal | undefined {
  const host = withChosenLoader(observed, calls)
  const left = rebootReasons(boot(host), calls)
  if (left.length > 0)
    return refuse(
      `a reboot would not bring ${left.join('; ')}: ${defaultEntry(host)}`,
      'let the loader boot an entry that carries the configured arguments by default, then run again; not rebooted',
    )
  const reasons = rebootReasons(host, calls)
  if (!wasTried(host, reasons)) return undefined
  return refuse(
    `it was rebooted for this already, and it did not help: ${reasons.join('; ')}; ${bootedEntry(host)}`,
    'compare /proc/cmdline with the loader’s menu; not rebooted again until one of them, or a configuration file, has changed',
  )
}

function wasTried(host: Host, reasons: readonly string[]): boolean {
  const { reboot } = host.journal
  return (
    reboot !== undefined &&
    reasons.length > 0 &&
    reboot.bootId !== ifKnown(host.bootId) &&
    reboot.configuration === bootFingerprint(host) &&
    // It may have brought some of them.
    reasons.every(reason => reboot.reasons.includes(reason))
  )
}

function defaultEntry(host: Host): string {
  const next = nextBoot(host)
  return isRefusal(next) ? next.why : `${next.chosenBy} is "${next.title}"`
}

function bootedEntry(host: Host): string {
  const { cmdline } = boot(host)
  const isDefault = ifKnown(cmdline)?.join(' ') === ifKnown(host.cmdline)?.join(' ')
  return isDefault
    ? `it did boot the menu's default entry`
    : `it booted another entry than the menu's default, or a menu edited by hand`
}
