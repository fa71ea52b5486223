import { readdirSync, readFileSync } from 'node:fs'

/**
 * Ends what a sandbox's commands left running in sessions of their own: a machine that goes down stops those too.
 * They are told by VFIO_RUN_ROOT in their environment, which no other process shares (proc_pid_environ(5)).
 */
export function endLeftovers(root: string): void {
  for (const pid of processIds()) {
    if (environmentOf(pid).includes(`VFIO_RUN_ROOT=${root}`)) kill(pid)
  }
}

/** Ends a process with all that it started, also in sessions of their own, as sshd's connections are. */
export function endWithChildren(pid: number): void {
  const parents = processIds().map(child => [child, parentOf(child)] as const)
  const below = (parent: number): number[] =>
    parents.flatMap(([child, itsParent]) => (itsParent === parent ? [child, ...below(child)] : []))
  for (const one of [pid, ...below(pid)]) kill(one)
}

/** None where there is no /proc: then nothing is ended. */
function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch {
    // Somebody else's, or gone meanwhile.
    return []
  }
}

/** The second field behind the name, which may have blanks and brackets itself (proc_pid_stat(5)). */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2])
  } catch {
    return undefined
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
