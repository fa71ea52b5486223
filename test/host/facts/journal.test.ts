import { describe, expect, it } from 'vitest'
import { journal } from '../../../src/host/facts/journal.ts'
import { parsesAnything } from './any_output.ts'

describe('what earlier runs left', () => {
  it('is a lock, the last reboot with its reasons, and what was rebuilt', () => {
    const record = { bootId: 'ef94d3d1', reasons: ['intel_iommu=on'] }
    expect(
      journal.parse({ lock: 'alice run-1\n', reboot: JSON.stringify(record), rebuilt: 'a\nb\n' }),
    ).toEqual({
      lock: 'alice run-1',
      reboot: record,
      rebuilt: ['a', 'b'],
    })
  })

  it('tells which devices were together before that reboot, of what is there to be read', () => {
    const record = { bootId: 'a', reasons: [], groups: [['0000:00:01.0', '0000:01:00.0'], [7], 'x'] }
    const { reboot } = journal.parse({ lock: '', reboot: JSON.stringify(record), rebuilt: '' })
    expect(reboot?.groups).toEqual([['0000:00:01.0', '0000:01:00.0'], []])
  })

  it.each(['', '{', 'null', '[]', '{"bootId":1,"reasons":[]}', '{"bootId":"a"}'])(
    'a record that reads %j is none',
    reboot => {
      expect(journal.parse({ lock: '', reboot, rebuilt: '' }).reboot).toBeUndefined()
    },
  )
})

it('any output gives a value', () => {
  parsesAnything(journal)
})
