import { UserError } from '../../errors.ts'

/** Another run is at work on the host. `holder`: `RUN SECONDS USER@CONTROLLER`, as the lock has it. */
export function lockHeld(host: string, holder: string): UserError {
  const [run = '', seconds = '', ...who] = holder.split(' ')
  const minutes = Math.max(1, Math.ceil(Number(seconds) / 60))
  return new UserError({
    kind: 'locked',
    where: host,
    why: `run ${run} by ${who.join(' ') || 'somebody'} holds the lock, for ${minutes} more minute${minutes === 1 ? '' : 's'} at most`,
    hint: 'wait for it to end, or for its time to pass; the lock is /var/lib/vfio-run/lock on the host',
  })
}
