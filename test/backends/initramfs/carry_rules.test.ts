import { describe, expect, it } from 'vitest'
import { booster } from '../../../src/backends/initramfs/booster.ts'
import { dracut } from '../../../src/backends/initramfs/dracut.ts'
import type { InitramfsGenerator } from '../../../src/backends/initramfs/generator.ts'
import { initramfsTools } from '../../../src/backends/initramfs/initramfs_tools.ts'
import { mkinitcpio } from '../../../src/backends/initramfs/mkinitcpio.ts'
import { rpmOstree } from '../../../src/backends/initramfs/rpm_ostree.ts'
import { editRules, RULES_FILE, ruleHashes } from '../../../src/host/address_binding.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host, Image } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aDevice, aHost, withFiles } from '../../builders.ts'

const PATH = '/boot/initrd.img-6.1.0-56-amd64'
const MAIN = '/etc/mkinitcpio.conf'
const DROP_IN = '/etc/dracut.conf.d/vfio.conf'
const ITEMS = `install_items+=" ${RULES_FILE} "\n`
const HOOKS = 'HOOKS=(base udev modconf)\n'

const image: Image = { path: PATH, release: '6.1.0-56-amd64', madeBy: '', modules: [], loads: [], files: {} }
const aMachine = (files: Readonly<Record<string, string>>): Host =>
  withFiles(aHost({ files: {}, images: { [PATH]: observed(image) } }), files)
const withRule = (host: Host): Host =>
  applyChanges(
    host,
    editRules(host, [{ device: aDevice(), driver: 'vfio-pci' }], () => false),
  )
const withoutRule = (host: Host): Host => withFiles(host, { [RULES_FILE]: undefined })

function carried(generator: InitramfsGenerator, host: Host): Host {
  const changes = generator.carryRules(host)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}
const textOf = (host: Host, path: string) => host.files[path]?.bytes

describe('the rules that bind by address', () => {
  it.each<[string, InitramfsGenerator, Record<string, string>]>([
    ['initramfs-tools', initramfsTools, {}],
    ['dracut', dracut, {}],
    ['dracut, of this host only', dracut, { '/etc/dracut.conf': 'hostonly="yes"\n' }],
    ['mkinitcpio', mkinitcpio, { [MAIN]: HOOKS }],
    ['mkinitcpio, with systemd', mkinitcpio, { [MAIN]: 'HOOKS=(base systemd modconf)\nFILES=(/etc/a)\n' }],
  ])('are in the images of %s, once, and with their content', (_, generator, files) => {
    const host = carried(generator, withRule(aMachine(files)))
    expect(generator.carryRules(host)).toEqual([])
    expect(generator.images.isStale(host)).toBe(`${PATH} holds no ${RULES_FILE}`)
    const made = generator.images.derive(host)
    expect(made.images[PATH]).toMatchObject({ value: { files: ruleHashes(host) } })
    expect(generator.images.isStale(made)).toBeUndefined()
    const other = withFiles(made, { [RULES_FILE]: '# nothing any more\n' })
    expect(generator.images.isStale(other)).toBe(`${PATH} holds an older ${RULES_FILE}`)
    const gone = carried(generator, withoutRule(made))
    expect(generator.images.isStale(gone)).toBe(
      `${PATH} still holds ${RULES_FILE}, which is gone from the host`,
    )
    expect(Object.values(gone.files).filter(({ bytes }) => bytes.includes(RULES_FILE))).toEqual([])
  })

  it.each<[string, InitramfsGenerator, Record<string, string>, string, string]>([
    ['starts our drop-in', dracut, {}, DROP_IN, ITEMS],
    ['goes on in it', dracut, { [DROP_IN]: '# mine' }, DROP_IN, `# mine\n${ITEMS}`],
    ['is a list of its own', mkinitcpio, { [MAIN]: HOOKS }, MAIN, `${HOOKS}FILES+=(${RULES_FILE})\n`],
    [
      'is added to the list',
      mkinitcpio,
      { [MAIN]: `FILES=(/etc/a)\n${HOOKS}` },
      MAIN,
      `FILES=(/etc/a ${RULES_FILE})\n${HOOKS}`,
    ],
    [
      'is added to an empty one',
      mkinitcpio,
      { [MAIN]: `FILES=""\n${HOOKS}` },
      MAIN,
      `FILES="${RULES_FILE}"\n${HOOKS}`,
    ],
  ])('the name of their file %s', (_, generator, files, path, expected) => {
    expect(textOf(carried(generator, withRule(aMachine(files))), path)).toBe(expected)
  })

  it('leave a list as it was, and no file that says nothing', () => {
    const before = aMachine({ [MAIN]: `FILES=(/etc/a)\n${HOOKS}` })
    expect(carried(mkinitcpio, withoutRule(carried(mkinitcpio, withRule(before))))).toEqual(before)
    const unlisted = aMachine({ [MAIN]: HOOKS })
    expect(carried(mkinitcpio, withoutRule(carried(mkinitcpio, withRule(unlisted))))).toEqual(unlisted)
    const none = aMachine({})
    expect(carried(dracut, withoutRule(carried(dracut, withRule(none))))).toEqual(none)
  })

  it('are nothing to a generator where there are none', () => {
    for (const generator of [initramfsTools, dracut, booster, rpmOstree])
      expect(generator.carryRules(aMachine({}))).toEqual([])
    expect(mkinitcpio.carryRules(aMachine({ [MAIN]: HOOKS }))).toEqual([])
  })

  it('are there already where an rpm-ostree system carries them', () => {
    const host = withRule(aMachine({}))
    const images = { [PATH]: observed({ ...image, files: ruleHashes(host) }) }
    expect(rpmOstree.carryRules({ ...host, images })).toEqual([])
  })
})

