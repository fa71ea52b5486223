import { describe, expect, it } from 'vitest'
import { grub } from '../../src/backends/bootloaders/grub.ts'
import { groupsOf } from '../../src/host/acs_groups.ts'
import type { Host, RebootRecord } from '../../src/host/host.ts'
import { ifKnown, observed } from '../../src/host/known.ts'
import { acs_override } from '../../src/modules/acs_override.ts'
import { afterChanges, aHost, planned, withCmdline, withGrub, withLog, written } from '../builders.ts'
import { recordedHost } from '../hosts/index.ts'
import { iommuGroups, isolation } from '../sandbox/boot/groups.ts'
import { guide } from '../sandbox/machines/guide.ts'
import { booted, complaint, lifeOf } from './outcomes.ts'

/** The guide's machine with its IOMMU on, and the groups that its kernel makes then. */
function onGuide(overrides: readonly string[] = []): Host {
  const groups = iommuGroups(guide, isolation(guide, overrides))
  const host = recordedHost('guide-z170a')
  return {
    ...host,
    devices: host.devices.map(device => ({
      ...device,
      group: observed(groups.get(device.address.replace('0000:', '')) ?? -1),
    })),
  }
}

/** Configured, in its menu, and booted with an argument. */
function configuredWith(host: Host, argument: string): Host {
  const values = argument.replace('pcie_acs_override=', '').split(',')
  const changed = afterChanges(host, plan(host, { values }))
  return booted(grub.menu?.derive(changed) ?? changed)
}

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
      why: `kernel 6.1.0-56-amd64 does not carry the ACS override patch: it says "${line}"`,
      hint: 'boot a kernel that has it (Proxmox, Zen, Liquorix, CachyOS, linux-vfio, TrueNAS), or leave the override out',
    })
  })

  it('lets the override be taken away', () => {
    expect(plan(host, { state: 'absent' }).kind).not.toBe('blocked')
  })

  it('is known by its symbols before anything is written', () => {
    expect(plan({ ...aHost(), acsPatch: observed(false) })).toMatchObject({
      kind: 'blocked',
      why: 'kernel 6.1.0-56-amd64 does not carry the ACS override patch: it has no symbol pcie_acs_override (/proc/kallsyms)',
    })
    expect(plan({ ...aHost(), acsPatch: observed(true) }).kind).toBe('change')
  })

  it('does no harm where another kernel boots next', () => {
    const [patched, plain] = ['6.1.76-acs-override', '6.1.0-18-amd64']
    expect(plan({ ...onGuide(), acsPatch: observed(false) }).kind).toBe('blocked')
    const away = { ...onGuide(), kernel: observed(plain), acsPatch: observed(false) }
    expect(plan(away).kind).toBe('change')
    expect(plan(away).findings?.filter(({ stage }) => stage === 'kernel')).toEqual([
      {
        stage: 'kernel',
        severity: 'warning',
        what: `with kernel ${plain} the override has no effect`,
        evidence: 'it has no symbol pcie_acs_override (/proc/kallsyms)',
        next: 'keep a kernel with the patch the default, and compare the groups after each update',
      },
    ])
    expect(ifKnown(onGuide().kernel)).toBe(patched)
  })
})

describe('what there is to know before the boot', () => {
  const told = (host: Host, args: Record<string, unknown> = {}) => plan(host, args).findings ?? []

  it('is what is given up, and which kernels would lose it', () => {
    expect(told(onGuide()).slice(0, 2)).toEqual([
      {
        stage: 'kernel',
        severity: 'warning',
        what: 'with kernel 6.1.0-18-amd64 the override may have no effect: nothing shows that it carries the patch',
        evidence:
          'it is not called as kernels with the patch are (Proxmox, Zen, Liquorix, CachyOS, linux-vfio, TrueNAS)',
        next: 'keep a kernel with the patch the default, and compare the groups after each update',
      },
      {
        stage: 'groups',
        severity: 'warning',
        what: 'the override isolates nothing: devices that it puts into groups of their own can still reach each other past the IOMMU, and so can their guests and the host',
        evidence: 'the patch only has the kernel take missing ACS for granted',
        next: '',
      },
    ])
  })

  it('is each group that would come apart, and the ids that are enough for it', () => {
    expect(told(onGuide()).slice(2)).toEqual([
      {
        stage: 'groups',
        severity: 'warning',
        what: 'group 6 (00:1c.0, 00:1c.2, 00:1c.5, 03:00.0, 04:00.0, 06:00.0) would become (00:1c.0), (00:1c.2), (00:1c.5), (03:00.0), (04:00.0), (06:00.0)',
        evidence:
          'worked out from the groups of today; a port with an ACS of its own that lacks something stays as it is',
        next: 'for this group values: [id:8086:a110, id:8086:a112, id:8086:a115] would do, and gives up less',
      },
    ])
    expect(told(onGuide(), { values: ['id:8086:a115'] }).slice(2)).toMatchObject([
      {
        severity: 'note',
        what: 'group 6 (00:1c.0, 00:1c.2, 00:1c.5, 03:00.0, 04:00.0, 06:00.0) would become (00:1c.0, 00:1c.2, 03:00.0, 04:00.0), (00:1c.5), (06:00.0)',
        next: '',
      },
    ])
  })

  it('is that it would part nothing', () => {
    expect(told(onGuide(), { values: ['id:8086:1901'] }).at(-1)).toEqual({
      stage: 'groups',
      severity: 'warning',
      what: 'the override would part no devices here with id:8086:1901',
      evidence: 'no group holds devices behind different ports that the override speaks for',
      next: 'leave it out, or name other values',
    })
  })

  it('is why nothing can be told', () => {
    expect(told(recordedHost('guide-z170a')).at(-1)).toEqual({
      stage: 'groups',
      severity: 'note',
      what: 'which groups the override would split cannot be told yet',
      evidence: 'the IOMMU is off, so that there are no groups to split yet',
      next: 'turn the IOMMU on first (iommu_kernel_args, a reboot), and look which groups need it',
    })
  })
})

