import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import { iommu_kernel_args } from '../../src/modules/iommu_kernel_args.ts'
import {
  aFirmware,
  aHost,
  anAmdHost,
  aReadyHost,
  planned,
  withCmdline,
  withFiles,
  withGrub,
  written,
} from '../builders.ts'
import { recordedHost } from '../hosts/index.ts'
import { complaint, lifeOf, stateOf } from './outcomes.ts'

const DEFAULTS = '/etc/default/grub'
const plan = (host: Host, args: Record<string, unknown> = {}) => planned(iommu_kernel_args, host, args)
const grubIs = (host: Host, value: string) => withGrub(host, `GRUB_CMDLINE_LINUX_DEFAULT="${value}"\n`)
const grubBecomes = (host: Host, args: Record<string, unknown> = {}) => written(plan(host, args))[DEFAULTS]

describe('turning the IOMMU on', () => {
  it.each<[string, Host, Record<string, unknown>, string]>([
    ['Intel', grubIs(aHost(), 'quiet'), {}, 'quiet intel_iommu=on'],
    ['Intel where it is switched off', grubIs(aHost(), 'intel_iommu=off quiet'), {}, 'intel_iommu=on quiet'],
    [
      'Intel where every IOMMU is switched off',
      grubIs(aHost(), 'iommu=off quiet'),
      {},
      'quiet intel_iommu=on',
    ],
    [
      'Intel, with further arguments',
      grubIs(aHost(), 'quiet'),
      { args: ['iommu=pt'] },
      'quiet intel_iommu=on iommu=pt',
    ],
    [
      "Intel, before init's arguments",
      grubIs(aHost(), 'quiet -- init=x'),
      {},
      'quiet intel_iommu=on -- init=x',
    ],
    ['AMD where it is switched off', grubIs(anAmdHost(), 'amd_iommu=off quiet'), {}, 'quiet'],
    [
      'AMD, with amd_iommu=on as asked for',
      grubIs(anAmdHost(), 'quiet'),
      { args: ['amd_iommu=on'] },
      'quiet amd_iommu=on',
    ],
  ])('%s', (_, host, args, value) => {
    expect(grubBecomes(host, args)).toBe(`GRUB_CMDLINE_LINUX_DEFAULT="${value}"\n`)
  })

  it('says what it does, where, and asks for the menu', () => {
    expect(plan(aHost())).toMatchObject({
      kind: 'change',
      why: 'intel_iommu=on in /etc/default/grub (GRUB)',
      rebuild: ['menu'],
    })
  })

  it.each<[string, Host, Record<string, unknown>, string]>([
    [
      'intel_iommu=off',
      grubIs(aHost(), 'quiet intel_iommu=off'),
      {},
      'intel_iommu=on, in place of intel_iommu=off, in',
    ],
    [
      'intel_iommu=off, with other values kept',
      grubIs(aHost(), 'intel_iommu=sm_on,off'),
      {},
      'intel_iommu=on, in place of intel_iommu=off, in',
    ],
    ['iommu=off', grubIs(aHost(), 'iommu=off'), {}, 'intel_iommu=on, without iommu=off, in'],
    [
      'both',
      grubIs(aHost(), 'iommu=off intel_iommu=off'),
      {},
      'intel_iommu=on, in place of intel_iommu=off, without iommu=off, in',
    ],
    [
      'iommu=off for another value of it',
      grubIs(aHost(), 'iommu=off'),
      { args: ['iommu=pt'] },
      'intel_iommu=on iommu=pt, in place of iommu=off, in',
    ],
    [
      'amd_iommu=off and iommu=off beside arguments that are asked for',
      grubIs(anAmdHost(), 'amd_iommu=off iommu=off'),
      { args: ['video=efifb:off'] },
      'video=efifb:off, without amd_iommu=off and iommu=off, in',
    ],
    ['amd_iommu=off', grubIs(anAmdHost(), 'amd_iommu=off'), {}, 'no amd_iommu=off or iommu=off in'],
    ['nothing', grubIs(aHost(), 'quiet'), {}, 'intel_iommu=on in'],
    [
      'nothing that is left',
      grubIs(aHost(), 'intel_iommu=on,sm_on'),
      { state: 'absent' },
      'no intel_iommu=on, but still intel_iommu=sm_on, in',
    ],
    [
      'nothing of ours',
      grubIs(aHost(), 'intel_iommu=on iommu=pt'),
      { state: 'absent' },
      'no intel_iommu=on in',
    ],
  ])('says what of the administrator’s goes: %s', (_, host, args, why) => {
    expect(plan(host, args)).toMatchObject({ kind: 'change', why: `${why} ${DEFAULTS} (GRUB)` })
  })

  it('names every file that it changes', () => {
    const sources = {
      [DEFAULTS]: 'GRUB_CMDLINE_LINUX="intel_iommu=off"\n',
      '/etc/default/grub.d/site.cfg': 'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=off"\n',
    }
    expect(plan(withFiles(aHost(), sources))).toMatchObject({
      why: `intel_iommu=on, in place of intel_iommu=off, in /etc/default/grub.d/site.cfg and ${DEFAULTS} (GRUB)`,
    })
  })

  it('is a change, then a stale menu, then a reboot, then done', () => {
    expect(lifeOf(iommu_kernel_args, aHost())).toEqual([
      'change',
      'pending rebuild',
      'pending reboot',
      'converged',
    ])
  })

  it('is done on a prepared machine', () => {
    expect(plan(aReadyHost())).toEqual({
      kind: 'converged',
      why: 'intel_iommu=on is configured and in effect',
    })
  })

  it('groups prove nothing: the running kernel must have been booted with it', () => {
    expect(plan(withCmdline(aReadyHost(), 'ro quiet'))).toEqual({
      kind: 'pending',
      why: 'intel_iommu=on is configured, and takes effect at the next boot',
      needs: 'reboot',
      brings: 'intel_iommu=on',
    })
  })

  it("nor do init's arguments", () => {
    expect(plan(withCmdline(aReadyHost(), 'ro -- intel_iommu=on'))).toMatchObject({ needs: 'reboot' })
  })

  it('nor does the running kernel: the source must have it', () => {
    expect(plan(withCmdline(aHost(), 'intel_iommu=on')).kind).toBe('change')
  })

  it('AMD needs nothing where it is not switched off', () => {
    expect(plan(anAmdHost())).toEqual({
      kind: 'converged',
      why: "AMD's IOMMU is on by default and not switched off",
    })
  })

  it('AMD waits for the boot that no longer switches it off', () => {
    expect(stateOf(plan(withCmdline(anAmdHost(), 'amd_iommu=off')))).toBe('pending reboot')
  })

  it('where the running command line is not known, neither is the answer', () => {
    const host = {
      ...aReadyHost(),
      cmdline: { is: 'unknown', why: '/proc/cmdline is not readable' } as const,
    }
    expect(plan(host)).toEqual({ kind: 'unknown', why: 'intel_iommu=on: /proc/cmdline is not readable' })
  })
})

