import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressRuleOf,
  addressRules,
  editRules,
  movedRule,
  RULES_FILE,
  ruleHashes,
} from '../../src/host/address_binding.ts'
import { applyChanges } from '../../src/host/change.ts'
import type { Host, PciDevice } from '../../src/host/host.ts'
import { aDevice, aHost, withDevices, withFiles } from '../builders.ts'
import { anyBytes } from '../laws/hosts.ts'
import { isInstalled, SHELLS } from '../laws/shells.ts'

const CARD = aDevice()
const AUDIO = aDevice({ address: '0000:0a:00.1', id: '10de:0fbb', class: '040300' })
const host = withDevices(aHost(), CARD, AUDIO)
const none = () => false

const bind = (from: Host, device: PciDevice, driver = 'vfio-pci') =>
  applyChanges(from, editRules(from, [{ device, driver }], none))
const textOf = (from: Host) => from.files[RULES_FILE]?.bytes
const giveBack = (from: Host, device: PciDevice) =>
  applyChanges(
    from,
    editRules(from, [], rule => rule.address === device.address),
  )

const MATCHES =
  'ACTION=="add", SUBSYSTEM=="pci", KERNEL=="0000:0a:00.0", ATTR{vendor}=="0x10de", ATTR{device}=="0x13c2"'
const COMMANDS =
  'cd /sys/bus/pci && echo vfio-pci >devices/0000:0a:00.0/driver_override; /sbin/modprobe -q vfio-pci; [ -e drivers/vfio-pci ] || exit 0; [ ! -e drivers/vfio-pci/0000:0a:00.0 ] || exit 0; [ ! -e devices/0000:0a:00.0/driver ] || echo 0000:0a:00.0 >devices/0000:0a:00.0/driver/unbind; echo 0000:0a:00.0 >drivers_probe'
const RULE = `${MATCHES}, RUN+="/bin/sh -c '${COMMANDS}'"\n`

