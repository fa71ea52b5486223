import type { Host, PciDevice } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import type { Verdict } from './finding.ts'
import { readMessages } from './messages.ts'
import { commandLine } from './stages/command_line.ts'
import { driver } from './stages/driver.ts'
import { firmware } from './stages/firmware.ts'
import { groups } from './stages/groups.ts'
import { initramfs } from './stages/initramfs.ts'
import { kernel } from './stages/kernel.ts'
import type { Judge } from './stages/stage.ts'
import { usable } from './stages/usable.ts'

/** In the order of STAGES. */
const LADDER: readonly Judge[] = [firmware, kernel, commandLine, groups, initramfs, driver, usable]

/**
 * What stands between these devices and a guest, stage by stage. sysfs decides; the kernel's messages explain, and what
 * is missing from them proves nothing where the log is truncated. Without devices the host alone is judged. On a host
 * that was foreseen nothing fails: what cannot be so yet is unknown.
 */
export function verdictOf(host: Host, chosen: readonly PciDevice[]): Verdict {
  const log = ifKnown(host.log)
  const subject = { host, chosen, messages: log && readMessages(log) }
  const judged = LADDER.map(judge => judge(subject))
  return {
    stages: judged.map(({ result }) => result),
    findings: judged.flatMap(({ findings }) => findings),
  }
}
