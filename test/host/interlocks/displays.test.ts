import { describe, expect, it } from 'vitest'
import { editRules, RULES_FILE } from '../../../src/host/address_binding.ts'
import type { Holder, Host } from '../../../src/host/host.ts'
import { lossesOf } from '../../../src/host/interlocks/index.ts'
import { aDevice, aHost, withDevices, withFiles } from '../../builders.ts'
import { refusal, take } from './take.ts'

const CARD = '0000:0a:00.0'
const OTHER = '0000:0b:00.0'
const ANOTHER = aDevice({ address: OTHER, id: '1002:67df', driver: 'amdgpu' })
const aBmc = aDevice({ address: '0000:03:00.0', id: '1a03:2000', driver: 'ast', group: 30 })

describe('the boot display', () => {
  it('is not taken', () => {
    expect(refusal(aHost(), '0000:00:02.0', 'boot_display')).toEqual({
      why: '00:02.0 VGA controller [1234:1111] is the boot display: the console would go dark',
      hint: 'choose another device; or say allow: [boot_display], where ssh or a serial console reaches this host without it',
      allowed: true,
    })
  })

  it('has nothing more to lose once vfio-pci has it', () => {
    const host = aHost({ devices: [aBmc, aDevice({ bootVga: true, driver: 'vfio-pci' })] })
    expect(take(host, [CARD])).toBeUndefined()
  })
})

describe('a boot display that vfio-pci has only while a guest runs', () => {
  const host = aHost({
    devices: [aBmc, aDevice({ bootVga: true, driver: 'vfio-pci' })],
    owners: [{ owner: 'libvirt', device: CARD, driver: 'vfio-pci', evidence: '/etc/libvirt/qemu/win.xml' }],
  })

  it('comes back to the host, and is not taken for good unless allowed', () => {
    expect(take(host, [CARD])?.why).toBe(
      '0a:00.0 VGA controller [10de:13c2] is the boot display: the console would go dark',
    )
    expect(take(host, [CARD], { allow: ['boot_display'] })).toBeUndefined()
  })
})

describe('the last display', () => {
  const hint =
    'choose another device; or say allow: [last_display], where ssh or a serial console reaches this host without a display'

  it.each<[string, Host, string]>([
    [
      'that there is',
      aHost({ devices: [aDevice()] }),
      '0a:00.0 VGA controller [10de:13c2] is the last display of this host',
    ],
    [
      'that vfio-pci has left',
      aHost({ devices: [aDevice(), aDevice({ address: OTHER, driver: 'vfio-pci' })] }),
      '0a:00.0 VGA controller [10de:13c2] is the last display of this host: vfio-pci has the others',
    ],
    [
      'that the next boot leaves',
      withFiles(aHost({ devices: [aDevice(), ANOTHER] }), {
        [RULES_FILE]: editRules(aHost(), [{ device: ANOTHER, driver: 'vfio-pci' }], () => false)
          .flatMap(change => (change.kind === 'write' ? [change.after] : []))
          .join(''),
      }),
      '0a:00.0 VGA controller [10de:13c2] is the last display of this host: vfio-pci has the others',
    ],
    [
      'beside a card for computing, which has no connector',
      aHost({ devices: [aDevice(), aDevice({ address: OTHER, class: '030200' })] }),
      '0a:00.0 VGA controller [10de:13c2] is the last display of this host',
    ],
    [
      'beside its own virtual functions',
      aHost({ devices: [aDevice(), aDevice({ address: '0000:0a:00.1', physicalFunction: CARD })] }),
      '0a:00.0 VGA controller [10de:13c2] is the last display of this host',
    ],
  ])('%s', (_, host, why) => {
    expect(refusal(host, CARD, 'last_display')).toEqual({ why, hint, allowed: true })
  })

  it('all of several', () => {
    const host = aHost({ devices: [aDevice(), aDevice({ address: OTHER })] })
    expect(take(host, [CARD, OTHER])).toEqual({
      refused: true,
      why: '0a:00.0 VGA controller [10de:13c2] is a display of this host, and all of them would go',
      hint,
    })
  })

  it.each([
    ["ASPEED's, of a BMC", { id: '1a03:2000', driver: 'ast' }],
    ["Matrox', of a BMC, with no driver", { id: '102b:0534' }],
    ['an integrated GPU that is not the boot display', { id: '8086:4680', class: '038000', driver: 'i915' }],
  ])('a card is free where another display stays: %s', (_, device) => {
    const host = aHost({ devices: [aDevice(), aDevice({ address: OTHER, group: 41, ...device })] })
    expect(take(host, [CARD])).toBeUndefined()
  })

  it('a card for computing is no display', () => {
    expect(take(aHost({ devices: [aDevice({ class: '030200' })] }), [CARD])).toBeUndefined()
  })
})

