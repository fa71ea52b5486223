import { loaderEntries, optionTokens } from '../../src/backends/bootloaders/entries/loader_entries.ts'
import { BOOTLOADERS } from '../../src/backends/bootloaders/index.ts'
import {
  editKernelCmdline,
  KERNEL_CMDLINE,
  kernelCmdline,
} from '../../src/backends/bootloaders/lines/kernel_cmdline.ts'
import { SYSTEMD_BOOT } from '../../src/backends/bootloaders/systemd_boot.ts'
import type { Change } from '../../src/host/change.ts'
import type { Host, Menu } from '../../src/host/host.ts'
import type { ArgEdit } from '../../src/host/kernel_args.ts'
import { observed } from '../../src/host/known.ts'
import { isRefusal, type Refusal } from '../../src/refusal.ts'
import { aHost, withCmdline, withFiles } from '../builders.ts'
import type { Sample } from './index.ts'

/** A sample at its place on a host that boots by it, and who edits it there. */
export interface Subject {
  readonly sample: Sample
  readonly shape: string
  readonly host: Host
  readonly path: string
  edit(host: Host, edits: readonly ArgEdit[]): readonly Change[] | Refusal
  /** Arguments that the file asks for, as the adapter reads them. */
  args(host: Host): readonly string[]
}

interface Shape {
  readonly name: string
  /** Told by the content; by the name only where the content may mean several things. */
  matches(sample: Sample): boolean
  subject?(sample: Sample): Omit<Subject, 'sample' | 'shape'> | undefined
}

