import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fleet } from '../../sandbox/fleet.ts'
import type { Sandbox } from '../../sandbox/machine.ts'

/** A machine of a fleet; the only one unless it is named. */
export function sandboxOf(fleet: Fleet, host = [...fleet.hosts.keys()][0] ?? ''): Sandbox {
  const found = fleet.hosts.get(host)?.sandbox
  if (found === undefined) throw new Error(`the fleet has no ${host}`)
  return found
}

/** The holder's line; '' where the lock is free. */
export const lockOf = (sandbox: Sandbox): string =>
  existsSync(sandbox.at('/var/lib/vfio-run/lock')) ? sandbox.read('/var/lib/vfio-run/lock') : ''

/** Another script in the place of a stand-in, which it finds as NAME.real; stand-ins come first on a sandbox's PATH. */
export function replaceProgram(sandbox: Sandbox, name: string, script: string): void {
  const path = join(sandbox.path.split(':')[0] ?? '', name)
  try {
    renameSync(path, `${path}.real`)
  } catch {
    // A program of the machine that runs the tests.
  }
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

export function writeGrubenv(sandbox: Sandbox, name: string, value: string): void {
  sandbox.write('/boot/grub/grubenv', `# GRUB Environment Block\n${name}=${value}\n`.padEnd(1024, '#'))
}
