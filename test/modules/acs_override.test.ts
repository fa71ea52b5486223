import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { acs_override } from '../../src/modules/acs_override.ts'
import { aHost, planned, withCmdline, withGrub, withLog, written } from '../builders.ts'
import { complaint, lifeOf } from './outcomes.ts'

const grubIs = (value: string) => withGrub(aHost(), `GRUB_CMDLINE_LINUX_DEFAULT="${value}"\n`)
const plan = (host: Host, args: Record<string, unknown> = {}) =>
  planned(acs_override, host, { accept_risk: true, ...args })

describe('the ACS override', () => {
  it('is refused until its risk is accepted, but for taking it away', () => {
    const refusal = 'the ACS override gives up the isolation between devices, and nobody has accepted that'
    expect(complaint(acs_override, {})).toBe(refusal)
    expect(complaint(acs_override, { accept_risk: false })).toBe(refusal)
    expect(complaint(acs_override, { accept_risk: true })).toBe('')
    expect(complaint(acs_override, { state: 'absent' })).toBe('')
  })

  it.each([
    ['downstream by default', 'quiet', {}, 'quiet pcie_acs_override=downstream'],
    ['single ports', 'quiet', { values: ['id:8086:a110'] }, 'quiet pcie_acs_override=id:8086:a110'],
    [
      'joins what is there',
      'pcie_acs_override=downstream',
      { values: ['multifunction'] },
      'pcie_acs_override=downstream,multifunction',
    ],
    [
      'takes only its values away',
      'pcie_acs_override=downstream,multifunction',
      { state: 'absent', accept_risk: false },
      'pcie_acs_override=multifunction',
    ],
  ])('%s', (_, before, args, after) => {
    expect(written(plan(grubIs(before), args))).toEqual({
      '/etc/default/grub': `GRUB_CMDLINE_LINUX_DEFAULT="${after}"\n`,
    })
  })

  it('is a change, then a stale menu, then a reboot, then done', () => {
    expect(lifeOf(acs_override, aHost(), { accept_risk: true })).toEqual([
      'change',
      'pending rebuild',
      'pending reboot',
      'converged',
    ])
  })

  it('no values ask for nothing', () => {
    expect(plan(aHost(), { values: [] })).toEqual({ kind: 'converged', why: 'no values are asked for' })
  })

  it('taking away what is not there changes nothing', () => {
    expect(plan(aHost(), { state: 'absent' })).toEqual({
      kind: 'converged',
      why: 'no pcie_acs_override=downstream on the kernel command line',
    })
  })
})

describe('a kernel without the patch', () => {
  const line =
    'Unknown kernel command line parameters "pcie_acs_override=downstream", will be passed to user space.'
  const host = withLog(withCmdline(aHost(), 'ro pcie_acs_override=downstream'), [line])

  it('says so itself', () => {
    expect(plan(host)).toEqual({
      kind: 'blocked',
      why: `the running kernel does not carry the ACS override patch: it says "${line}"`,
      hint: 'boot a kernel that has it (Proxmox, Zen, Liquorix, CachyOS, linux-vfio), or drop the override',
    })
  })

  it('lets the override be taken away', () => {
    expect(plan(host, { state: 'absent' }).kind).not.toBe('blocked')
  })
})

describe('values', () => {
  it.each([
    [['downstream', 'multifunction', 'id:8086:A110'], ''],
    [['everything'], '"everything" is not downstream, multifunction or id:vendor:device'],
    [['8086:a110'], '"8086:a110" is not downstream, multifunction or id:vendor:device'],
  ])('%j: %s', (values, expected) => {
    expect(complaint(acs_override, { values, accept_risk: true })).toBe(expected)
  })
})
