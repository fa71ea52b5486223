import type { Holder } from '../host.ts'
import { type Interlock, listed } from './loss.ts'

/** Programs that have a graphics card open: a session, a compute job. They end, or hang, when its driver goes. */
export const displayInUse: Interlock = {
  lock: 'display_in_use',
  provided: 'these programs may lose it',
  about: 'taking',
  lostWithDriver: true,
  find(host, device) {
    const holders = host.holders.filter(one => one.device === device.address && isGraphics(one))
    return holders.length === 0
      ? undefined
      : {
          what: `is in use: ${programs(holders)}`,
          instead: 'end them, or move them to another display, then run again',
        }
  },
}

/** DRM nodes, for displays and for computing, NVIDIA's own, and framebuffers (Documentation/admin-guide/devices.txt). */
export const isGraphics = ({ path }: Holder): boolean => /^\/dev\/(dri\/|nvidia|fb\d)/.test(path)

/** One program may have many files open: it is named once, with the first. */
export function programs(holders: readonly Holder[]): string {
  const byPid = Map.groupBy(holders, ({ pid }) => pid)
  return listed(
    [...byPid].map(([pid, [first]]) => `${first?.process || 'a program'} (${pid}) has ${first?.path} open`),
  )
}
