import { describe, expect, it } from 'vitest'
import { RULES_FILE } from '../../src/host/address_binding.ts'
import { boot } from '../../src/host/boot.ts'
import type { Host, InstalledKernel } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import { vfio_ids } from '../../src/modules/vfio_ids.ts'
import {
  aDevice,
  afterChanges,
  aHost,
  planned,
  withDevice,
  withDevices,
  withFiles,
  withGrub,
  withKernel,
  written,
} from '../builders.ts'
import { lifeOf } from './outcomes.ts'

const VFIO = '/etc/modprobe.d/vfio.conf'
const USB = '1033:0194'
const AT = '0000:02:00.0'
/** The host's own controller of the same kind. */
const TWIN = aDevice({ id: USB, class: '0c0330', driver: 'xhci_hcd' })
const plan = (host: Host, devices: readonly string[] = ['02:00.0'], args: Record<string, unknown> = {}) =>
  planned(vfio_ids, host, { devices, ...args })
const plain = (value = 'quiet') => withGrub(aHost(), `GRUB_CMDLINE_LINUX_DEFAULT="${value}"\n`)
const withTwin = (host: Host = plain()) => withDevices(host, TWIN)
const withoutTwin = (host: Host): Host => ({
  ...host,
  devices: host.devices.filter(({ address }) => address !== TWIN.address),
})
const bound = (host: Host = withTwin(), devices?: readonly string[]) =>
  afterChanges(host, plan(host, devices))
const rules = (host: Host) =>
  (host.files[RULES_FILE]?.bytes ?? '').match(/KERNEL=="[^"]*"/g)?.map(text => text.slice(9, -1)) ?? []
const variants = (...found: readonly string[]): Partial<InstalledKernel> => ({
  variants: found.map(text => {
    const [module = '', vendor = '', device = ''] = text.split(' ')
    return { module, vendor, device }
  }),
})

describe('a device whose id is not its own', () => {
  it('is bound by its address, and the plan says why', () => {
    const outcome = plan(withTwin())
    expect(outcome).toMatchObject({
      kind: 'change',
      why: `vfio-pci claims 02:00.0 by its address, because its id 1033:0194 is also that of 0a:00.0 USB controller, in ${VFIO} and ${RULES_FILE}`,
    })
    expect(written(outcome)[VFIO]).toBe('softdep xhci_pci pre: vfio-pci\n')
    expect(rules(bound())).toEqual([AT])
  })

  it('stands beside those that are bound by their ids', () => {
    expect(plan(withTwin(), ['02:00.0', '01:00.1']).why).toBe(
      `vfio-pci claims 8086:293e; 02:00.0 by its address, because its id 1033:0194 is also that of 0a:00.0 USB controller, in ${VFIO}, ${RULES_FILE} and /etc/default/grub`,
    )
  })

  it('is a change, then a reboot, then done', () => {
    const host = withTwin(aHost())
    expect(lifeOf(vfio_ids, host, { devices: ['02:00.0'] })).toEqual([
      'change',
      'pending reboot',
      'pending reboot',
      'converged',
    ])
    const after = withDevice(bound(host), AT, { driver: observed('vfio-pci') })
    expect(plan(after)).toEqual({ kind: 'converged', why: 'vfio-pci has 02:00.0 USB controller [1033:0194]' })
  })

  it('is bound by its id where all that have it are chosen', () => {
    const outcome = plan(withTwin(), [USB])
    expect(outcome.why).toContain('vfio-pci claims 1033:0194,')
    expect(Object.keys(written(outcome))).not.toContain(RULES_FILE)
  })

  it('stays bound as it is when its twin is chosen too, which then is bound in the same way', () => {
    const host = bound()
    expect(plan(host, [USB]).why).toContain(
      'vfio-pci claims 02:00.0 by its address, because it is bound so already; 0a:00.0 by its address, because 02:00.0 has the same id and is bound by its address',
    )
    expect(rules(bound(host, [USB]))).toEqual([AT, '0000:0a:00.0'])
  })

  it('is bound by its id again where that is asked for', () => {
    const host = bound()
    const outcome = plan(host, [USB], { bind: 'ids' })
    expect(written(outcome)).toMatchObject({ [RULES_FILE]: undefined })
    expect(written(outcome)[VFIO]).toContain('options vfio-pci ids=1033:0194')
  })
})

