import assert from 'node:assert/strict'
import { GUEST } from '../devices.ts'
import type { Lab, Scenario } from '../lab.ts'
import { changedPaths, manifest } from '../look.ts'
import { ASKME_PASSWORD, type Machine } from '../machine.ts'
import { eventsOf, runPlaybook, type ToolOptions, type ToolRun } from '../tool.ts'

/** What must not be taken from a machine, on one that really has it. Real runs: only a refusal stands between. */
export const refusals: Scenario = {
  name: 'refusals',
  summary: 'what the host lives on, and what cannot work, is refused by name, and nothing is written',
  machine: 'intel',
  async run(lab, machine) {
    for (const refusal of REFUSED) await isRefused(lab, machine, refusal)

    const vars = { vfio_devices: [GUEST.usbController.id], ansible_become_password: ASKME_PASSWORD }
    const dry = await lab.step('sudo takes the right password', () =>
      runPlaybook(lab, machine, { user: 'askme', vars, args: ['--check'] }),
    )
    assert.equal(dry.exitCode, 0)
  },
}

export interface Refusal extends ToolOptions {
  readonly title: string
  /** What the refusal must name. */
  readonly names: RegExp
}

const usb = [GUEST.usbController.id]

const REFUSED: readonly Refusal[] = [
  { title: 'the boot display', vars: { vfio_devices: ['00:02.0'] }, names: /display/i },
  {
    title: 'the boot display, when something else is allowed',
    vars: { vfio_devices: ['00:02.0'], vfio_allow: ['host_network'] },
    names: /allow: \[boot_display\]/,
  },
  {
    title: 'a display that shares its group',
    vars: { vfio_devices: [GUEST.sharedDisplay.address] },
    names: /06:02\.0/,
  },
  {
    title: 'more displays than are meant',
    vars: { vfio_devices: [{ class: 'display', at_most: 1 }] },
    names: /chooses 3 devices/,
  },
  {
    title: 'an ACS override that the kernel does not carry',
    vars: { vfio_devices: usb, vfio_acs_override: ['downstream'] },
    names: /ACS override patch/,
  },
  {
    title: 'the card of our connection',
    vars: { vfio_devices: [GUEST.managementCard.id] },
    names: /enp0s3/,
  },
  { title: 'the controller of /', vars: { vfio_devices: [GUEST.rootDisk.id] }, names: / \/( |$)/m },
  {
    title: 'a part of a group that others are in too',
    vars: { vfio_devices: [GUEST.sharedAudio.id] },
    names: /06:0[13]\.0/,
  },
  { title: 'a device that is not there', vars: { vfio_devices: ['10de:13c2'] }, names: /10de:13c2/ },
  { title: 'a user without sudo rights', user: 'plain', vars: { vfio_devices: usb }, names: /sudo/ },
  { title: 'a sudo that asks, and no password', user: 'askme', vars: { vfio_devices: usb }, names: /-K/ },
  {
    title: 'a wrong sudo password',
    user: 'askme',
    vars: { vfio_devices: usb, ansible_become_password: 'let me out' },
    names: /sudo|password/,
  },
]

/** On a machine of any kind: blocked or failed, naming the cause, no file written and no reboot. */
export async function isRefused(lab: Lab, machine: Machine, refusal: Refusal): Promise<void> {
  const { title, names, ...options } = refusal
  const look = async () => ({ bootId: await machine.waitForSsh(), files: await manifest(machine) })
  const before = await look()
  const run = await lab.step(`refused: ${title}`, () => runPlaybook(lab, machine, options))
  const after = await look()
  assert.equal(run.exitCode, 2, title)
  assert.match(reasonsOf(run), names, title)
  assert.deepEqual(changedPaths(before.files, after.files), [], `${title}: nothing is written`)
  assert.equal(after.bootId, before.bootId, `${title}: no reboot`)
}

const reasonsOf = (run: ToolRun): string =>
  [
    ...eventsOf(run, 'task').filter(task => task.status === 'blocked' || task.status === 'failed'),
    ...eventsOf(run, 'host_failed'),
  ]
    .map(event => `${event.why}\n${event.hint ?? ''}`)
    .join('\n')
