import assert from 'node:assert/strict'
import { GUEST } from '../devices.ts'
import { handOver } from '../hand_over.ts'
import type { Scenario } from '../lab.ts'
import type { Look } from '../look.ts'
import { inspect } from '../tool.ts'

/**
 * Devices chosen by what they are. The second display has the id of the boot display: by its id vfio-pci would take both,
 * so that it has to be bound by its address.
 */
export const choose: Scenario = {
  name: 'choose',
  summary:
    'devices chosen by their properties; a display with the id of the boot display goes by its address, its group whole',
  machine: 'intel',
  proves: { bootloader: 'GRUB', initramfs: 'initramfs-tools' },
  async run(lab, machine) {
    const before = await lab.step('inspect, before', () => inspect(lab, machine))
    lab.say(before)
    assert.match(before, /verdict +not ready: /)
    await handOver(lab, machine, { vars: { vfio_devices: SELECTORS }, isDone })
    const after = await lab.step('inspect, after', () => inspect(lab, machine))
    lab.say(after)
    assert.match(after, /verdict +ready: VFIO has 6 devices/)
    assert.match(after, /Radeon/, 'the card has its name')
    for (const text of [before, after])
      assert.deepEqual(
        text.split('\n').filter(line => line.length > 80),
        [],
        'no line is wider than a terminal',
      )
  },
}

const SELECTORS = [
  { class: 'display', vendor: 'amd', boot_vga: false, at_most: 1 },
  { address: '06:01.0', group: 'whole' },
  { class: 'nvme' },
]

const BY_ID = [GUEST.graphicsCard, GUEST.graphicsAudio, GUEST.sharedAudio, GUEST.sharedUsb, GUEST.nvme]

function isDone(_: unknown, look: Look): void {
  for (const { address } of [...BY_ID, GUEST.sharedDisplay])
    assert.equal(look.devices.get(address)?.driver, 'vfio-pci', `${address} is on vfio-pci`)
  assert.equal(look.devices.get(GUEST.bootDisplay.address)?.driver, 'bochs-drm', 'the host keeps its display')
  const ids = look.cmdline
    .find(argument => argument.startsWith('vfio-pci.ids='))
    ?.slice('vfio-pci.ids='.length)
  assert.deepEqual(ids?.split(',').toSorted(), BY_ID.map(({ id }) => id).toSorted(), 'what goes by its id')
  assert.ok(
    look.imageNames.some(name => /udev\/rules\.d\/.*vfio/.test(name)),
    `the rule for ${GUEST.sharedDisplay.address} is in ${look.image}`,
  )
  const port = '0000:00:15.0'
  assert.equal(
    look.devices.get(port)?.group,
    look.devices.get(GUEST.nvme.address)?.group,
    'the NVMe and its port',
  )
  assert.equal(look.devices.get(port)?.driver, 'pcieport', 'the port stays with the host')
}