describe('further reasons to bind by address', () => {
  const builtin = withKernel(plain(), { builtins: ['xhci_pci'] })
  const virtual = (host: Host) => withDevice(host, AT, { physicalFunction: '0000:03:00.0' })
  it.each<[string, Host, Record<string, unknown>, string]>([
    [
      'a driver that is compiled in',
      builtin,
      {},
      'xhci_pci is compiled into kernel 6.1.0-56-amd64 and comes before ids are looked at',
    ],
    [
      'a VFIO driver made for it',
      withKernel(plain(), variants('any_vfio_pci 1033', 'nec_vfio_pci 1033 0194')),
      {},
      'nec_vfio_pci is the VFIO driver made for it',
    ],
    [
      'being a virtual function',
      virtual(plain()),
      {},
      'it is a virtual function of 03:00.0, which may have others of the same id',
    ],
    ['the word of the user', plain(), { bind: 'address' }, 'bind: address asks for it'],
  ])('%s', (_, host, args, because) => {
    expect(plan(host, undefined, args).why).toContain(
      `vfio-pci claims 02:00.0 by its address, because ${because}, in `,
    )
  })

  it.each<[string, Host]>([
    ['one that another kernel lacks', withKernel(plain(), variants())],
    ['one for another device', withKernel(plain(), variants('nec_vfio_pci 1033 0195'))],
    ['one for another maker', withKernel(plain(), variants('nec_vfio_pci 1034'))],
  ])('not a VFIO driver: %s', (_, host) => {
    const kernels = [
      ...host.kernels,
      ...plain().kernels.map(one => ({ ...one, release: '6.9', ...variants() })),
    ]
    expect(plan({ ...host, kernels }).why).toContain('vfio-pci claims 1033:0194,')
  })

  it('a VFIO driver of its own is what the device waits for', () => {
    const host = withKernel(aHost(), variants('nec_vfio_pci 1033 0194'))
    const on = (driver: string) => plan(withDevice(bound(host), AT, { driver: observed(driver) }))
    expect(on('vfio-pci')).toMatchObject({ kind: 'pending', needs: 'reboot' })
    expect(on('nec_vfio_pci')).toEqual({
      kind: 'converged',
      why: 'nec_vfio_pci has 02:00.0 USB controller [1033:0194]',
    })
  })

  it('an id that was claimed goes where the device is to be bound by its address', () => {
    const host = withFiles(plain('vfio-pci.ids=1:1,1033:0194'), {
      [VFIO]: 'options vfio-pci ids=1:1,1033:0194\n',
    })
    const files = written(plan(host, undefined, { bind: 'address' }))
    expect(files[VFIO]).toContain('options vfio-pci ids=1:1\n')
    expect(files['/etc/default/grub']).toContain('vfio-pci.ids=1:1"')
  })
})