describe('after the reboot that was made for it', () => {
  const host = onGuide(['id:8086:a115'])
  const ready = { ...configuredWith(host, 'pcie_acs_override=id:8086:a115'), bootId: observed('this one') }
  const before = ifKnown(groupsOf(onGuide())) ?? []
  const reboot = { bootId: 'another', reasons: ['pcie_acs_override=id:8086:a115'], configuration: '' }
  const patchedOnly = (on: Host) => ({
    ...on,
    kernels: on.kernels.filter(({ release }) => /acs-override/.test(release)),
  })
  const told = (differing: Partial<RebootRecord>, on: Host = patchedOnly(ready)) =>
    plan(
      { ...on, journal: { ...on.journal, reboot: { ...reboot, groups: before, ...differing } } },
      { values: ['id:8086:a115'] },
    )

  it('says what groups have become', () => {
    expect(told({})).toMatchObject({
      kind: 'converged',
      findings: [
        {
          stage: 'groups',
          severity: 'note',
          what: 'what was one group (00:1c.0, 00:1c.2, 00:1c.5, 03:00.0, 04:00.0, 06:00.0) has become (00:1c.0, 00:1c.2, 03:00.0, 04:00.0), (00:1c.5), (06:00.0)',
          evidence: 'pcie_acs_override=id:8086:a115 on the command line of this boot',
          next: '',
        },
      ],
    })
  })

  it('says plainly that they have not changed', () => {
    const groups = ifKnown(groupsOf(host)) ?? []
    expect(told({ groups: [...groups, ['0000:0f:00.0']] }).findings).toEqual([
      {
        stage: 'groups',
        severity: 'warning',
        what: 'the groups did not change: all 12 are as they were before the override',
        evidence: 'pcie_acs_override=id:8086:a115 on the command line of this boot',
        next: 'name other ports or values, or take the override away (state: absent): it gives up isolation for nothing',
      },
    ])
  })

  it('says so where no devices came apart, and only ports did', () => {
    const [first = [], ...groups] = ifKnown(groupsOf(host)) ?? []
    const port = groups.find(group => group.includes('0000:00:1c.5')) ?? []
    const others = groups.filter(group => group !== port)
    expect(told({ groups: [[...first, ...port], ...others] }).findings).toMatchObject([
      {
        severity: 'warning',
        what: 'no devices have come apart: the override has only taken ports out of their groups',
      },
    ])
  })

  it('still names the kernels that would lose it: those that do not boot next as a note', () => {
    expect(told({ groups: [] }, ready).findings).toMatchObject([
      { stage: 'kernel', severity: 'note', what: expect.stringMatching(/^with kernel 6\.1\.0-18-amd64 /) },
    ])
  })

  it.each<[string, Partial<RebootRecord>]>([
    ['the reboot was for something else', { reasons: ['intel_iommu=on'] }],
    ['it has not happened yet', { bootId: 'this one' }],
    ['there were no groups before', { groups: [] }],
  ])('says nothing where %s', (_, differing) => {
    expect(told(differing).findings).toEqual([])
  })

  it('says nothing where the journal is older than the question', () => {
    const journal = { ...ready.journal, reboot }
    expect(plan({ ...patchedOnly(ready), journal }, { values: ['id:8086:a115'] }).findings).toEqual([])
  })
})

describe('values', () => {
  it.each([
    [['downstream', 'multifunction', 'id:8086:A110'], ''],
    // The kernel would not know it.
    [['Downstream'], '"Downstream" is not downstream, multifunction or id:vendor:device'],
    [['everything'], '"everything" is not downstream, multifunction or id:vendor:device'],
    [
      Array.from({ length: 16 }, (_, n) => `id:8086:a1${(n + 16).toString(16)}`),
      'the patch has room for 15 ids, and leaves out the rest',
    ],
    [['8086:a110'], '"8086:a110" is not downstream, multifunction or id:vendor:device'],
  ])('%j: %s', (values, expected) => {
    expect(complaint(acs_override, { values, accept_risk: true })).toBe(expected)
  })
})