describe('a rule', () => {
  it('knows the device by address, vendor and device', () => {
    expect(textOf(bind(host, CARD))).toMatch(/^# Kept by vfio-run[^\n]*\n/)
    expect(textOf(bind(host, CARD))?.split('\n').slice(1).join('\n')).toBe(RULE)
  })

  it('is short enough for the buffer of older versions of udev', () => {
    const longest = aDevice({ address: '0000ffff:ff:1f.7' })
    expect(textOf(bind(host, longest, 'hisi_acc_vfio_pci'))?.split('\n')[1]?.length).toBeLessThan(1024)
  })

  it('is read back as what it does', () => {
    expect(addressRules(bind(bind(host, CARD), AUDIO, 'mlx5_vfio_pci'))).toMatchObject([
      { address: '0000:0a:00.0', id: '10de:13c2', driver: 'vfio-pci' },
      { address: '0000:0a:00.1', id: '10de:0fbb', driver: 'mlx5_vfio_pci' },
    ])
  })

  it('is for the card that it names, not for another at its address', () => {
    const bound = bind(host, CARD)
    expect(addressRuleOf(bound, CARD)?.driver).toBe('vfio-pci')
    expect(addressRuleOf(bound, { ...CARD, device: 'ffff' })).toBeUndefined()
    expect(addressRuleOf(bound, { ...CARD, address: '0000:0b:00.0' })).toBeUndefined()
  })

  it('shows that a card has moved where another one is at its address', () => {
    expect(movedRule(bind(host, CARD))).toBeUndefined()
    expect(movedRule(bind(host, { ...CARD, device: 'ffff' }))).toMatchObject({
      rule: { id: '10de:ffff' },
      now: { address: CARD.address },
    })
    expect(movedRule(bind(host, { ...CARD, address: '0000:7f:00.0' }))).toBeUndefined()
  })
})

describe('the file', () => {
  it('is not written where all is as it must be', () => {
    const bound = bind(host, CARD)
    expect(editRules(bound, [{ device: CARD, driver: 'vfio-pci' }], none)).toEqual([])
  })

  it('goes with the last rule', () => {
    expect(giveBack(giveBack(bind(bind(host, CARD), AUDIO), CARD), AUDIO).files).toEqual(host.files)
  })

  it.each([
    ['for another driver', bind(host, CARD, 'other_vfio_pci')],
    ['for another card', bind(host, { ...CARD, device: 'ffff' })],
    [
      'of an earlier version',
      withFiles(host, { [RULES_FILE]: RULE.replace('; echo 0000:0a:00.0 >drivers_probe', '; true') }),
    ],
    ['that stands there twice', withFiles(host, { [RULES_FILE]: RULE + RULE })],
  ])('has one rule in the place of one %s', (_, before) => {
    expect(addressRules(bind(before, CARD))).toMatchObject([{ id: '10de:13c2', driver: 'vfio-pci' }])
    expect(textOf(bind(before, CARD))?.endsWith(RULE)).toBe(true)
  })

  it.each([
    ['a line', '# mine\nKERNEL=="kvm", MODE="0666"\n', ''],
    ['a line without an end', 'KERNEL=="kvm", MODE="0666"', '\n'],
    ['a line that goes on', 'KERNEL=="kvm", \\\n', '\n'],
    ['a backslash at the end', 'KERNEL=="kvm", \\', '\n\n'],
    ['bytes that are no text', '\xff\xfe\x00\n', ''],
  ])('keeps what somebody else has written there: %s', (_, others, between) => {
    const bound = bind(withFiles(host, { [RULES_FILE]: others }), CARD)
    expect(textOf(bound)).toBe(others + between + RULE)
    expect(addressRules(bound)).toHaveLength(1)
    expect(textOf(giveBack(bound, CARD))).toBe(others + between)
  })

  it('has no rule in a line that goes on from the one before', () => {
    expect(addressRules(withFiles(host, { [RULES_FILE]: `KERNEL=="kvm", \\\n${RULE}` }))).toEqual([])
    expect(addressRules(withFiles(host, { [RULES_FILE]: `# kvm \\\n${RULE}` }))).toHaveLength(1)
  })

  it('has none where it leads to /dev/null', () => {
    const masked: Host = { ...host, files: { [RULES_FILE]: { bytes: '', mode: '666', masks: true } } }
    expect([addressRules(masked), ruleHashes(masked)]).toEqual([[], {}])
  })

  it('whatever it holds, is edited without a loss, and once', () => {
    const bytes = fc.oneof(anyBytes(), fc.constantFrom(RULE, `${RULE}x\n`, `x\\\n${RULE}`, '#\n'))
    fc.assert(
      fc.property(bytes, others => {
        const bound = bind(withFiles(host, { [RULES_FILE]: others }), CARD)
        expect(addressRuleOf(bound, CARD)).toBeDefined()
        expect(bind(bound, CARD)).toEqual(bound)
      }),
    )
  })
})

const shells = SHELLS.filter(isInstalled)

describe.each(shells.map(shell => [shell.name, shell] as const))(
  'the program of a rule, under %s',
  (_, shell) => {
    interface Bus {
      /** Driver that has the device; '' for none. */
      readonly driver: string
      /** Whether modprobe finds vfio-pci. */
      readonly has: boolean
    }

    /** Runs it on a bus that is a folder: what it writes stays to be seen. */
    function run({ driver, has }: Bus) {
      const folder = mkdtempSync(join(tmpdir(), 'vfio-run-bus.'))
      try {
        const bus = join(folder, 'bus')
        const device = join(bus, 'devices/0000:0a:00.0')
        for (const path of [device, join(bus, 'drivers/nouveau')]) mkdirSync(path, { recursive: true })
        const loaded = driver === 'vfio-pci' ? ['vfio-pci'] : []
        for (const name of [driver, ...loaded].filter(Boolean)) {
          mkdirSync(join(bus, 'drivers', name), { recursive: true })
          symlinkSync(join(bus, 'drivers', name), join(device, 'driver'), 'dir')
          symlinkSync(device, join(bus, 'drivers', name, '0000:0a:00.0'), 'dir')
          break
        }
        const modprobe = join(folder, 'modprobe')
        const load = has ? `mkdir -p ${bus}/drivers/vfio-pci` : 'exit 1'
        writeFileSync(modprobe, `#!/bin/sh\necho "$@" >>${folder}/asked\n${load}\n`, { mode: 0o755 })
        const program = COMMANDS.replace('/sys/bus/pci', bus).replace('/sbin/modprobe', modprobe)
        const [command, ...args] = shell.argv
        const { status, stderr } = spawnSync(command, [...args, '-c', program], {
          encoding: 'utf8',
          env: {},
          stdio: ['ignore', 'pipe', 'pipe'],
        })
        const read = (path: string) =>
          existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8').trim() : undefined
        return {
          status,
          stderr,
          override: read('bus/devices/0000:0a:00.0/driver_override'),
          asked: read('asked'),
          unbound: driver === '' ? undefined : read(`bus/drivers/${driver}/unbind`),
          probed: read('bus/drivers_probe'),
        }
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
    const ADDRESS = '0000:0a:00.0'
    const always = { status: 0, stderr: '', override: 'vfio-pci', asked: '-q vfio-pci' }

    it.each<[string, Bus, object]>([
      ['is on no driver', { driver: '', has: true }, { ...always, unbound: undefined, probed: ADDRESS }],
      ['is on its own', { driver: 'nouveau', has: true }, { ...always, unbound: ADDRESS, probed: ADDRESS }],
      [
        'is on vfio-pci',
        { driver: 'vfio-pci', has: true },
        { ...always, unbound: undefined, probed: undefined },
      ],
      [
        'is on its own, and vfio-pci is not in this image',
        { driver: 'nouveau', has: false },
        { ...always, unbound: undefined, probed: undefined },
      ],
    ])('does what is needed where the device %s', (_, bus, expected) => {
      expect(run(bus)).toEqual(expected)
    })
  },
)
