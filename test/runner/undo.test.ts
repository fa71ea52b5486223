import { expect, it } from 'vitest'
import type { Change } from '../../src/host/change.ts'
import { observed, unknown } from '../../src/host/known.ts'
import type { Plan } from '../../src/runner/plan.ts'
import { undoPlan } from '../../src/runner/undo.ts'
import { aDevice, aHost, withDevice, withDevices, withFiles } from '../builders.ts'

const planOf = (changes: readonly Change[]): Plan => ({
  outcomes: [],
  changes,
  rebuilds: [],
  keeps: [],
  restoredBy: [],
  predicted: aHost(),
})

const [CARD, AUDIO] = ['0000:0a:00.0', '0000:0a:00.1']
const bind = (address: string, from: string, to: string): Change => ({
  kind: 'bind',
  address,
  id: '10de:13c2',
  from,
  to,
  timeout: 30,
})
const seen = withDevices(
  aHost(),
  aDevice({ address: CARD, driver: 'vfio-pci' }),
  aDevice({ address: AUDIO, driver: 'vfio-pci' }),
)

it('devices go back to the drivers they were on, the last first, and keep no override', () => {
  const plan = planOf([bind(AUDIO, 'snd_hda_intel', 'vfio-pci'), bind(CARD, '', 'vfio-pci')])
  expect(undoPlan(plan, seen).changes).toEqual([
    { ...bind(CARD, 'vfio-pci', ''), override: '' },
    { ...bind(AUDIO, 'vfio-pci', 'snd_hda_intel'), override: '' },
  ])
})

it('what the kernel has chosen is taken from there', () => {
  const plan = planOf([bind(CARD, 'vfio-pci', '')])
  const chosen = withDevice(seen, CARD, { driver: observed('nouveau') })
  expect(undoPlan(plan, chosen).changes).toEqual([{ ...bind(CARD, 'nouveau', 'vfio-pci'), override: '' }])
})

it('a device that was moved twice goes to where the first move has found it', () => {
  const plan = planOf([bind(CARD, 'nouveau', 'vfio-pci'), bind(CARD, 'vfio-pci', '')])
  const none = withDevice(seen, CARD, { driver: observed('') })
  expect(undoPlan(plan, none).changes).toEqual([{ ...bind(CARD, '', 'nouveau'), override: '' }])
  expect(undoPlan(plan, withDevice(seen, CARD, { driver: observed('nouveau') })).changes).toEqual([])
})

it.each([
  ['is where it was', { driver: observed('nouveau') }],
  ['cannot be seen', { driver: unknown('hidden') }],
])('a device that %s is left alone', (_, device) => {
  const plan = planOf([bind(CARD, 'nouveau', 'vfio-pci')])
  expect(undoPlan(plan, withDevice(seen, CARD, device)).changes).toEqual([])
})

it('files and programs come back beside them', () => {
  const plan = planOf([
    { kind: 'write', path: '/etc/x', before: 'a', after: 'b' },
    { kind: 'run', argv: ['tool', 'on'], reason: 'its own', edits: [], undo: ['tool', 'off'] },
    { kind: 'run', argv: ['modprobe', 'vfio-pci'], reason: 'not loaded', edits: [] },
    bind(CARD, 'nouveau', 'vfio-pci'),
  ])
  expect(undoPlan(plan, withFiles(seen, { '/etc/x': 'b' })).changes).toEqual([
    { ...bind(CARD, 'vfio-pci', 'nouveau'), override: '' },
    { kind: 'run', argv: ['tool', 'off'], reason: 'undo', edits: [] },
    { kind: 'write', path: '/etc/x', before: 'b', after: 'a' },
  ])
})
