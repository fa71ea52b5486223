import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { boot } from '../../src/host/boot.ts'
import type { Host } from '../../src/host/host.ts'
import { unknown } from '../../src/host/known.ts'
import { check_hardware } from '../../src/modules/check_hardware.ts'
import { aFirmware, aHost, anIommu, aReadyHost, planned, withVtdOffByDefault } from '../builders.ts'
import { recordedHosts } from '../hosts/index.ts'
import { hostLike } from '../laws/hosts.ts'
import { aDesktop, withGraphics } from '../verdict/hardware/machines.ts'
import { dark } from '../verdict/subjects.ts'
import { complaint } from './outcomes.ts'

const plan = (host: Host, args: Readonly<Record<string, unknown>> = {}) => planned(check_hardware, host, args)
const withoutIommu = dark(aDesktop({ firmware: aFirmware({ tables: [] }) }))
const OFF = 'VT-d is switched off in firmware, or the processor or the board does not have it'
const SWITCH_ON =
  'switch VT-d (IOMMU) on in BIOS/UEFI; where there is no such setting, no kernel argument will help'

describe('one line tells what the machine is', () => {
  it.each([
    [
      'before the setup',
      withVtdOffByDefault(dark(aDesktop())),
      'Intel Core i7-6700K, VT-d not on yet, 1 graphics card: 3 notes',
    ],
    ['after it', aDesktop(), 'Intel Core i7-6700K, VT-d on, 1 group, 1 graphics card: 2 notes'],
    [
      'with nothing to say',
      aDesktop({ devices: [] }),
      'Intel Core i7-6700K, VT-d on, 0 groups, 0 graphics cards: nothing stands in the way',
    ],
    [
      'the lab’s',
      aHost(),
      'Intel Core i7 9xx (Nehalem Class Core i7), VT-d on, 16 groups, 3 graphics cards: 2 warnings, 2 notes',
    ],
  ])('%s', (_, host, why) => {
    expect(plan(host)).toMatchObject({ kind: 'converged', why })
  })

  it.each([
    ['AMD Ryzen 7 5700X 8-Core Processor', 'AMD Ryzen 7 5700X'],
    ['Intel(R) Xeon(R) CPU E5-2680 v2 @ 2.80GHz', 'Intel Xeon E5-2680 v2'],
    ['Genuine Intel(R) CPU           U7300  @ 1.30GHz', 'Genuine Intel U7300'],
    ['Dual-Core AMD Opteron(tm) Processor 2216', 'Dual-Core AMD Opteron Processor 2216'],
    ['', 'an unnamed processor'],
  ])('the processor %j is %s', (model, name) => {
    expect(plan(aDesktop({ cpu: { ...aDesktop().cpu, model } })).why.split(', VT-d')[0]).toBe(name)
  })
})

test('it reads: what is found goes with the outcome, and nothing is changed', () => {
  const outcome = plan(aDesktop())
  expect(outcome.kind).toBe('converged')
  expect(outcome.findings?.filter(({ severity }) => severity === 'note').map(({ what }) => what)).toEqual([
    'NVIDIA (01:00.0): "error 43" in Windows guests is history since driver 465 (2021)',
    '01:00.0 VGA controller [10de:13c2] is the last display of this host',
  ])
})

describe('fail_on', () => {
  const narrow = withGraphics({ link: { speed: 8, width: 1, maxSpeed: 8, maxWidth: 16 } })

  it('a problem leaves the host alone, and the first one says why', () => {
    const outcome = plan(withoutIommu)
    expect(outcome).toMatchObject({ kind: 'blocked', why: OFF, hint: SWITCH_ON })
    expect(outcome.findings?.[0]).toMatchObject({ severity: 'problem', what: OFF })
  })

  it('a warning does so where it is asked to', () => {
    expect(plan(narrow).kind).toBe('converged')
    expect(plan(narrow, { fail_on: 'warning' })).toMatchObject({
      kind: 'blocked',
      why: '01:00.0 VGA controller [10de:13c2] runs at PCIe x1, and it can do x16',
    })
    expect(plan(aDesktop(), { fail_on: 'warning' }).kind).toBe('converged')
  })

  it('never: then it only reports', () => {
    expect(plan(withoutIommu, { fail_on: 'never' })).toMatchObject({
      kind: 'converged',
      why: 'Intel Core i7-6700K, no VT-d, 1 graphics card: 1 problem, 2 notes',
    })
  })
})

describe('devices', () => {
  it('limit what is said of single devices', () => {
    const outcome = plan(aHost(), { devices: ['02:00.0'] })
    expect(outcome.findings?.filter(({ what }) => what.startsWith('00:02.0'))).toEqual([])
  })

  it('that are not there are refused', () => {
    expect(plan(aHost(), { devices: ['10de:1aef'] })).toMatchObject({
      kind: 'blocked',
      why: 'no device 10de:1aef on this host',
    })
  })
})

describe('before a boot that only is foreseen', () => {
  it('it is the machine that has the last word', () => {
    expect(plan(boot(aReadyHost()))).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(/^foreseen, and shown by the next boot: Intel Core i7 9xx/),
    })
  })

  it('an IOMMU that is to be set up anew is not called off', () => {
    const host = { ...boot(aDesktop()), iommu: anIommu({ units: unknown('the next boot sets it up anew') }) }
    expect(plan(host)).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('Intel Core i7-6700K, VT-d to be seen after the boot, 1 graphics card'),
    })
  })
})

test('arguments that mean nothing are refused', () => {
  expect(complaint(check_hardware, {})).toBe('')
  expect(complaint(check_hardware, { fail_on: 'note' })).toContain('Invalid option')
  expect(complaint(check_hardware, { devices: ['10de-1aef'] })).toContain('10de-1aef')
})

test.each(recordedHosts())('$name: it is told, whatever the machine', ({ host }) => {
  for (const one of [host, boot(host)]) {
    const outcome = plan(one, { fail_on: 'never' })
    expect(outcome.kind).toBe(one === host ? 'converged' : 'unknown')
    expect(outcome.findings?.length).toBeGreaterThan(0)
  }
})

test('no machine, however odd, makes it throw', () => {
  const anyHost = fc.constantFrom(...recordedHosts()).chain(({ host }) => hostLike(host))
  fc.assert(
    fc.property(anyHost, fc.constantFrom('problem', 'warning', 'never'), (host, fail_on) => {
      const outcome = plan(host, { fail_on })
      expect(outcome.why).not.toMatch(/undefined|NaN/)
      for (const { what, evidence, next } of outcome.findings ?? [])
        expect(`${what}${evidence}${next}`).not.toMatch(/undefined|NaN/)
      if (outcome.kind === 'blocked') expect(outcome.hint).not.toBe('')
    }),
  )
})