describe('taking it away again', () => {
  it('gives back every byte', () => {
    const host = aHost()
    const after = grubBecomes(host)
    expect(grubBecomes(withGrub(host, after ?? ''), { state: 'absent' })).toBe(host.files[DEFAULTS]?.bytes)
  })

  it.each<[string, Host, string]>([
    ['to be done', aReadyHost(), 'no intel_iommu=on or iommu=pt in /etc/default/grub (GRUB)'],
    ['done', aHost(), 'no intel_iommu=on or iommu=pt on the kernel command line'],
    [
      'waiting for the boot',
      withCmdline(aHost(), 'intel_iommu=on'),
      'no intel_iommu=on or iommu=pt is configured, but the running kernel was booted with it',
    ],
  ])('says so: %s', (_, host, why) => {
    expect(plan(host, { state: 'absent', args: ['iommu=pt'] })).toMatchObject({ why })
  })

  it('leaves other values of the key', () => {
    expect(
      grubBecomes(grubIs(aHost(), 'intel_iommu=on,sm_on iommu=pt'), { state: 'absent', args: ['iommu=pt'] }),
    ).toBe('GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=sm_on"\n')
  })

  it('needs a reboot too', () => {
    expect(lifeOf(iommu_kernel_args, aReadyHost(), { state: 'absent' })).toEqual([
      'change',
      'pending rebuild',
      'pending reboot',
      'converged',
    ])
  })

  it('works where the firmware offers no IOMMU', () => {
    const host = { ...aReadyHost(), firmware: aFirmware({ tables: [] }) }
    expect(plan(host, { state: 'absent' }).kind).toBe('change')
  })

  it('works where nothing could be turned on', () => {
    const host = { ...aReadyHost(), machine: { ...aReadyHost().machine, container: 'docker' } }
    expect(plan(host, { state: 'absent' }).kind).toBe('change')
  })

  it('has nothing to do on AMD', () => {
    expect(plan(anAmdHost(), { state: 'absent' })).toEqual({
      kind: 'converged',
      why: "nothing of ours is on an AMD machine's command line",
    })
  })
})

