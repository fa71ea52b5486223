import type { HostCounts, RunEvent, TaskStatus } from '../../../src/runner/events.ts'
import { counts } from './example_run.ts'

export const fleet = (size: number): string[] =>
  Array.from({ length: size }, (_, index) => `lab${String(index + 1).padStart(3, '0')}`)

export const play = 'GPU passthrough'

export const result = (
  host: string,
  task: string,
  status: TaskStatus,
  why: string,
  more: Partial<Extract<RunEvent, { event: 'task' }>> = {},
): RunEvent => ({ event: 'task', host, play, task, module: 'm', status, why, ...more })

/** What one host says in a run in which all goes well. */
export const fineHost = (host: string): readonly RunEvent[] => [
  { event: 'phase', host, phase: 'connect' },
  { event: 'phase', host, phase: 'look' },
  result(host, 'Turn the IOMMU on', 'ok', 'intel_iommu=on is in effect'),
  result(host, 'Claim the devices', 'changed', 'vfio-pci claims 10de:13c2'),
  {
    event: 'diff',
    host,
    path: '/etc/modprobe.d/vfio.conf',
    before: undefined,
    after: 'options vfio-pci ids=10de:13c2\n',
  },
  { event: 'phase', host, phase: 'apply' },
  { event: 'command', host, argv: ['update-initramfs', '-u'], reason: 'the images lack it', check: false },
  { event: 'phase', host, phase: 'done' },
]

export const unreachableHost = (host: string, address: string): readonly RunEvent[] => [
  { event: 'phase', host, phase: 'connect' },
  {
    event: 'host_failed',
    host,
    status: 'unreachable',
    why: `no answer from ${address} port 22 within 10 s`,
    hint: 'is it switched on?',
  },
]

/** The streams of several hosts, of which `turn` chooses the next. */
export function interleaved(
  streams: readonly (readonly RunEvent[])[],
  turn: (count: number) => number,
): RunEvent[] {
  const rest = streams.map(stream => [...stream]).filter(stream => stream.length > 0)
  const events: RunEvent[] = []
  while (rest.length > 0) {
    const index = turn(rest.length) % rest.length
    const [event] = rest[index]?.splice(0, 1) ?? []
    if (event !== undefined) events.push(event)
    if (rest[index]?.length === 0) rest.splice(index, 1)
  }
  return events
}

export const recapOf = (
  hosts: readonly string[],
  of: (host: string) => Partial<HostCounts>,
  exitCode = 0,
): RunEvent => ({
  event: 'recap',
  hosts: Object.fromEntries(hosts.map(host => [host, counts(of(host))])),
  exitCode,
})
