import { describe, expect, it } from 'vitest'
import type { Host, Menu } from '../../../src/host/host.ts'
import { ifKnown, observed, unknown } from '../../../src/host/known.ts'
import { commandLine } from '../../../src/verdict/stages/command_line.ts'
import {
  aHost,
  anAmdHost,
  aReadyHost,
  withCmdline,
  withFiles,
  withGrub,
  withKernel,
  withLog,
  withMenu,
  withVtdOffByDefault,
} from '../../builders.ts'
import { dark, failureOf, foreseen, remarksOf, resultOf } from '../subjects.ts'

/** Set in GRUB's file and menu; its IOMMU is off, as it was booted without. */
const configured = (line = bare): Host => withCmdline(withVtdOffByDefault(dark(aReadyHost())), line)
const bare =
  'root=UUID=5f0a5f0e-6c61-4b2d-8a3e-1ab000000001 ro mitigations=off apparmor=0 nowatchdog console=ttyS0 quiet'
const WITHOUT = 'the running kernel was booted without intel_iommu=on'
const ENTRY = '"Debian GNU/Linux", the default of the menu'

/** Every entry of GRUB's menu with this line. */
const withEntries = (host: Host, args: string): Host => {
  const menu = host.menus.GRUB && ifKnown(host.menus.GRUB)
  const entries = menu?.entries.map(entry => ({ ...entry, args: args.split(' ') })) ?? []
  return withMenu(host, { entries } satisfies Partial<Menu>)
}

describe('passes', () => {
  it.each<[string, Host, string]>([
    ['with the argument', withVtdOffByDefault(aReadyHost()), 'intel_iommu=on is on the booted command line'],
    [
      'with units that are driven without it',
      withVtdOffByDefault(aHost()),
      'the kernel switches the IOMMU on without an argument',
    ],
    [
      'on AMD without any',
      withVtdOffByDefault(dark(anAmdHost())),
      'nothing on the booted command line switches the IOMMU off',
    ],
    [
      'on Intel where the kernel was built so',
      withKernel(dark(aHost()), { config: observed({ CONFIG_INTEL_IOMMU_DEFAULT_ON: 'y' }) }),
      'nothing on the booted command line switches the IOMMU off',
    ],
    [
      'Debian’s kernels, which are on but for Intel’s graphics',
      withKernel(dark(aHost()), { config: observed({ CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: 'y' }) }),
      'nothing on the booted command line switches the IOMMU off',
    ],
    [
      'where =on stands behind =off',
      withCmdline(dark(aHost()), 'intel_iommu=off intel_iommu=on'),
      'intel_iommu=on is on the booted command line',
    ],
    [
      'whatever it says where units are driven',
      withCmdline(aHost(), 'intel_iommu=off'),
      'the kernel switches the IOMMU on without an argument',
    ],
  ])('%s', (_, host, says) => {
    expect(resultOf(commandLine, host)).toEqual({
      stage: 'command line',
      is: 'passed',
      says,
      evidence: '/proc/cmdline',
    })
  })
})

