import { describe, expect, it } from 'vitest'
import { boot } from '../../src/host/boot.ts'
import type { Host } from '../../src/host/host.ts'
import { observed, unknown } from '../../src/host/known.ts'
import { firstFailure, STAGES } from '../../src/verdict/finding.ts'
import { verdictOf } from '../../src/verdict/ladder.ts'
import { aFirmware, aHost, anIommu, aReadyHost, withCmdline } from '../builders.ts'
import { recordedHost, recordedHosts } from '../hosts/index.ts'
import { dark, onMetal } from './subjects.ts'

const CHOSEN = ['0000:01:00.0', '0000:01:00.1', '0000:02:00.0']
const verdict = (host: Host, addresses: readonly string[] = []) =>
  verdictOf(
    host,
    host.devices.filter(({ address }) => addresses.includes(address)),
  )
const shape = (host: Host, addresses?: readonly string[]): string[] =>
  verdict(host, addresses).stages.map(({ stage, is }) => `${stage} ${is}`)

describe('recorded machines', () => {
  it('one that is ready passes every stage, with nothing to remark', () => {
    expect(shape(aReadyHost(), CHOSEN)).toEqual(STAGES.map(stage => `${stage} passed`))
    expect(verdict(aReadyHost(), CHOSEN).findings).toEqual([])
  })

  it('without devices the last stages are not judged', () => {
    expect(shape(aReadyHost())).toEqual([
      'firmware passed',
      'kernel passed',
      'command line passed',
      'groups passed',
      'initramfs unknown',
      'driver unknown',
      'usable unknown',
    ])
  })

  it('the guide’s machine before any run fails at the command line', () => {
    expect(firstFailure(verdict(recordedHost('guide-z170a')))).toEqual({
      stage: 'command line',
      severity: 'problem',
      what: 'the running kernel was booted without intel_iommu=on',
      evidence: '/proc/cmdline',
      next: 'let iommu_kernel_args set it, then reboot',
    })
  })

  it('one without an IOMMU fails at its firmware', () => {
    expect(firstFailure(verdict(recordedHost('debian12-no-iommu')))).toMatchObject({
      stage: 'firmware',
      what: 'this is a virtual machine (QEMU) without an IOMMU: its firmware has no ACPI table DMAR or IVRS',
    })
  })
})

it('kernels before 3.17 have groups, and no /sys/class/iommu', () => {
  const old = { ...aReadyHost(), iommu: anIommu({ units: observed([]) }) }
  expect(shape(old, CHOSEN)).toEqual(STAGES.map(stage => `${stage} passed`))
  expect(verdict(old).stages).toContainEqual(
    expect.objectContaining({ is: 'passed', says: 'the IOMMU is on: 16 groups' }),
  )
})

it('people mend more than one thing: stages behind the first failure are judged too', () => {
  const host = onMetal(withCmdline(dark(aHost({ firmware: aFirmware({ tables: [] }) })), 'intel_iommu=off'))
  expect(shape(host, CHOSEN)).toEqual([
    'firmware failed',
    'kernel passed',
    'command line failed',
    'groups failed',
    'initramfs failed',
    'driver failed',
    'usable unknown',
  ])
})

it('a log that was not seen changes no result', () => {
  const host: Host = { ...aReadyHost(), log: unknown('no privilege') }
  expect(shape(host, CHOSEN)).toEqual(shape(aReadyHost(), CHOSEN))
})

describe.each(recordedHosts())('$name', ({ host }) => {
  const choices = [[], ...host.devices.map(({ address }) => [address]), host.devices.map(one => one.address)]

  it('any choice has a verdict of all stages in order', () => {
    for (const addresses of choices)
      expect(verdict(host, addresses).stages.map(({ stage }) => stage)).toEqual([...STAGES])
  })

  it('before the boot nothing fails, but for groups that no boot will make others', () => {
    for (const addresses of choices) {
      const failure = firstFailure(verdict(boot(host), addresses))
      if (failure !== undefined) expect(failure.what).toMatch(/^group \d+ of .* also holds /)
    }
  })

  it('every failure says what is so, what shows it, and what to do', () => {
    for (const addresses of choices) {
      for (const stage of verdict(host, addresses).stages) {
        if (stage.is !== 'failed') continue
        const { what, evidence, next } = stage.finding
        for (const text of [what, evidence, next]) expect(text).toMatch(/^\S.*[^\s.]$/)
      }
    }
  })
})
