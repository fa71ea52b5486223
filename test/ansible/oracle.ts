import type { AnsiblePrograms } from './ansible_programs.ts'
import type { Case } from './case.ts'
import type { Counts, Results, Told } from './results.ts'

/** Runs a case through ansible-playbook. */
export async function askAnsible(one: Case, folder: string, programs: AnsiblePrograms): Promise<Results> {
  const { stdout, stderr, exitCode } = await programs.run('ansible-playbook', argumentsOf(one), folder)
  const lines = stdout
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
  const recap = lines.find(line => 'recap' in line)?.recap
  if (
    recap === undefined &&
    exitCode === 0 &&
    lines.length === 0 &&
    !/skipping: no hosts/.test(stdout + stderr)
  )
    throw new Error(`ansible-playbook told nothing: ${stdout}\n${stderr}`)
  const ours = Map.groupBy(
    lines.filter(line => 'host' in line),
    line => String(line.host),
  )
  const told = Object.fromEntries([...ours].map(([host, own]) => [host, own.map(toldOf)]))
  return {
    told,
    recap: Object.fromEntries(Object.entries(recap ?? {}).map(countsOf)),
    exitCode,
  }
}

export const argumentsOf = ({
  args = [],
  inventories = ['hosts.yaml'],
  playbook = 'play.yaml',
}: Case): string[] => [playbook, ...inventories.flatMap(path => ['-i', path]), ...args]

// biome-ignore lint/suspicious/noExplicitAny: lines of the callback beside this file
function toldOf(line: any): Told {
  const text = line.text === null ? undefined : textOf(line.text)
  return {
    task: line.task,
    status: line.status,
    ...(line.item === undefined ? {} : { item: line.item }),
    ...(text === undefined ? {} : { text }),
    ...(line.ignored ? { ignored: true } : {}),
  }
}

/** Numbers and booleans as Python prints them, and the rest as JSON: types have a suite of their own. */
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value, null, 2)

// biome-ignore lint/suspicious/noExplicitAny: AggregateStats.summarize
const countsOf = ([host, counts]: [string, any]): [string, Counts] => [
  host,
  {
    ok: counts.ok,
    changed: counts.changed,
    failed: counts.failures,
    skipped: counts.skipped,
    rescued: counts.rescued,
    ignored: counts.ignored,
    unreachable: counts.unreachable,
  },
]