/** The first that matches. */
const SHAPES: readonly Shape[] = [
  { name: 'grubenv', matches: ({ bytes }) => /^# GRUB Environment Block\n|^kernelopts=/.test(bytes) },
  {
    name: 'kernelstub',
    matches: ({ bytes }) => /^\s*\{/.test(bytes) && /"kernel_options"/.test(bytes),
    subject: kernelstub,
  },
  {
    name: 'grub.cfg',
    matches: ({ bytes }) =>
      /^### BEGIN \/etc\/grub\.d|^\s*(linux|linux16|linuxefi)\s.*\n[^}]*^\s*initrd/m.test(bytes) &&
      /^\s*menuentry .*\{/m.test(bytes),
  },
  {
    name: 'refind.conf',
    matches: ({ bytes }) =>
      /^#?\s*menuentry\s+.*\{\s*$/m.test(bytes) && /^#?\s*(loader|firmware_bootnum)\s/m.test(bytes),
    subject: sample => byLoader('rEFInd', '/boot/efi/EFI/refind/refind.conf', sample),
  },
  {
    name: 'refind_linux.conf',
    matches: ({ bytes, name }) => /^\s*"[^"\n]*"\s+"/m.test(bytes) || /refind_linux/.test(name),
    subject: sample => byLoader('rEFInd', '/boot/refind_linux.conf', sample),
  },
  {
    name: 'limine.conf',
    matches: ({ bytes }) =>
      /^\s*\/+\+?[^/\s].*$/m.test(bytes) &&
      /^\s*(protocol|(kernel_)?path|(kernel_)?cmdline)\s*:/im.test(bytes),
    subject: sample => byLoader('Limine', '/boot/limine.conf', sample),
  },
  {
    name: 'limine.cfg',
    matches: ({ bytes }) => /^\s*:\S/m.test(bytes) && /^\s*(PROTOCOL|KERNEL_PATH)=/m.test(bytes),
    subject: sample => byLoader('Limine', '/boot/limine.cfg', sample),
  },
  {
    name: 'entry tool',
    matches: ({ bytes }) => /^\s*KERNEL_CMDLINE\[/m.test(bytes),
    subject: sample => byLoader('Limine', '/etc/default/limine', sample, ENTRY_TOOL),
  },
  {
    name: 'syslinux',
    matches: ({ bytes }) =>
      /^\s*label\s+\S/im.test(bytes) && /^\s*(kernel|linux|append|com32|localboot)\s/im.test(bytes),
    subject: sample => byLoader('syslinux', '/boot/extlinux/extlinux.conf', sample),
  },
  {
    name: 'grubby',
    matches: ({ bytes }) =>
      /^\s*(grub_users|grub_class|grub_arg)\s|^options\s.*\$(kernelopts|tuned_params)/m.test(bytes),
    subject: grubbyEntry,
  },
  {
    name: 'ostree entry',
    matches: ({ bytes }) => /^options\s.*\bostree=\S/m.test(bytes),
    subject: ostreeEntry,
  },
  {
    name: 'entry',
    matches: ({ bytes }) =>
      /^\s*(linux|efi|uki|title|initrd|options)[ \t]+\S/m.test(bytes) &&
      /^\s*(linux|efi|uki|title)[ \t]/m.test(bytes),
    subject: typeOneEntry,
  },
  { name: 'command line', matches: isCommandLine, subject: commandLine },
]

export function subjectOf(
  sample: Sample,
): Subject | { readonly sample: Sample; readonly shape: string; readonly host?: undefined } {
  const shape = SHAPES.find(one => one.matches(sample))
  const subject = shape?.subject?.(sample)
  const known = { sample, shape: shape?.name ?? 'unknown' }
  return subject === undefined ? known : { ...known, ...subject }
}

/** Booted by the first entry of the sample, as its root= tells. */
const hostFor = ({ bytes }: Sample, differing: Partial<Host> = {}): Host => {
  const active = bytes.replaceAll(/^\s*#.*$/gm, '')
  const root = /(?:^|[\s"'])(root=[^\s"',]+)/.exec(active)?.[1] ?? 'root=UUID=1-2'
  return withCmdline(
    aHost({ files: {}, tools: [], ...differing }),
    `BOOT_IMAGE=(hd0,gpt2)/vmlinuz ${root} ro`,
  )
}

function byLoader(name: string, path: string, sample: Sample, extra: Partial<Host> = {}) {
  const loader = BOOTLOADERS.find(one => one.name === name)
  if (loader === undefined) return undefined
  const { files = {}, ...differing } = extra
  const base = hostFor(sample, differing)
  const host = withFiles({ ...base, files }, { [path]: sample.bytes })
  return {
    host,
    path,
    edit: (now: Host, edits: readonly ArgEdit[]) => loader.edit(now, edits),
    args(now: Host) {
      const tokens = loader.configured(now)
      return isRefusal(tokens) ? [] : tokens
    },
  }
}

const ENTRY_TOOL: Partial<Host> = {
  tools: ['limine-entry-tool', 'limine-update'],
  files: {
    '/boot/limine.conf': {
      bytes:
        '/+Arch\n//linux\n### This kernel entry is auto-generated by limine-entry-tool\nprotocol: linux\npath: boot():/vmlinuz\ncmdline: rw\n',
      mode: '644',
    },
  },
}

function typeOneEntry(sample: Sample) {
  const path = `/boot/loader/entries/${sample.name.replace(/(\.conf)?$/, '.conf')}`
  const subject = byLoader('systemd-boot', path, sample)
  return (
    subject && {
      ...subject,
      args: (host: Host) => loaderEntries(host, SYSTEMD_BOOT).flatMap(entry => optionTokens(host, entry)),
    }
  )
}

/** Fedora's and RHEL's: GRUB reads the entry, and the line of all may stand in grubenv. */
function grubbyEntry(sample: Sample) {
  const entries = [
    { title: '', id: '', source: 'blscfg', kernel: '', args: [], recovery: false },
    { title: 'tuned_params', id: '', source: 'set', kernel: '', args: [], recovery: false },
  ]
  const menu: Menu = { path: '/boot/grub2/grub.cfg', default: '0', saved: '', entries }
  const block = '# GRUB Environment Block\nkernelopts=root=UUID=1-2 ro rhgb quiet\n'.padEnd(1024, '#')
  return byLoader('grubby', `/boot/loader/entries/${sample.name}`, sample, {
    tools: ['grubby'],
    menus: { GRUB: observed(menu) },
    files: { '/boot/grub2/grubenv': { bytes: block, mode: '644' } },
  })
}

/** With the entry that kernelstub made of the configuration. */
function kernelstub(sample: Sample) {
  const options =
    /"kernel_options"\s*:\s*\[([^\]]*)\]/.exec(sample.bytes)?.[1]?.match(/(?<=")[^",]+(?=")/g) ?? []
  const bytes = `title Pop!_OS\nlinux /EFI/Pop_OS-1-2/vmlinuz.efi\ninitrd /EFI/Pop_OS-1-2/initrd.img\noptions root=UUID=1-2 ro ${options.join(' ')}\n`
  return byLoader('kernelstub', '/etc/kernelstub/configuration', sample, {
    tools: ['kernelstub'],
    files: { '/boot/efi/loader/entries/Pop_OS-current.conf': { bytes, mode: '644' } },
  })
}

/** Nothing but arguments, on lines that may be comments. */
function isCommandLine({ bytes, name }: Sample): boolean {
  const words = bytes.replaceAll(/^\s*#.*$/gm, '').trim()
  return words !== '' && (/cmdline/i.test(name) || words.split(/\s+/).every(word => /^[\w.$"{-]/.test(word)))
}

function commandLine(sample: Sample) {
  if (/solus|clear linux/i.test(sample.distribution)) return solusLine(sample)
  if (/proxmox/i.test(sample.distribution) || /\broot=ZFS=/.test(sample.bytes)) return proxmoxLine(sample)
  const reader = /^\s*#/m.test(sample.bytes) ? 'drops comments' : 'takes every word'
  return {
    host: withFiles(hostFor(sample), { [KERNEL_CMDLINE]: sample.bytes }),
    path: KERNEL_CMDLINE,
    edit: (host: Host, edits: readonly ArgEdit[]) => editKernelCmdline(host, edits, [], reader),
    args: (host: Host) => kernelCmdline(host, reader) ?? [],
  }
}

function proxmoxLine(sample: Sample) {
  const menu: Menu = { path: '/etc/kernel/proxmox-boot-uuids', default: '', saved: '', entries: [] }
  return byLoader('proxmox-boot-tool', KERNEL_CMDLINE, sample, {
    menus: { 'proxmox-boot-tool': observed(menu) },
    files: {},
  })
}

/** Of a deployment that is running. */
function ostreeEntry(sample: Sample) {
  const options = /^options\s+(.*)$/m.exec(sample.bytes)?.[1] ?? ''
  const subject = byLoader('rpm-ostree', '/boot/loader/entries/ostree-1.conf', sample, {
    tools: ['rpm-ostree'],
  })
  return (
    subject && { ...subject, host: withCmdline(subject.host, `BOOT_IMAGE=(hd0,gpt2)/vmlinuz ${options}`) }
  )
}

/** With a kernel of Solus, whose own line comes first. */
function solusLine(sample: Sample) {
  const kernel = '/EFI/com.solus-project/kernel-com.solus-project.current.6.8.2-286'
  const entry = {
    title: 'Solus',
    id: 'Solus-current-6.8.2-286.conf',
    source: '/loader/entries',
    kernel,
    args: ['initrd=\\initrd', 'root=PARTUUID=1-2', 'quiet'],
    recovery: false,
  }
  const menu: Menu = { path: '/loader', default: '', saved: '', entries: [entry] }
  return byLoader('clr-boot-manager', KERNEL_CMDLINE, sample, {
    tools: ['clr-boot-manager'],
    menus: { 'clr-boot-manager': observed(menu) },
    files: { '/usr/lib/kernel/cmdline-6.8.2-286.current': { bytes: 'quiet\n', mode: '644' } },
  })
}
