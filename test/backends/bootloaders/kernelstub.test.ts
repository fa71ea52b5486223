import { describe, expect, it } from 'vitest'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import {
  asKernelstubSplits,
  asPythonWrites,
  kernelstub,
} from '../../../src/backends/bootloaders/kernelstub.ts'
import { applyChanges, type Change } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import type { ArgEdit } from '../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles } from '../../builders.ts'

const CONFIGURATION = '/etc/kernelstub/configuration'
const ENTRIES = '/boot/efi/loader/entries'
const UUID = '9f2a-11'
const OPTIONS = ['quiet', 'loglevel=0', 'systemd.show_status=false', 'splash']
const [OLD, NEW] = ['6.8.0-76060800daily20240311-generic', '6.9.3-76060903-generic']
const edits: readonly ArgEdit[] = [{ op: 'add', key: 'intel_iommu', value: 'on' }]
const undo: readonly ArgEdit[] = [{ op: 'remove', key: 'intel_iommu', value: 'on' }]

const user = {
  kernel_options: OPTIONS,
  esp_path: '/boot/efi',
  setup_loader: true,
  manage_mode: true,
  force_update: false,
  live_mode: false,
  config_rev: 3,
}
const configuration = (differing: object = {}): string =>
  JSON.stringify({ default: { config_rev: 3 }, user: { ...user, ...differing } }, undefined, 2)
const entry = (suffix: string, options: readonly string[] = OPTIONS): string =>
  `title Pop!_OS\nlinux /EFI/Pop_OS-${UUID}/vmlinuz${suffix}.efi\ninitrd /EFI/Pop_OS-${UUID}/initrd.img${suffix}\noptions root=UUID=${UUID} ro ${options.join(' ')}\n`

function pop(files: Readonly<Record<string, string | undefined>> = {}): Host {
  const host = aHost({ files: {}, tools: ['kernelstub', 'kernel-install'], paths: [CONFIGURATION] })
  const kernels = [OLD, NEW].map(release => ({
    ...host.kernels[0],
    release,
    bootable: true,
  })) as Host['kernels']
  const firmware = { ...host.firmware, uefi: true, loaderInfo: 'systemd-boot 249' }
  const line = `initrd=\\EFI\\Pop_OS-${UUID}\\initrd.img root=UUID=${UUID} ro ${OPTIONS.join(' ')}`
  return withFiles(withCmdline({ ...host, kernels, firmware }, line), {
    [CONFIGURATION]: configuration(),
    [`${ENTRIES}/Pop_OS-current.conf`]: entry(''),
    [`${ENTRIES}/Pop_OS-oldkern.conf`]: entry('-previous'),
    [`${ENTRIES}/Recovery-9F2A.conf`]:
      'title Recovery\nlinux /EFI/Recovery-9F2A/vmlinuz.efi\noptions boot=casper\n',
    '/boot/efi/loader/loader.conf': 'default Pop_OS-current\n',
    ...files,
  })
}

function changes(host: Host, wanted = edits): readonly Change[] {
  const answer = kernelstub.edit(host, wanted)
  if (isRefusal(answer)) throw new Error(answer.why)
  return answer
}
const edited = (host: Host, wanted = edits): Host => applyChanges(host, changes(host, wanted))

describe('Pop!_OS', () => {
  it('is told all options, and what it will write is known', () => {
    expect(changes(pop())).toMatchObject([
      {
        kind: 'run',
        argv: ['kernelstub', '-o', `${OPTIONS.join(' ')} intel_iommu=on`],
      },
    ])
    const options = [...OPTIONS, 'intel_iommu=on']
    const after = edited(pop())
    expect(after.files).toEqual(
      withFiles(pop(), {
        [CONFIGURATION]: configuration({ kernel_options: options }),
        [`${ENTRIES}/Pop_OS-current.conf`]: entry('', options),
        [`${ENTRIES}/Pop_OS-oldkern.conf`]: entry('-previous', options),
      }).files,
    )
    expect(changes(after)).toEqual([])
    expect(edited(after, undo)).toEqual(pop())
  })

  it('keeps the order of arguments, which its own -d does not', () => {
    const host = pop({
      [CONFIGURATION]: configuration({ kernel_options: ['b', 'intel_iommu=on', 'a', 'b'] }),
    })
    expect(changes(host, undo)).toMatchObject([{ argv: ['kernelstub', '-o', 'b a b'] }])
  })

  it('an entry that was left behind is written again', () => {
    const host = pop({
      [CONFIGURATION]: configuration({ kernel_options: [...OPTIONS, 'intel_iommu=on'] }),
    })
    expect(changes(host)).toHaveLength(1)
    expect(kernelstub.configured(host)).not.toContain('intel_iommu=on')
  })

  it('boots its current entry, which it names without the suffix, and the newest kernel', () => {
    expect(kernelstub.next(pop())).toEqual({
      title: 'Pop!_OS',
      chosenBy: 'the default in /boot/efi/loader/loader.conf',
      release: NEW,
      cmdline: [`initrd=\\EFI\\Pop_OS-${UUID}\\initrd.img`, `root=UUID=${UUID}`, 'ro', ...OPTIONS],
    })
    const host = pop()
    const loaderEntries = { default: '', oneShot: 'Pop_OS-oldkern.conf' }
    expect(kernelstub.next({ ...host, firmware: { ...host.firmware, loaderEntries } })).toMatchObject({
      release: OLD,
    })
  })

  it.each([
    ['no JSON', '{ "user": ', /no JSON object/],
    ['no user', '{}', /no object `user`/],
    ['options in one text', configuration({ kernel_options: 'quiet splash' }), /user.kernel_options/],
    ['no loader entries', configuration({ setup_loader: false }), /user.setup_loader/],
    ['a unified image', configuration({ unified_kernel: true }), /user.unified_kernel/],
  ])('a configuration with %s is refused', (_, text, why) => {
    expect(kernelstub.edit(pop({ [CONFIGURATION]: text }), edits)).toMatchObject({
      refused: true,
      why: expect.stringMatching(why),
    })
  })

  it('with the ESP not mounted is refused: the program would write below the mount point', () => {
    const host = pop({
      [`${ENTRIES}/Pop_OS-current.conf`]: undefined,
      [`${ENTRIES}/Pop_OS-oldkern.conf`]: undefined,
    })
    expect(kernelstub.edit(host, edits)).toMatchObject({
      refused: true,
      hint: expect.stringContaining('mount'),
    })
  })

  it('is gone through where systemd-boot is found as well', () => {
    const found = findBootloader(pop())
    expect(isRefusal(found) ? found.why : found.loader.name).toBe('kernelstub')
  })
})

describe('as the program does it', () => {
  it.each([
    ['a b=c', ['a', 'b=c']],
    [' a  b ', ['a', 'b']],
    ['x="a b" c', ['x="a b"', '', 'c']],
    ['x="a" b y="c"', ['x="a" b y="c"', '', '']],
    ['x="a" b', ['x="a" b', '']],
  ])('%s is split', (line, options) => {
    expect(asKernelstubSplits(line)).toEqual(options)
  })

  it('JSON is ASCII', () => {
    expect(asPythonWrites({ a: ['é\u{1f600}\x7f\n"'], b: [] })).toBe(
      '{\n  "a": [\n    "\\u00e9\\ud83d\\ude00\\u007f\\n\\""\n  ],\n  "b": []\n}',
    )
  })
})