const BY_IDS = 'choose all devices of that id, or none, and bind by ids'

describe('what cannot carry or run them is refused', () => {
  it.each<[string, InitramfsGenerator, Record<string, string>, string, string]>([
    [
      'booster',
      booster,
      {},
      "booster's images have neither udev nor a shell, so that nothing in them could bind a device by its address",
      `${BY_IDS}; or let dracut or mkinitcpio make the images`,
    ],
    [
      'rpm-ostree',
      rpmOstree,
      {},
      `a device that is bound by its address needs ${RULES_FILE} in the images, and this system's are not made on the host (rpm-ostree)`,
      `${BY_IDS}; or write the rule by hand and put it into the images with rpm-ostree initramfs-etc --track=${RULES_FILE}`,
    ],
    [
      'mkinitcpio without udev',
      mkinitcpio,
      { [MAIN]: 'HOOKS=(base modconf)\n' },
      `mkinitcpio makes images without udev (HOOKS in ${MAIN}), so that nothing in them could bind a device by its address`,
      `add that to HOOKS; or ${BY_IDS}`,
    ],
    [
      'mkinitcpio with systemd alone',
      mkinitcpio,
      { [MAIN]: 'HOOKS=(systemd modconf)\n' },
      `mkinitcpio makes images without a shell: the systemd hook without base (HOOKS in ${MAIN}), so that nothing in them could bind a device by its address`,
      `add that to HOOKS; or ${BY_IDS}`,
    ],
    [
      'a list of dracut that is set anew',
      dracut,
      { '/etc/dracut.conf.d/zz.conf': 'install_items=" /etc/a "\n' },
      `/etc/dracut.conf.d/zz.conf:1 sets install_items anew, after ${DROP_IN} and whatever that adds to it`,
      `write += there, with a blank at both ends of the list, or rename that file so that it comes before ${DROP_IN}; then run again`,
    ],
    [
      'a list that cannot be edited safely',
      mkinitcpio,
      { [MAIN]: `FILES="a"'b'\n${HOOKS}` },
      `${MAIN}:1 writes FILES in a way that cannot be edited safely`,
      'write it as FILES=(NAME …), then run again',
    ],
  ])('%s', (_, generator, files, why, hint) => {
    expect(generator.carryRules(withRule(aMachine(files)))).toEqual({ refused: true, why, hint })
  })
})
