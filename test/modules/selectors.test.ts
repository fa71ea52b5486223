import { expect, it } from 'vitest'
import { unknown } from '../../src/host/known.ts'
import { describeModule } from '../../src/modules/document.ts'
import { verify_groups } from '../../src/modules/verify_groups.ts'
import { aHost, planned, withDevice } from '../builders.ts'
import { complaint } from './outcomes.ts'

const USB = '0000:02:00.0'

it('a module takes devices by what they are', () => {
  expect(planned(verify_groups, aHost(), { devices: [{ class: 'usb', slot: '02:00', at_most: 1 }] })).toEqual(
    planned(verify_groups, aHost(), { devices: [USB] }),
  )
})

it('a selector that chooses nothing blocks, and says what there is', () => {
  expect(planned(verify_groups, aHost(), { devices: [{ class: 'usb', vendor: 'nvidia' }] })).toEqual({
    kind: 'blocked',
    why: 'no device {class: usb, vendor: nvidia} on this host',
    hint: expect.stringMatching(/^it has .*02:00\.0 USB controller \[1033:0194\]/),
  })
})

it('a whole group that only the next boot makes is unknown until then', () => {
  const later = withDevice(aHost(), USB, { group: unknown('groups are made at the next boot') })
  expect(planned(verify_groups, later, { devices: [{ id: '1033:0194', group: 'whole' }] })).toEqual({
    kind: 'unknown',
    why: 'the group of 02:00.0 USB controller [1033:0194], which {id: 1033:0194, group: whole} chooses: groups are made at the next boot',
  })
})

it('what is wrong with a selector is told of its place in the list', () => {
  const parsed = verify_groups.args.safeParse({ devices: ['02:00', { class: 'usb', at_most: 0 }] })
  expect(parsed.error?.issues.map(({ path }) => path)).toEqual([['devices', 1, 'at_most']])
  expect(complaint(verify_groups, { devices: [] })).toMatch(/1/)
})

it('the documentation says that both forms will do', () => {
  expect(describeModule(verify_groups)).toContain('- `devices`: list of strings or mappings, required. ')
})
