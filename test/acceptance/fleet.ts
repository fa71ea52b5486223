import { type ChildProcess, spawn } from 'node:child_process'
import { userInfo } from 'node:os'
import type { RunEvent } from '../../src/runner/events.ts'
import { ENVIRONMENT, type Outcome, vfioRun } from '../cli/vfio_run.ts'
import { writePlaybook } from '../runner/run/play_fleet.ts'
import { type Fleet, type Member, startFleet } from '../sandbox/fleet.ts'
import { type Sshd, serveBySshd } from '../sandbox/sshd.ts'

/** Sandbox machines that reboot, behind OpenSSH's own sshd, and the command as a user starts it. */
export interface RealFleet extends Fleet {
  readonly servers: readonly Sshd[]
  play(playbook: string, ...flags: string[]): Promise<Outcome>
  /** The same, with what `--output json` tells. */
  watch(playbook: string, ...flags: string[]): Promise<Watched>
  /** The same, to be killed. */
  start(playbook: string, ...flags: string[]): ChildProcess
}

export interface Watched {
  readonly exitCode: number
  of<Name extends RunEvent['event']>(name: Name, host?: string): Extract<RunEvent, { event: Name }>[]
}

export async function startRealFleet(members: Readonly<Record<string, Member>>): Promise<RealFleet> {
  const servers: Sshd[] = []
  const fleet = await startFleet(members, {
    user: userInfo().username,
    serveBy: async (...words) => {
      const server = await serveBySshd(...words)
      servers.push(server)
      return server
    },
  })
  const words = (playbook: string, flags: readonly string[]): string[] => [
    writePlaybook(fleet, playbook),
    ...['-i', fleet.inventory, '--known-hosts', fleet.knownHosts],
    ...flags,
  ]
  return {
    ...fleet,
    servers,
    play: (playbook, ...flags) => vfioRun(...words(playbook, flags)),
    async watch(playbook, ...flags) {
      const { exitCode, stdout, stderr } = await vfioRun(...words(playbook, [...flags, '--output', 'json']))
      if (stderr !== '') throw new Error(stderr)
      return { exitCode, of: eventsOf(stdout) }
    },
    start: (playbook, ...flags) =>
      spawn(process.execPath, ['src/cli.ts', ...words(playbook, flags)], {
        env: ENVIRONMENT,
        stdio: 'ignore',
      }),
  }
}

function eventsOf(stdout: string): Watched['of'] {
  const events: RunEvent[] = stdout.split('\n').flatMap(line => (line === '' ? [] : JSON.parse(line)))
  return <Name extends RunEvent['event']>(name: Name, host?: string) =>
    events
      .filter((event): event is Extract<RunEvent, { event: Name }> => event.event === name)
      .filter(event => host === undefined || ('host' in event && event.host === host))
}