describe('fails', () => {
  it.each<[string, Host, object]>([
    [
      'set nowhere',
      withCmdline(withVtdOffByDefault(dark(aHost())), bare),
      { what: WITHOUT, evidence: '/proc/cmdline', next: 'let iommu_kernel_args set it, then reboot' },
    ],
    [
      'set, not yet booted',
      configured(),
      {
        what: `${WITHOUT}; it is set and not yet booted`,
        evidence: '/proc/cmdline, and the files of GRUB',
        next: 'reboot',
      },
    ],
    [
      'set, and another entry was booted',
      configured(`${bare} single`),
      {
        what: `${WITHOUT}; it is set, but another entry was booted than the loader’s default`,
        evidence: `/proc/cmdline has single, which ${ENTRY} has not`,
        next: 'reboot, and let the loader take its default entry',
      },
    ],
    [
      'set, and another kernel was booted',
      { ...configured(), kernel: observed('6.1.0-18-amd64') },
      {
        what: `${WITHOUT}; it is set, but another kernel is running than the loader’s default`,
        evidence: `kernel 6.1.0-18-amd64 is running, and ${ENTRY} boots 6.1.0-56-amd64`,
        next: 'reboot, and let the loader take its default entry',
      },
    ],
    [
      'set, and the menu is older',
      withEntries(configured(), bare),
      {
        what: `${WITHOUT}; it is set, but the menu has not been made anew since`,
        evidence: expect.stringContaining('/boot/grub/grub.cfg'),
        next: 'run update-grub, then reboot',
      },
    ],
    [
      'set in a file that a drop-in overrides',
      withFiles(
        withGrub(
          withCmdline(withVtdOffByDefault(dark(aHost())), bare),
          'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\n',
        ),
        {
          '/etc/default/grub.d/50-cloudimg-settings.cfg':
            '# cloud\nGRUB_CMDLINE_LINUX_DEFAULT="console=tty1"\n',
        },
      ),
      {
        what: `${WITHOUT}; it is set in /etc/default/grub:1, but /etc/default/grub.d/50-cloudimg-settings.cfg:2 sets GRUB_CMDLINE_LINUX_DEFAULT anew and overrides it`,
        evidence: '/etc/default/grub.d/50-cloudimg-settings.cfg:2: GRUB_CMDLINE_LINUX_DEFAULT=…',
        next: 'set it in /etc/default/grub.d/50-cloudimg-settings.cfg too, or let iommu_kernel_args and vfio_ids do it, then reboot',
      },
    ],
    [
      'behind a --',
      withCmdline(withVtdOffByDefault(dark(aHost())), 'ro -- intel_iommu=on'),
      {
        what: 'intel_iommu=on stands behind a -- on the command line, where the kernel hands it to init and does not read it',
        evidence: '/proc/cmdline: ro -- intel_iommu=on',
        next: 'move it before the --, then reboot',
      },
    ],
    [
      'switched off, and so configured',
      withEntries(
        withGrub(withCmdline(dark(aHost()), 'ro intel_iommu=off'), 'GRUB_CMDLINE_LINUX="intel_iommu=off"\n'),
        'ro intel_iommu=off',
      ),
      {
        what: 'the running kernel was booted with intel_iommu=off, which switches the IOMMU off',
        evidence: '/proc/cmdline',
        next: 'let iommu_kernel_args take it away, then reboot',
      },
    ],
    [
      'switched off by an argument that is gone since',
      withCmdline(dark(anAmdHost()), `${bare} amd_iommu=off`),
      {
        what: 'the running kernel was booted with amd_iommu=off, which switches the IOMMU off; it is taken away and not yet booted',
        evidence: '/proc/cmdline, and the files of GRUB',
        next: 'reboot',
      },
    ],
    [
      'switched off for every make',
      withCmdline(dark(anAmdHost()), 'iommu=pt,off'),
      {
        what: expect.stringContaining(
          'the running kernel was booted with iommu=pt,off, which switches the IOMMU off',
        ),
        evidence: expect.any(String),
        next: expect.any(String),
      },
    ],
    [
      'no loader that is known',
      {
        ...withCmdline(withVtdOffByDefault(dark(aHost())), bare),
        tools: [],
        paths: [],
        files: {},
        menus: {},
      },
      {
        what: WITHOUT,
        evidence: '/proc/cmdline',
        next: expect.stringContaining('no bootloader was found that is known here'),
      },
    ],
  ])('%s', (_, host, failure) => {
    expect(failureOf(commandLine, host)).toEqual(failure)
  })
})

describe('cannot be told', () => {
  it('where the line was not seen', () => {
    expect(failureOf(commandLine, aHost({ cmdline: unknown('/proc is not mounted') }))).toBe(
      'unknown: the command line: /proc is not mounted',
    )
  })

  it('before the boot', () => {
    expect(failureOf(commandLine, foreseen(withCmdline(withVtdOffByDefault(dark(aHost())), bare)))).toBe(
      `unknown: ${WITHOUT}`,
    )
  })
})

describe('warns', () => {
  const unread = (list: string) =>
    `Unknown kernel command line parameters "${list}", will be passed to user space.`

  it.each([
    [
      'pcie_acs_override=downstream',
      'boot a kernel with the ACS override patch (Proxmox, Zen, Liquorix, CachyOS, linux-vfio), or drop the argument',
    ],
    ['intel_iommu=on', 'take it out, or boot a kernel that is built with what it is for'],
  ])('of %s, which the kernel does not know', (token, next) => {
    const line = unread(`splash ${token}`)
    expect(remarksOf(commandLine, withLog(aHost(), [line]))).toEqual([
      {
        severity: 'warning',
        what: `the running kernel does not know ${token}`,
        evidence: `the kernel says "${line}"`,
        next,
      },
    ])
  })

  it('not of others', () => {
    expect(remarksOf(commandLine, withLog(aHost(), [unread('BOOT_IMAGE=/vmlinuz splash=silent')]))).toEqual(
      [],
    )
  })

  it('amd_iommu=on is worth a note', () => {
    const line = "AMD-Vi: Unknown option - 'on'"
    expect(remarksOf(commandLine, withLog(anAmdHost(), [line]))).toEqual([
      {
        severity: 'note',
        what: 'a value of amd_iommu= is none that the kernel knows; `on` does no harm, as it is on by itself',
        evidence: `the kernel says "${line}"`,
        next: '',
      },
    ])
  })

  it.each<[string, Host, string]>([
    [
      'loses the argument',
      withEntries(withVtdOffByDefault(aReadyHost()), bare),
      'the IOMMU is on now, and the next boot is without intel_iommu=on',
    ],
    [
      'switches it off',
      withEntries(aReadyHost(), 'ro intel_iommu=off'),
      'the IOMMU is on now, and the next boot switches it off: intel_iommu=off',
    ],
  ])('where the next boot %s', (_, host, what) => {
    expect(remarksOf(commandLine, host)).toEqual([
      { severity: 'warning', what, evidence: ENTRY, next: 'let iommu_kernel_args see to it' },
    ])
  })

  it('not where the kernel of the next boot needs no argument', () => {
    const kernel = { config: observed({ CONFIG_INTEL_IOMMU_DEFAULT_ON: 'y' }) }
    expect(remarksOf(commandLine, withKernel(withEntries(aReadyHost(), bare), kernel))).toEqual([])
  })
})
