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

/**
 * The boot_id behind a word that nobody else knows: what a login shell prints on its own (a ~/.bashrc that echoes, a
 * line of the day) neither hides it nor is taken for one.
 */
export const bootIdScript = (nonce: string): string =>
  hostScript('', `printf '\\n@${nonce} %s\\n' "$(cat "$root/proc/sys/kernel/random/boot_id")"`)

/** What that script has printed; undefined unless it is well formed. */
export const readBootId = (nonce: string, stdout: string): string | undefined =>
  new RegExp(`^@${nonce} (${BOOT_ID})$`, 'm').exec(stdout)?.[1]

const BOOT_ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

/** The user's own test of a machine that is back; its exit code is the answer. */
export const testScript = (command: string): string =>
  hostScript(
    '',
    `command=$(printf '%s' '${base64FromBytes(bytesFromText(command))}' | base64 -d)
sh -c "$command" 2>&1`,
  )

export const freeLockScript = (run: string): string => hostScript(LOCK_FUNCTIONS, `free_lock ${run} || :`)
