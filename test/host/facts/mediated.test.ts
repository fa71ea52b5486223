import { describe, expect, it } from 'vitest'
import { mediatedParents } from '../../../src/host/facts/mediated.ts'
import { parsesAnything } from './any_output.ts'
import { type Contents, factOf, REAL_SHELLS } from './real_shells.ts'

const UUID = 'c2177883-f1bb-47f0-914d-32a22e3a8804'
const CONTENTS: Contents = {
  [`/sys/bus/mdev/devices/${UUID}`]: {
    to: `../../../devices/pci0000:00/0000:00:02.0/${UUID}`,
  },
  '/sys/bus/pci/devices/0000:41:00.4/nvidia/current_vgpu_type': '1414\n',
  '/sys/bus/pci/devices/0000:41:00.5/nvidia/current_vgpu_type': '0\n',
}

describe('devices that are divided among guests', () => {
  it('are none in a look that did not ask', () => {
    expect(mediatedParents.parse({ mdev: '', nvidia: '' })).toEqual([])
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing)('are parents of mediated devices, and functions with a vGPU type', () => {
      expect(factOf(mediatedParents, argv, CONTENTS)).toEqual(['0000:00:02.0', '0000:41:00.4'])
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(mediatedParents)
})
