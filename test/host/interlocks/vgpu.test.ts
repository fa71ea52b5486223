import { expect, it } from 'vitest'
import { aDevice, aHost, withDevices } from '../../builders.ts'
import { refusal, take } from './take.ts'

const CARD = '0000:0a:00.0'
const hint = 'choose another device; or say allow: [vgpu], where no guest needs its virtual GPUs any longer'

it.each([
  [
    'virtual GPUs exist',
    { driver: 'nvidia', mediated: true },
    [CARD],
    '0a:00.0 VGA controller [10de:13c2] has virtual GPUs that nvidia has made of it (mediated devices): they would go with it',
  ],
  [
    'they can be made',
    { driver: 'i915', mediated: true },
    [],
    '0a:00.0 VGA controller [10de:13c2] is set up for virtual GPUs, which only i915 can make of it',
  ],
  [
    'nobody tells who makes them',
    { driver: '' },
    [CARD],
    '0a:00.0 VGA controller [10de:13c2] has virtual GPUs that its driver has made of it (mediated devices): they would go with it',
  ],
])('a card that is divided among guests is not taken: %s', (_, device, mediatedParents, why) => {
  expect(refusal(withDevices(aHost({ mediatedParents }), aDevice(device)), CARD, 'vgpu')).toEqual({
    why,
    hint,
    allowed: true,
  })
})

it('another card is free', () => {
  expect(take(withDevices(aHost({ mediatedParents: ['0000:0b:00.0'] }), aDevice()), [CARD])).toBeUndefined()
})
