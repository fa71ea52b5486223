import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createTwoFilesPatch } from 'diff'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { textFromBytes } from '../../src/host/bytes.ts'
import type { HostCounts, RunEvent } from '../../src/runner/events.ts'
import type { Lab } from './lab.ts'
import type { Machine, User } from './machine.ts'

/** Name of the machine in the inventory. */
export const HOST = 'lab'

/** One run of the command under test, as its JSON output tells it. */
export interface ToolRun {
  readonly exitCode: number | undefined
  readonly events: readonly RunEvent[]
  /** Its `diff` lines as printed, byte for byte. */
  readonly diff: string
  readonly stderr: string
}

export interface ToolOptions {
  readonly user?: User
  readonly vars: Readonly<Record<string, unknown>>
  /** Below playbooks/; the flagship where none is named. */
  readonly playbook?: string
  readonly args?: readonly string[]
}

/** Runs a playbook from the sources against the machine, with a home of its own: the user's keys stay out. */
export async function runPlaybook(lab: Lab, machine: Machine, options: ToolOptions): Promise<ToolRun> {
  const playbook = `playbooks/${options.playbook ?? 'gpu.yaml'}`
  const args = [playbook, '--output', 'json', ...(options.args ?? [])]
  await writeInventory(machine, options)
  const tool = startTool(lab, machine, args)
  const lines: string[] = []
  const started = performance.now()
  for await (const line of tool) {
    lines.push(line)
    const said = sentence(eventFrom(line))
    if (said !== undefined)
      lab.say(`  ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${said}`)
  }
  const { exitCode, stderr } = await tool
  if (stderr !== '') lab.say(stderr)
  const events = lines.map(eventFrom)
  const diff = lines.filter((_, index) => events[index]?.event === 'diff').join('\n')
  return { exitCode, events, diff, stderr }
}

/** What a person reads of `inspect`; a pipe counts as 80 columns. */
export async function inspect(lab: Lab, machine: Machine): Promise<string> {
  await writeInventory(machine, { vars: {} })
  const { exitCode, stdout, stderr } = await startTool(lab, machine, ['inspect'])
  if (exitCode !== 0) throw new Error(`inspect ended with ${exitCode}: ${stderr}`)
  return stdout
}

const homeOf = (machine: Machine): string => join(machine.folder, 'home')
const inventoryOf = (machine: Machine): string => join(machine.folder, 'hosts.yaml')

async function writeInventory(machine: Machine, options: ToolOptions): Promise<void> {
  await mkdir(join(homeOf(machine), '.ssh'), { recursive: true, mode: 0o700 })
  await writeFile(join(homeOf(machine), '.ssh/known_hosts'), machine.hostKeyLine)
  const hosts = { [HOST]: variables(machine, options) }
  await writeFile(inventoryOf(machine), stringify({ all: { hosts } }))
}

const startTool = (lab: Lab, machine: Machine, args: readonly string[]) =>
  execa(process.execPath, ['src/cli.ts', ...args, '-i', inventoryOf(machine)], {
    cwd: REPOSITORY,
    env: { HOME: homeOf(machine), SSH_AUTH_SOCK: undefined },
    stdin: 'ignore',
    reject: false,
    timeout: RUN_TIMEOUT,
    cancelSignal: lab.signal,
  })

const REPOSITORY = dirname(dirname(import.meta.dirname))
const RUN_TIMEOUT = 40 * 60_000

const variables = (machine: Machine, { user = 'ops', vars }: ToolOptions) => ({
  ansible_host: '127.0.0.1',
  ansible_port: machine.port,
  ansible_user: user,
  ansible_ssh_private_key_file: machine.keyFile,
  ansible_become: true,
  ansible_timeout: 120,
  ...vars,
})

/** JSON has no undefined: a file that does not exist is null there. A reviver's undefined removes the key. */
const eventFrom = (line: string): RunEvent => JSON.parse(line, (_, value: unknown) => value ?? undefined)

/** The log's line for an event; none for those that only repeat others. */
function sentence(event: RunEvent): string | undefined {
  switch (event.event) {
    case 'phase':
      return `${event.phase}${event.detail === undefined ? '' : `: ${event.detail}`}`
    case 'task':
      return `${event.status.padEnd(8)} ${event.task} — ${event.why}${event.hint === undefined ? '' : ` (${event.hint})`}`
    case 'command':
      return `${event.check ? 'would run' : 'run'}: ${event.argv.join(' ')} — ${event.reason}`
    case 'diff':
      return patch(event.path, event.before, event.after)
    case 'warning':
      return `warning: ${event.why}`
    case 'host_failed':
      return `${event.status}: ${event.why}${event.hint === undefined ? '' : ` (${event.hint})`}${(event.output ?? []).map(line => `\n    ${line}`).join('')}`
    case 'recap':
      return `recap, exit ${event.exitCode}: ${JSON.stringify(event.hosts)}`
    default:
      return undefined
  }
}

function patch(path: string, before: string | undefined, after: string | undefined): string {
  const names = [before === undefined ? '/dev/null' : path, after === undefined ? '/dev/null' : path] as const
  const text = createTwoFilesPatch(
    ...names,
    textFromBytes(before ?? ''),
    textFromBytes(after ?? ''),
    '',
    '',
    { context: 1 },
  )
  return text.slice(text.indexOf('--- ')).trimEnd().replaceAll('\n', '\n    ')
}

type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>

export const eventsOf = <Name extends RunEvent['event']>(
  run: ToolRun,
  name: Name,
): readonly EventOf<Name>[] => run.events.filter((event): event is EventOf<Name> => event.event === name)

/** What the recap says of the machine. */
export function countsOf(run: ToolRun): HostCounts {
  const counts = eventsOf(run, 'recap').at(-1)?.hosts[HOST]
  if (counts === undefined) throw new Error(`no recap for ${HOST}; exit code ${run.exitCode}\n${run.stderr}`)
  return counts
}
