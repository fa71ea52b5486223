import { expect, it } from 'vitest'
import { reboot } from '../../src/modules/reboot.ts'
import { aHost, planned } from '../builders.ts'
import { complaint } from './outcomes.ts'

it('a reboot that was asked for is due', () => {
  expect(planned(reboot, aHost())).toMatchObject({
    kind: 'pending',
    needs: 'reboot',
    why: 'a reboot was asked for',
  })
})

it('has times that it waits by default', () => {
  expect(reboot.args.parse({})).toEqual({
    reboot_timeout: 600,
    connect_timeout: 15,
    pre_reboot_delay: 0,
    post_reboot_delay: 0,
    test_command: '',
    always: false,
    msg: 'vfio-run: reboot for PCI passthrough',
  })
})

it.each([{ reboot_timeout: 0 }, { connect_timeout: -1 }, { msg: '$(reboot)' }, { timeout: 5 }])(
  '%j is refused',
  args => {
    expect(complaint(reboot, args)).not.toBe('')
  },
)