describe('a display in use', () => {
  const held = (...holders: readonly Omit<Holder, 'device'>[]): Host =>
    withDevices(
      aHost({ holders: holders.map(holder => ({ device: CARD, ...holder })) }),
      aDevice({ driver: 'nouveau' }),
    )
  const xorg = { process: 'Xorg', pid: 812, path: '/dev/dri/card1' }

  it.each<[string, Host, string]>([
    [
      'by one program, however many files it has open',
      held(xorg, { ...xorg, path: '/dev/fb0' }),
      'Xorg (812) has /dev/dri/card1 open',
    ],
    [
      'by several',
      held(
        xorg,
        { process: 'ollama', pid: 99, path: '/dev/dri/renderD129' },
        { process: 'ollama', pid: 98, path: '/dev/nvidia0' },
      ),
      'Xorg (812) has /dev/dri/card1 open, ollama (99) has /dev/dri/renderD129 open and ollama (98) has /dev/nvidia0 open',
    ],
    [
      'by many',
      held(...[1, 2, 3, 4, 5].map(pid => ({ process: 'python3', pid, path: '/dev/nvidia0' }))),
      'python3 (1) has /dev/nvidia0 open, python3 (2) has /dev/nvidia0 open, python3 (3) has /dev/nvidia0 open and 2 more',
    ],
    [
      'by a program without a name',
      held({ ...xorg, process: '' }),
      'a program (812) has /dev/dri/card1 open',
    ],
  ])('%s', (_, host, programs) => {
    expect(refusal(host, CARD, 'display_in_use')).toEqual({
      why: `0a:00.0 VGA controller [10de:13c2] is in use: ${programs}`,
      hint: 'end them, or move them to another display, then run again; or say allow: [display_in_use], where these programs may lose it',
      allowed: true,
    })
  })

  it('by a session, though only the sound of the card was chosen: their group goes as one', () => {
    const sound = aDevice({ address: '0000:0a:00.1', id: '10de:0fbb', class: '040300' })
    expect(take(withDevices(held(xorg), sound), [sound.address])).toEqual({
      refused: true,
      why: '0a:00.1 is in one IOMMU group with 0a:00.0 VGA controller [10de:13c2], which is in use: Xorg (812) has /dev/dri/card1 open',
      hint: 'a group goes to a guest as a whole: move the card to another slot, or separate the groups with acs_override; or say allow: [display_in_use], where these programs may lose it',
    })
  })

  it.each([
    ['a guest that has it through VFIO', { path: '/dev/vfio/17', process: 'qemu-system-x86', pid: 7 }],
    ['a mixer of its sound', { path: '/dev/snd/controlC1', process: 'pipewire', pid: 7 }],
  ])('but not by %s', (_, holder) => {
    expect(take(held(holder), [CARD])).toBeUndefined()
  })

  it('but not by what has it open where vfio-pci has it already', () => {
    const host = withDevices(aHost({ holders: [{ device: CARD, ...xorg }] }), aDevice({ driver: 'vfio-pci' }))
    expect(lossesOf(host, aDevice({ driver: 'vfio-pci' }))).toEqual([])
    expect(take(host, [CARD])).toBeUndefined()
  })
})
