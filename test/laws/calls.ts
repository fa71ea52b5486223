import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Host, PciDevice } from '../../src/host/host.ts'
import { ifKnown } from '../../src/host/known.ts'
import { idOf, isBridge, slotOf } from '../../src/host/pci.ts'
import { modules } from '../../src/modules/index.ts'
import { ansibleFacts } from '../../src/runner/host_run/ansible_facts.ts'
import { LiveVariables } from '../../src/runner/live_variables.ts'
import { loadRun } from '../../src/runner/load.ts'
import type { PlannedCall } from '../../src/runner/plan.ts'
import type { Play, Task } from '../../src/runner/run_types.ts'

/** What an example playbook asks of a host under one set of variables. */
export interface Scenario {
  readonly name: string
  /** The tasks up to the reboot. */
  readonly prepare: readonly PlannedCall[]
  /** Those after it. */
  readonly prove: readonly PlannedCall[]
}

type Variables = Readonly<Record<string, unknown>>

/** Every example playbook under several sets of variables, loaded as a run loads it. */
export async function scenariosFor(host: Host): Promise<readonly Scenario[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-laws-'))
  try {
    const sets = variableSets(host)
    const inventory = join(folder, 'hosts.yaml')
    writeFileSync(
      inventory,
      stringify({ all: { hosts: Object.fromEntries(sets.map((vars, n) => [`set${n}`, vars])) } }),
    )
    const playbooks = join(import.meta.dirname, '../../playbooks')
    const found = readdirSync(playbooks).filter(name => name.endsWith('.yaml'))
    const runs = found.map(async name => {
      const { plays } = await loadRun({ ...LOAD, playbook: join(playbooks, name), inventories: [inventory] })
      const scenarios = plays.flatMap(play => play.hosts.map(set => scenarioOf(play, set, sets, host)))
      return [...scenarios, ...scenarios.slice(0, SOME).map(boundByAddress)]
    })
    return (await Promise.all(runs)).flat()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const SOME = 4

/** The same devices, each by a rule of its own. */
const boundByAddress = (scenario: Scenario): Scenario => ({
  ...scenario,
  name: `${scenario.name}, bound by address`,
  prepare: scenario.prepare.map(call =>
    call.module.name === 'vfio_ids' ? { ...call, args: { ...call.args, bind: 'address' } } : call,
  ),
})

const LOAD = {
  limit: undefined,
  extraVars: [],
  become: false,
  becomePassword: undefined,
  user: 'root',
  privateKey: undefined,
  connectTimeout: 10,
  modules,
}

/** Each slot's functions, by id and by address, claimed and given back; all devices; devices that are not there. */
function variableSets(host: Host): Variables[] {
  const ends = host.devices.filter(device => !isBridge(device))
  const slots = [...Map.groupBy(ends, slotOf).values()]
  return [
    ...slots.flatMap((functions): Variables[] => {
      const drivers = functions.map(device => ifKnown(device.driver) ?? '').filter(name => name !== '')
      const vfio_blacklist = [...new Set([...drivers, 'nouveau', 'amdgpu'])].filter(
        name => name !== 'vfio-pci',
      )
      return [
        { vfio_devices: functions.map(idOf) },
        { vfio_devices: functions.map(device => device.address), vfio_blacklist: ['nouveau'] },
        {
          vfio_devices: functions.map(idOf),
          vfio_blacklist,
          vfio_acs_override: ['downstream', 'id:8086:a110'],
        },
        {
          vfio_devices: functions.map(idOf),
          vfio_blacklist,
          vfio_acs_override: ['downstream'],
          vfio_state: 'absent',
        },
      ]
    }),
    { vfio_devices: ends.map(idOf) },
    ...byProperties(slots),
    { vfio_devices: ['dead:beef'] },
    { vfio_devices: ['dead:beef', '10de:13c2'], vfio_state: 'absent' },
    { vfio_devices: ['7f:1f.7'], vfio_blacklist: [] },
  ]
}

/** Devices chosen by what they are; some of these choose nothing on some hosts, or too much. */
const byProperties = (slots: readonly (readonly PciDevice[])[]): Variables[] => [
  ...slots.slice(-3).map(([first]) => ({ vfio_devices: first ? [slotOf(first)] : [] })),
  { vfio_devices: [{ class: 'display', boot_vga: false }], vfio_blacklist: ['nouveau', 'amdgpu'] },
  { vfio_devices: [{ class: 'display', boot_vga: false, functions: 'only' }] },
  { vfio_devices: [{ class: ['usb', 'audio'], not: [{ driver: 'snd_hda_intel' }, '00:1f'] }] },
  {
    vfio_devices: [
      { class: 'usb', at_most: 1, group: 'whole' },
      { driver: 'nouveau', group: 'whole' },
    ],
  },
  { vfio_devices: [{ class: 'usb', group: 'whole' }], vfio_acs_override: ['downstream'] },
  { vfio_devices: [{ class: 'network', sriov: 'pf', at_most: 1 }] },
  { vfio_devices: [{ class: 'display', boot_vga: false }], vfio_state: 'absent' },
]

function scenarioOf(play: Play, set: string, sets: readonly Variables[], host: Host): Scenario {
  const flush = play.steps.findIndex(step => step.kind === 'flush_handlers')
  const calls = (steps: Play['steps']) =>
    steps.flatMap(step => (step.kind === 'task' ? callOf(step.task, set, host) : []))
  return {
    name: `${play.name} with ${JSON.stringify(sets[Number(set.slice('set'.length))])}`,
    prepare: calls(play.steps.slice(0, flush)),
    prove: calls(play.steps.slice(flush)),
  }
}

function callOf(task: Task, set: string, host: Host): PlannedCall[] {
  if (task.word.kind !== 'module') return []
  const scope = task.scope(set, { facts: ansibleFacts(host), live: new LiveVariables() })
  return task.when(scope).run ? [{ module: task.word.module, args: task.args(scope) }] : []
}
