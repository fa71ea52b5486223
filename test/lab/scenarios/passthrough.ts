import assert from 'node:assert/strict'
import { GUEST } from '../devices.ts'
import { GUEST_DISK } from '../guest_disk.ts'
import type { Lab, Scenario } from '../lab.ts'
import { lookAt } from '../look.ts'
import type { Machine } from '../machine.ts'
import { countsOf, runPlaybook } from '../tool.ts'
import { isRefused } from './refusals.ts'

/**
 * What all of it is for: a guest that has the card. The card is bound at run time, a guest is started in the machine, and
 * its firmware finds the card on its own PCI bus, gives its memory an address and makes it the display.
 */
export const passthrough: Scenario = {
  name: 'passthrough',
  summary: 'vfio_bind moves a card to vfio-pci without a reboot, a guest really has it, and it is given back',
  machine: 'with-guest',
  async run(lab, machine) {
    const bootId = await machine.waitForSsh()
    const drivers = async () => {
      const { devices } = await lookAt(machine)
      return CARD.map(({ address }) => devices.get(address)?.driver)
    }
    const own = await lab.step('drivers of the card at first', drivers)
    assert.deepEqual(own, ['radeon', 'snd_hda_intel'])

    await isRefused(lab, machine, {
      title: 'a part of a group, at run time',
      playbook: 'bind.yaml',
      vars: { vfio_devices: [{ address: GUEST.sharedAudio.address, functions: 'only' }] },
      names: /06:0[13]\.0/,
    })

    const taken = await bind(lab, machine, 'present')
    assert.equal(taken.changed > 0, true)
    assert.deepEqual(await drivers(), ['vfio-pci', 'vfio-pci'])
    assert.equal((await bind(lab, machine, 'present')).changed, 0, 'a second run changes nothing')

    const bios = await lab.step('start a guest with the card', () => startGuest(machine))
    lab.say(bios)
    for (const { id } of CARD)
      assert.match(bios, new RegExp(`PCI: init bdf=\\S+ id=${id}`), `the guest has ${id}`)
    const [, slot] = new RegExp(`PCI: init bdf=(\\S+) id=${GUEST.graphicsCard.id}`).exec(bios) ?? []
    assert.match(bios, new RegExp(`PCI: map device bdf=${slot} +bar 0`), 'it maps the memory of the card')
    assert.match(bios, new RegExp(`Using ${slot} for primary VGA`), 'and makes it the display')
    await isRefused(lab, machine, {
      title: 'what a guest has',
      playbook: 'bind.yaml',
      vars: { ...card, vfio_state: 'absent' },
      names: /qemu/,
    })
    await lab.step('stop the guest', () => machine.ssh(STOP_GUEST))

    await bind(lab, machine, 'absent')
    assert.deepEqual(await drivers(), own, 'the card is back on drivers of its own')
    assert.equal((await bind(lab, machine, 'absent')).changed, 0)
    assert.equal(await machine.waitForSsh(), bootId, 'all of it without a reboot')
  },
}

const CARD = [GUEST.graphicsCard, GUEST.graphicsAudio]
const card = { vfio_devices: [{ class: 'display', vendor: 'amd' }] }

async function bind(lab: Lab, machine: Machine, vfio_state: 'present' | 'absent') {
  const run = await lab.step(`vfio_bind, ${vfio_state}`, () =>
    runPlaybook(lab, machine, { playbook: 'bind.yaml', vars: { ...card, vfio_state } }),
  )
  assert.equal(run.exitCode, 0)
  return countsOf(run)
}

/** What SeaBIOS, the guest's firmware, says on its debug port until it looks for something to boot. */
async function startGuest(machine: Machine): Promise<string> {
  const devices = CARD.map(({ address }) => `-device vfio-pci,host=${address},rombar=0`).join(' ')
  return await machine.ssh('sh -s', {
    input: `set -e
${GUEST_DISK.mount}
mkfifo /run/guest.in /run/guest.out
${GUEST_DISK.qemu} -machine q35 -accel tcg -m 64 -nodefaults -no-user-config -display none -monitor none ${devices} \\
  -chardev pipe,id=bios,path=/run/guest -device isa-debugcon,iobase=0x402,chardev=bios \\
  -daemonize -pidfile /run/guest.pid
timeout 300 sed '/^Searching bootorder/q' /run/guest.out
`,
  })
}

/** QEMU takes its file away when it ends. */
const STOP_GUEST =
  'p=$(cat /run/guest.pid) && kill "$p" && tail --pid="$p" -f /dev/null && rm /run/guest.in /run/guest.out'