describe('what is refused', () => {
  it.each<[string, Host, Record<string, unknown>, string, string]>([
    [
      'ids that take a device which was not chosen, where ids are asked for',
      withTwin(),
      { bind: 'ids' },
      '1033:0194 is also the id of 0a:00.0 USB controller [1033:0194], which was not chosen',
      'bind: ids would take both: choose both, or leave bind: ids out, and it is bound by its address',
    ],
    [
      'a driver that is compiled in, where ids are asked for',
      withKernel(plain(), { builtins: ['xhci_pci'] }),
      { bind: 'ids' },
      'xhci_pci is compiled into kernel 6.1.0-56-amd64 and takes 02:00.0 USB controller [1033:0194] before vfio-pci can',
      'bind it by its address (bind: address), or boot a kernel that has the driver as a module',
    ],
    [
      'a driver of graphics that is compiled in',
      withKernel(plain(), { builtins: ['radeon'] }),
      { devices: ['01:00.0'], bind: 'address' },
      'radeon is compiled into kernel 6.1.0-56-amd64 and takes 01:00.0 VGA controller [1002:5159] before vfio-pci can',
      'bind it at run time, or boot a kernel that has the driver as a module',
    ],
    [
      'an id that is claimed already, with a device which was not chosen',
      withTwin(withFiles(plain('vfio-pci.ids=1033:0194'), { [VFIO]: 'options vfio-pci ids=1033:0194\n' })),
      {},
      'vfio-pci claims 1033:0194 by its id already, and with it 0a:00.0 USB controller [1033:0194], which was not chosen',
      'choose both, or give the id back first: vfio_ids with state: absent and devices: ["1033:0194"]',
    ],
    [
      'a card that has moved',
      withDevices(
        withDevice(bound(), AT, { vendor: '8086', device: '10d3', class: '020000' }),
        aDevice({ address: '0000:0b:00.0', id: USB, class: '0c0330' }),
      ),
      { devices: ['01:00.0'] },
      `${RULES_FILE} binds 1033:0194 at 02:00.0, where 02:00.0 Ethernet controller [8086:10d3] is now, and 1033:0194 is at 0a:00.0, 0b:00.0: cards have moved`,
      'give the old address back (vfio_ids with state: absent and devices: ["02:00.0"]), then choose by where the card is',
    ],
    [
      'a card that has gone, and another in its place',
      withoutTwin(withDevice(bound(), AT, { vendor: '8086', device: '10d4' })),
      {},
      `${RULES_FILE} binds 1033:0194 at 02:00.0, where 02:00.0 USB controller [8086:10d4] is now, and no device has that id any more: cards have moved`,
      'give the old address back (vfio_ids with state: absent and devices: ["02:00.0"]), then choose by where the card is',
    ],
    [
      'a container, whose devices are not its own',
      { ...withTwin(), machine: { ...aHost().machine, container: 'lxc' } },
      {},
      'this is a container (lxc): the kernel, its command line and the devices are not its own',
      'name the machine that it runs on in the inventory',
    ],
    [
      'rules that are masked',
      { ...withTwin(), files: { ...plain().files, [RULES_FILE]: { bytes: '', mode: '666', masks: true } } },
      {},
      `${RULES_FILE} leads to /dev/null, so that no rule in it counts`,
      'remove that link, then run again',
    ],
    [
      'rules with Windows line ends',
      withFiles(withTwin(), { [RULES_FILE]: '# mine\r\n' }),
      {},
      `${RULES_FILE}:1 has Windows line ends (CRLF): # mine`,
      'convert it (sed -i "s/\\r$//" FILE), then run again',
    ],
    [
      'no initramfs generator that could carry the rule',
      withTwin({ ...plain(), tools: plain().tools.filter(tool => tool !== 'update-initramfs') }),
      {},
      'no initramfs generator was found (initramfs-tools, dracut, mkinitcpio, booster, rpm-ostree)',
      'install the one that your distribution uses, then run again',
    ],
  ])('%s', (_, host, { devices, ...args }, why, hint) => {
    const chosen = Array.isArray(devices) ? devices.map(String) : undefined
    // A rule of a twin that is there already must not hide what is asked for.
    expect(plan(host, chosen, args)).toEqual({ kind: 'blocked', why, hint })
  })
})

