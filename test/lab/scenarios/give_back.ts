import assert from 'node:assert/strict'
import { CHOSEN } from '../devices.ts'
import { handOver } from '../hand_over.ts'
import type { Scenario } from '../lab.ts'
import { lookAt } from '../look.ts'
import { countsOf, runPlaybook } from '../tool.ts'

/** `vfio_state: absent`: the devices go back to the host's own drivers, and nothing claims them any more. */
export const giveBack: Scenario = {
  name: 'give-back',
  summary: 'what was handed over is given back by vfio_state: absent, and stays so',
  machine: 'intel',
  proves: { bootloader: 'GRUB', initramfs: 'initramfs-tools' },
  async run(lab, machine) {
    await handOver(lab, machine)
    const vars = { vfio_devices: CHOSEN.map(device => device.id), vfio_state: 'absent' }
    const run = await lab.step('give the devices back', () => runPlaybook(lab, machine, { vars }))
    assert.equal(run.exitCode, 0)

    const look = await lab.step('independent look', () => lookAt(machine))
    lab.say(look.text)
    assert.deepEqual(
      look.cmdline.filter(argument => argument.startsWith('vfio')),
      [],
      '/proc/cmdline claims nothing',
    )
    for (const { address } of CHOSEN) {
      const driver = look.devices.get(address)?.driver
      assert.ok(
        driver !== undefined && driver !== 'vfio-pci',
        `${address} is back on a driver of its own: ${driver}`,
      )
    }
    assert.ok(
      !look.imageNames.some(name => name.endsWith('modprobe.d/vfio.conf')),
      'vfio.conf is not in the initramfs',
    )

    const second = await lab.step('second run', () => runPlaybook(lab, machine, { vars }))
    assert.deepEqual(
      { exitCode: second.exitCode, changed: countsOf(second).changed },
      { exitCode: 0, changed: 0 },
    )
  },
}
