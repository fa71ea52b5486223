import assert from 'node:assert/strict'
import { CHOSEN, GUEST } from './devices.ts'
import { IMAGE_PATHS } from './image_paths.ts'
import type { Look } from './look.ts'
import type { Machine } from './machine.ts'

/** The machine does what the playbook is for: seen by its own tools, told by nothing of ours. */
export function isPrepared({ image, arrangement: { iommu } }: Machine, look: Look): void {
  assert.match(look.image, IMAGE_PATHS[image.name].booted, 'what it booted from')
  assert.notEqual(iommu, 'none', 'a machine without IOMMU cannot be prepared')
  const on = IOMMU_ON[iommu === 'amd' ? 'amd' : 'intel']
  const ids = `vfio-pci.ids=${CHOSEN.map(device => device.id).join(',')}`
  for (const argument of [...on.arguments, ids]) {
    assert.ok(look.cmdline.includes(argument), `/proc/cmdline has ${argument}: ${look.cmdline.join(' ')}`)
  }
  const drivers = Object.fromEntries(
    CHOSEN.map(({ address }) => [address, look.devices.get(address)?.driver]),
  )
  assert.deepEqual(
    drivers,
    Object.fromEntries(CHOSEN.map(({ address }) => [address, 'vfio-pci'])),
    'driver links',
  )

  const groupOf = (address: string) => look.devices.get(address)?.group
  const card = groupOf(GUEST.graphicsCard.address)
  assert.deepEqual(
    membersOf(look, card),
    [GUEST.graphicsCard.address, GUEST.graphicsAudio.address],
    "the card's group",
  )
  const usb = groupOf(GUEST.usbController.address)
  assert.deepEqual(membersOf(look, usb), [GUEST.usbController.address], "the USB controller's group")
  assert.equal(look.devices.get(GUEST.bootDisplay.address)?.driver, 'bochs-drm', 'the host keeps its display')

  const isInImage = (name: RegExp, what: string) =>
    assert.ok(
      look.imageNames.some(path => name.test(path)),
      `${what} is in ${look.image}`,
    )
  isInImage(/\/vfio[-_]pci\.ko/, 'vfio-pci')
  isInImage(/modprobe\.d\/vfio\.conf$/, 'vfio.conf')
  assert.ok(
    look.imageFiles.some(line => /^(conf\/modules: |.*: rd\.driver\.pre=)vfio[-_]pci\b/.test(line)),
    `vfio-pci is loaded early from ${look.image}`,
  )
  const options = look.imageFiles.filter(line => /vfio\.conf: options vfio[-_]pci /.test(line))
  for (const { id } of CHOSEN)
    assert.ok(
      options.some(line => line.includes(id)),
      `${id} in the image's vfio.conf`,
    )

  assert.ok(
    look.messages.some(line => line.includes(on.message)),
    `the kernel says ${on.message}`,
  )
  const added = look.messages.filter(line => line.includes('vfio_pci: add ['))
  for (const { id } of CHOSEN)
    assert.ok(
      added.some(line => line.includes(`[${id}[`)),
      `the kernel says that ${id} was added`,
    )
}

/** AMD's IOMMU is on wherever firmware offers it: no argument, and no message that tells an argument was read. */
const IOMMU_ON = {
  intel: { arguments: ['intel_iommu=on'], message: 'DMAR: IOMMU enabled' },
  amd: { arguments: [], message: 'AMD-Vi: Found IOMMU' },
} as const

const membersOf = (look: Look, group: string | undefined): readonly string[] =>
  [...look.devices]
    .filter(([, device]) => device.group === group && group !== 'none')
    .map(([address]) => address)
