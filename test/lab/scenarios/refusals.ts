import assert from 'node:assert/strict'
import { GUEST } from '../devices.ts'
import type { Lab, Scenario } from '../lab.ts'
import { changedPaths, manifest } from '../look.ts'
import type { Machine } from '../machine.ts'
import { eventsOf, runPlaybook, type ToolOptions, type ToolRun } from '../tool.ts'

/** What must not be taken away from a machine, on one that really has it. Real runs: only a refusal stands between. */
export const refusals: Scenario = {
  name: 'refusals',
  summary:
    'the boot display, the connection, the root disk and a shared group are refused, nothing is written',
  async run(lab) {
    const machine = await lab.boot('intel')
    for (const { title, names, ...options } of REFUSED) await isRefused(lab, machine, title, names, options)
  },
}

/** `names`: what the refusal must name. */
const REFUSED: readonly (ToolOptions & { readonly title: string; readonly names: RegExp })[] = [
  { title: 'the boot display', vars: { vfio_devices: ['00:02.0'] }, names: /display/i },
  { title: 'an id that the boot display has too', vars: { vfio_devices: ['06:01.0'] }, names: /00:02\.0/ },
  {
    title: 'the card of our connection',
    vars: { vfio_devices: [GUEST.managementCard.id] },
    names: /enp0s3|connection|default route/,
  },
  { title: 'the controller of /', vars: { vfio_devices: [GUEST.rootDisk.id] }, names: / \/|root|swap/ },
  {
    title: 'one device of a shared group',
    vars: { vfio_devices: [GUEST.sharedAudio.id] },
    names: /06:0[13]\.0/,
  },
  { title: 'a device that is not there', vars: { vfio_devices: ['10de:13c2'] }, names: /10de:13c2/ },
  {
    title: 'a user without sudo rights',
    user: 'plain',
    vars: { vfio_devices: [GUEST.usbController.id] },
    names: /sudo/,
  },
]

/** On a machine of any kind: blocked or failed, naming the cause, no file written and no reboot. */
export async function isRefused(
  lab: Lab,
  machine: Machine,
  title: string,
  names: RegExp,
  options: ToolOptions,
): Promise<void> {
  const [bootId, files] = await lab.step(
    `before: ${title}`,
    async () => [await machine.waitForSsh(), await manifest(machine)] as const,
  )
  const run = await lab.step(`refused: ${title}`, () => runPlaybook(lab, machine, options))
  assert.equal(run.exitCode, 2, title)
  assert.match(reasonsOf(run), names, title)
  assert.deepEqual(changedPaths(files, await manifest(machine)), [], `${title}: nothing is written`)
  assert.equal(await machine.waitForSsh(), bootId, `${title}: no reboot`)
}

const reasonsOf = (run: ToolRun): string =>
  [
    ...eventsOf(run, 'task').filter(task => task.status === 'blocked' || task.status === 'failed'),
    ...eventsOf(run, 'host_failed'),
  ]
    .map(event => `${event.why}\n${event.hint ?? ''}`)
    .join('\n')