describe('giving back', () => {
  const absent = { state: 'absent' }

  it('takes away the rule, and leaves every byte as it was', () => {
    const host = withTwin()
    const after = bound(host)
    expect(afterChanges(after, plan(after, ['02:00.0'], absent)).files).toEqual(host.files)
  })

  it.each([
    ['its address', ['02:00.0']],
    ['its slot', ['02:00']],
    ['its id', [USB]],
  ])('by %s', (_, devices) => {
    const left = afterChanges(bound(), plan(bound(), devices, absent))
    expect(rules(left)).toEqual([])
  })

  it('leaves the rules of others, and says what is still claimed', () => {
    const both = bound(bound(), [USB])
    const outcome = plan(both, ['0a:00.0'], absent)
    expect(outcome.why).toBe(`vfio-pci claims only 02:00.0, in ${RULES_FILE}`)
    expect(rules(afterChanges(both, outcome))).toEqual([AT])
  })

  it('leaves the id that its twin has, and the twin with it', () => {
    const files = {
      [VFIO]: 'options vfio-pci ids=1033:0194\n',
      [RULES_FILE]: bound().files[RULES_FILE]?.bytes,
    }
    const host = withFiles(withTwin(plain('vfio-pci.ids=1033:0194')), files)
    expect(written(plan(host, ['02:00.0'], absent))).toEqual({ [RULES_FILE]: undefined })
  })

  it.each<[string, readonly string[]]>([
    ['its address', ['02:00.0']],
    ['its slot', ['02:00']],
    ['its id', [USB]],
  ])('works for a device that is gone, by %s', (_, devices) => {
    const after = bound(plain(), undefined)
    const host = { ...after, files: bound().files, devices: after.devices.filter(one => one.address !== AT) }
    expect(rules(afterChanges(host, plan(host, devices, absent)))).toEqual([])
  })

  it('has nothing to do for what is not there, as when it is run again', () => {
    const host = withTwin(aHost())
    expect(plan(host, ['0f:00.0', '0e:00'], absent)).toEqual({
      kind: 'converged',
      why: 'vfio-pci claims nothing: no 0f:00.0, 0e:00 on this host',
    })
  })

  it('does not guess which id was that of a device that is gone', () => {
    const claimed = withFiles(plain('vfio-pci.ids=10de:1b06'), { [VFIO]: 'options vfio-pci ids=10de:1b06\n' })
    const outcome = plan(claimed, ['0f:00.0'], absent)
    expect(outcome).toMatchObject({
      kind: 'pending',
      findings: [
        {
          severity: 'warning',
          what: 'no device 0f:00.0 on this host, and vfio-pci claims 10de:1b06, which no device here has',
          evidence: 'the ids of vfio-pci in modprobe.d and on the kernel command line',
          next: 'if that was it, give it back by its id: devices: ["10de:1b06"]',
        },
      ],
    })
    expect(plan(claimed, ['0f:00.0', '10de:1b06'], absent).findings ?? []).toEqual([])
  })

  it('names the twin that loses the id with it', () => {
    const both = bound(withTwin(), [USB])
    const byIds = withFiles(both, { [RULES_FILE]: undefined, [VFIO]: 'options vfio-pci ids=1033:0194\n' })
    expect(plan(byIds, ['02:00.0'], absent)).toMatchObject({
      kind: 'change',
      findings: [
        {
          severity: 'warning',
          what: '0a:00.0 USB controller [1033:0194] goes back to its own driver too: it was claimed by the same id',
          evidence: "vfio-pci's ids hold 1033:0194",
          next: 'choose it in a vfio_ids task of its own behind this one, which binds it by its address',
        },
      ],
    })
  })

  it('works for a card that has moved, and leaves what is there now alone', () => {
    const other = { vendor: '8086', device: '10d3', class: '020000' }
    const host = withFiles(withDevice(bound(), AT, other), {
      [VFIO]: 'options vfio-pci ids=8086:10d3\n',
    })
    expect(
      Object.keys(written(plan(withDevices(host, aDevice({ id: '8086:10d3' })), ['02:00.0'], absent))),
    ).toEqual([RULES_FILE, '/etc/default/grub'])
  })

  it('is not kept from it by a generator that could not carry the rule', () => {
    const host = { ...bound(), tools: bound().tools.filter(tool => tool !== 'update-initramfs') }
    expect(written(plan(host, ['02:00.0'], absent))).toMatchObject({ [RULES_FILE]: undefined })
  })

  it('waits for the boot while vfio-pci has the device', () => {
    const host = withDevice(withTwin(aHost()), AT, { driver: observed('vfio-pci') })
    expect(plan(host, ['02:00.0'], absent)).toMatchObject({ kind: 'pending', needs: 'reboot' })
  })
})

describe('after the boot', () => {
  const booted = (host: Host, address = AT) => boot(host).devices.find(one => one.address === address)

  it('the device is on the driver of its rule, and its twin where it was', () => {
    expect(booted(bound())).toMatchObject({
      driver: { is: 'predicted', value: 'vfio-pci' },
      driverOverride: 'vfio-pci',
    })
    expect(booted(bound(), '0000:0a:00.0')).toMatchObject({
      driver: { is: 'predicted', value: 'xhci_hcd' },
      driverOverride: '',
    })
  })

  it('a card that has come to the address keeps its driver', () => {
    const host = withDevice(bound(), AT, { device: '0195' })
    expect(booted(host)).toMatchObject({ driver: { value: 'xhci_hcd' }, driverOverride: '' })
  })

  it.each<[string, Host, string]>([
    [
      'of a virtual function',
      withDevice(bound(), AT, { physicalFunction: '0000:03:00.0' }),
      'a virtual function is not there before somebody has made it',
    ],
    [
      'where the kernel lacks the driver',
      withKernel(bound(withKernel(plain(), variants('nec_vfio_pci 1033 0194'))), {}),
      'kernel 6.1.0-56-amd64 has no nec_vfio_pci',
    ],
    [
      'without an IOMMU',
      { ...bound(), firmware: { ...aHost().firmware, tables: [] } },
      'without an IOMMU vfio-pci refuses it',
    ],
  ])('its driver is unknown %s', (_, host, why) => {
    expect(booted(host)?.driver).toEqual({ is: 'unknown', why })
  })

  it("an override that somebody set at run time is gone, and driverctl's is not", () => {
    const host = withDevice(aHost(), AT, { driverOverride: 'vfio-pci' })
    const owner = {
      owner: 'driverctl',
      device: AT,
      driver: 'vfio-pci',
      evidence: '/etc/driverctl.d/x',
    } as const
    expect(booted(host)?.driverOverride).toBe('')
    expect(booted({ ...host, owners: [owner] })?.driverOverride).toBe('vfio-pci')
  })
})