describe('blocked', () => {
  const dark = aFirmware({ tables: [] })

  it.each<[string, Host, string, string]>([
    [
      'Intel without VT-d in the firmware',
      aHost({ firmware: dark }),
      'the firmware offers no IOMMU: there is no ACPI DMAR table',
      'switch VT-d on in BIOS/UEFI; if it is on, the processor or the board does not have it',
    ],
    [
      'AMD without AMD-Vi in the firmware',
      anAmdHost({ firmware: dark }),
      'the firmware offers no IOMMU: there is no ACPI IVRS table',
      'switch AMD-Vi (often called IOMMU) on in BIOS/UEFI; if it is on, the processor or the board does not have it',
    ],
    [
      'another processor',
      aHost({ cpu: { vendor: 'other', model: 'CentaurHauls', flags: [] } }),
      "the processor (CentaurHauls) is neither Intel's nor AMD's",
      'this machine cannot be prepared by vfio-run',
    ],
    [
      'a virtual machine without an IOMMU',
      recordedHost('debian12-no-iommu'),
      expect.stringMatching(
        /^this is a virtual machine.* without an IOMMU: its firmware has no ACPI table DMAR or IVRS$/,
      ),
      expect.stringMatching(/^give it .*-device intel-iommu,intremap=on/),
    ],
    [
      'a container',
      aHost({ machine: { ...aHost().machine, container: 'docker' } }),
      'this is a container (docker): the kernel, its command line and the devices are not its own',
      'name the machine that it runs on in the inventory',
    ],
    [
      'a file that cannot be understood',
      grubIs(aHost(), '`cat /x`'),
      '/etc/default/grub:1 takes GRUB_CMDLINE_LINUX_DEFAULT from a command substitution: GRUB_CMDLINE_LINUX_DEFAULT="`cat /x`"',
      'write the arguments out in /etc/default/grub, then run again',
    ],
  ])('%s', (_, host, why, hint) => {
    expect(plan(host)).toMatchObject({ kind: 'blocked', why, hint })
  })
})

describe('arguments', () => {
  it.each([
    [
      { args: ['dyndbg="file a +p"'] },
      '"dyndbg="file a +p"" is not a kernel argument without quotes or blanks',
    ],
    [{ args: ['a b'] }, '"a b" is not a kernel argument without quotes or blanks'],
    [{ args: ['iommu=$(x)'] }, '"iommu=$(x)" is not a kernel argument without quotes or blanks'],
    [{ args: ['iommu=pt', 'vfio_iommu_type1.allow_unsafe_interrupts=1', 'nofb'] }, ''],
  ])('%j: %s', (args, expected) => {
    expect(complaint(iommu_kernel_args, args)).toBe(expected)
  })
})

it('a menu that was never rebuilt is found, though the source is right', () => {
  const host = aReadyHost({ menus: aHost().menus })
  expect(plan({ ...host, cmdline: observed(['intel_iommu=on']) })).toMatchObject({
    kind: 'pending',
    needs: 'rebuild',
    rebuild: ['menu'],
    why: 'entry "Debian GNU/Linux" in /boot/grub/grub.cfg does not carry the configured arguments',
  })
})
