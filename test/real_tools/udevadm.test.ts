import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { editRules, RULES_FILE } from '../../src/host/address_binding.ts'
import { applyChanges } from '../../src/host/change.ts'
import type { PciDevice } from '../../src/host/host.ts'
import { aDevice, aHost } from '../builders.ts'

/**
 * udevd's own reading of our rule, for a device of the machine that runs this: `udevadm test` works the rules out and
 * tells what would be run, without running it. /etc/udev/rules.d is ours only within a mount namespace.
 */
const works = (command: string) => spawnSync('sh', ['-c', command], { stdio: 'ignore' }).status === 0
const missing = [
  ['udevadm is not installed', 'command -v udevadm'],
  ['only root may mount', '[ "$(id -u)" = 0 ] && unshare -m true'],
  ['there is no PCI device', 'ls -d /sys/bus/pci/devices/0*'],
  ['there is no /etc/udev/rules.d to mount over', '[ -d /etc/udev/rules.d ]'],
].find(([, command = '']) => !works(command))?.[0]

describe.skipIf(missing !== undefined)(
  `udevadm, the program${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder = ''
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'vfio-run-udev.'))
      mkdirSync(join(folder, 'rules.d'))
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    /** What udev says of an event of the device with these rules. */
    function tested(rules: string, { address }: PciDevice, action: string): string {
      writeFileSync(join(folder, 'rules.d', RULES_FILE.replace(/^.*\//, '')), rules)
      const script = 'mount --bind "$1" /etc/udev/rules.d && udevadm test --action="$2" "$3" 2>&1'
      const path = realpathSync(`/sys/bus/pci/devices/${address}`)
      const { stdout } = spawnSync(
        'unshare',
        ['-m', 'sh', '-c', script, '-', join(folder, 'rules.d'), action, path],
        { encoding: 'utf8' },
      )
      return stdout
    }

    const here = (): PciDevice => {
      const [address = ''] = readdirSync('/sys/bus/pci/devices').sort()
      const attribute = (name: string) =>
        readFileSync(`/sys/bus/pci/devices/${address}/${name}`, 'utf8').trim().slice(2)
      return aDevice({ address, id: `${attribute('vendor')}:${attribute('device')}` })
    }
    const rulesFor = (device: PciDevice) =>
      applyChanges(
        aHost({ files: {} }),
        editRules(aHost({ files: {} }), [{ device, driver: 'vfio-pci' }], () => false),
      ).files[RULES_FILE]?.bytes ?? ''

    it('would run one shell for the device, with the commands as one argument, before it loads modules', () => {
      const device = here()
      const said = tested(rulesFor(device), device, 'add')
      const run = said.split('\n').filter(line => /^run: '|^ *RUN/.test(line.trim()))
      const ours = run.findIndex(line => line.includes('driver_override'))
      expect(said).not.toMatch(new RegExp(`${RULES_FILE}:\\d+.*(nvalid|gnor|unknown)`, 'i'))
      expect(run[ours]).toContain(
        `/bin/sh -c 'cd /sys/bus/pci && echo vfio-pci >devices/${device.address}/driver_override; /sbin/modprobe -q vfio-pci; [ -e drivers/vfio-pci ] || exit 0; [ ! -e drivers/vfio-pci/${device.address} ] || exit 0; [ ! -e devices/${device.address}/driver ] || echo ${device.address} >devices/${device.address}/driver/unbind; echo ${device.address} >drivers_probe'`,
      )
      const kmod = run.findIndex(line => line.includes('kmod load'))
      expect(kmod === -1 || ours < kmod).toBe(true)
    })

    it.each<[string, (device: PciDevice) => PciDevice, string]>([
      ['a card that has come to its address', device => ({ ...device, device: 'ffff' }), 'add'],
      ['of another maker', device => ({ ...device, vendor: 'ffff' }), 'add'],
      ['the card at another address', device => ({ ...device, address: '0000:ff:1f.7' }), 'add'],
      ['a device that is told of without being new', device => device, 'change'],
    ])('would not run anything for %s', (_, differing, action) => {
      const device = here()
      expect(tested(rulesFor(differing(device)), device, action)).not.toContain('driver_override')
    })
  },
)
