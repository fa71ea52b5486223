import { base64FromBytes, bytesFromText } from '../../host/bytes.ts'
import type { RebootRecord } from '../../host/host.ts'
import { hostScript } from '../../host/script.ts'
import { LOCK_FUNCTIONS } from './lock.ts'
import { shellQuote } from './quote.ts'

/** Remembers what the reboot is for, then asks for it. A dropped connection is an answer too. */
export function rebootScript(
  record: RebootRecord,
  lock: { run: string; seconds: number; who: string },
  message: string,
): string {
  return hostScript(
    LOCK_FUNCTIONS,
    `take_lock ${lock.run} ${lock.seconds} ${shellQuote(lock.who)} || { printf 'locked %s\\n' "$held"; exit 75; }
printf '%s' '${base64FromBytes(bytesFromText(JSON.stringify(record)))}' | base64 -d >"$state/.vfio-run.reboot" && mv -f "$state/.vfio-run.reboot" "$state/reboot.json" || { echo 'cannot write the journal'; exit 1; }
sync
shutdown -r now ${shellQuote(message)} || systemctl reboot || reboot`,
  )
}

/** One line: the boot_id; no tty, stderr apart, so that nothing else can be taken for one. */
export const bootIdScript = (): string => hostScript('', 'cat "$root/proc/sys/kernel/random/boot_id"')

export const BOOT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const freeLockScript = (run: string): string => hostScript(LOCK_FUNCTIONS, `free_lock ${run} || :`)
