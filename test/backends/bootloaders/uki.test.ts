import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signedImages, uki } from '../../../src/backends/bootloaders/uki.ts'
import { applyChanges, type Change, editsOf } from '../../../src/host/change.ts'
import type { Host, MenuEntry } from '../../../src/host/host.ts'
import { type ArgEdit, isSatisfied } from '../../../src/host/kernel_args.ts'
import { ifKnown, observed } from '../../../src/host/known.ts'
import { isRefusal, type Refusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles, withKernel, withMenus } from '../../builders.ts'

const RELEASE = '6.9.1-arch1-1'
const LINE = 'root=UUID=5f0a rw quiet'
const ADD: readonly ArgEdit[] = [{ op: 'add', key: 'intel_iommu', value: 'on' }]
const REMOVE: readonly ArgEdit[] = [{ op: 'remove', key: 'intel_iommu', value: 'on' }]

interface ImageOptions {
  readonly args?: string
  readonly signed?: boolean
  readonly release?: string
}

const image = (
  kernel: string,
  { args = LINE, signed = false, release = RELEASE }: ImageOptions = {},
): MenuEntry => ({
  title: 'Arch Linux',
  id: kernel.split('/').at(-1) ?? '',
  source: '',
  kernel,
  args: args.split(' '),
  recovery: false,
  unified: { release, signed, sortKey: 'arch', version: '20240501' },
})

const DEFAULT = '/efi/EFI/Linux/arch-linux.efi'
const FALLBACK = '/efi/EFI/Linux/arch-linux-fallback.efi'
const PRESET = `ALL_kver="/boot/vmlinuz-linux"
PRESETS=('default' 'fallback')
#default_image="/boot/initramfs-linux.img"
default_uki="${DEFAULT}"
fallback_uki="${FALLBACK}"
fallback_options="-S autodetect"
`

/** A machine that systemd-boot has booted from a unified kernel image. */
function aUkiHost(
  images: readonly MenuEntry[],
  files: Readonly<Record<string, string>>,
  differing: Partial<Host> = {},
): Host {
  const host = aHost({ tools: ['mkinitcpio', 'bootctl'], paths: [], ...differing })
  const firmware = {
    ...host.firmware,
    uefi: true,
    loaderInfo: 'systemd-boot 256.7-1-arch',
    stubInfo: 'systemd-stub 256.7-1-arch',
    ...differing.firmware,
  }
  const bare = { ...host, firmware, files: {}, images: {}, menus: {} }
  const menu = { path: '/EFI/Linux', default: '', saved: '', entries: images }
  return withKernel(withMenus(withFiles(withCmdline(bare, LINE), files), { UKI: observed(menu) }), {
    release: RELEASE,
    pkgbase: 'linux',
  })
}

const archHost = (files: Readonly<Record<string, string>> = {}, args = LINE) =>
  aUkiHost([image(DEFAULT, { args }), image(FALLBACK, { args })], {
    '/etc/mkinitcpio.d/linux.preset': PRESET,
    '/etc/kernel/cmdline': `${LINE}\n`,
    '/efi/loader/loader.conf': 'default arch-linux.efi\n',
    ...files,
  })

const FEDORA = '/boot/efi/EFI/Linux/0123456789abcdef0123456789abcdef-6.8.5-301.fc40.x86_64.efi'
const MACHINE = 'systemd.machine_id=0123456789abcdef0123456789abcdef'
const kernelInstallHost = (files: Readonly<Record<string, string>> = {}, args = `${LINE} ${MACHINE}`) =>
  withKernel(
    aUkiHost([image(FEDORA, { args, release: '6.8.5-301.fc40.x86_64' })], {
      '/etc/kernel/install.conf': '# ours\nlayout=uki\n',
      '/etc/kernel/cmdline': `${LINE}\n`,
      ...files,
    }),
    { release: '6.8.5-301.fc40.x86_64', pkgbase: '' },
  )

const DRACUT = `/efi/EFI/Linux/linux-${RELEASE}-0123456789abcdef.efi`
const dracutHost = (conf: string, files: Readonly<Record<string, string>> = {}) =>
  aUkiHost([image(DRACUT)], { '/etc/dracut.conf.d/uki.conf': conf, ...files })

const edited = (
  host: Host,
  edits: readonly ArgEdit[] = ADD,
): Record<string, string | undefined> | Refusal => {
  const changes = uki.edit(host, edits)
  return isRefusal(changes) ? changes : byPath(changes)
}
const byPath = (changes: readonly Change[]) =>
  Object.fromEntries(changes.flatMap(editsOf).map(({ path, after }) => [path, after]))
const why = (answer: object): string => (isRefusal(answer) ? answer.why : '')

describe('where the command line of an image comes from', () => {
  it.each<[string, Host, Record<string, string>]>([
    ['mkinitcpio: /etc/kernel/cmdline', archHost(), { '/etc/kernel/cmdline': `${LINE} intel_iommu=on\n` }],
    [
      'mkinitcpio: one argument a line stays so, comments stay',
      archHost({ '/etc/kernel/cmdline': '# the root\nroot=UUID=5f0a\nrw\n# less noise\nquiet\n' }),
      { '/etc/kernel/cmdline': '# the root\nroot=UUID=5f0a\nrw\n# less noise\nquiet intel_iommu=on\n' },
    ],
    [
      'mkinitcpio: the drop-ins of /etc/cmdline.d come before /etc/kernel/cmdline',
      archHost({
        '/etc/cmdline.d/10-root.conf': 'root=UUID=5f0a rw\n',
        '/etc/cmdline.d/20-ui.conf': '# less noise\nquiet\n',
        '/etc/kernel/cmdline': 'left=over\n',
      }),
      { '/etc/cmdline.d/20-ui.conf': '# less noise\nquiet intel_iommu=on\n' },
    ],
    [
      'mkinitcpio: each file that a preset names',
      archHost({
        '/etc/mkinitcpio.d/linux.preset': `PRESETS=('default' 'fallback')
default_uki="${DEFAULT}"
default_options="--splash /usr/share/a.bmp --cmdline /etc/kernel/nvidia"
fallback_uki="${FALLBACK}"
fallback_options=(-S autodetect --cmdline=/etc/kernel/intel)
`,
        '/etc/kernel/nvidia': `${LINE} nvidia_drm.modeset=1\n`,
        '/etc/kernel/intel': `${LINE} i915.enable_guc=3\n`,
      }),
      {
        '/etc/kernel/nvidia': `${LINE} nvidia_drm.modeset=1 intel_iommu=on\n`,
        '/etc/kernel/intel': `${LINE} i915.enable_guc=3 intel_iommu=on\n`,
      },
    ],
    [
      'mkinitcpio before 34: NAME_efi_image',
      archHost({ '/etc/mkinitcpio.d/linux.preset': `PRESETS=(default)\ndefault_efi_image=${DEFAULT}\n` }),
      { '/etc/kernel/cmdline': `${LINE} intel_iommu=on\n` },
    ],
    [
      'kernel-install with layout=uki',
      kernelInstallHost(),
      { '/etc/kernel/cmdline': `${LINE} intel_iommu=on\n` },
    ],
    [
      'kernel-install whose plugin is mkinitcpio’s',
      kernelInstallHost({
        '/etc/kernel/install.conf': '',
        '/etc/kernel/install.conf.d/uki.conf': 'layout=uki\nuki_generator=mkinitcpio\n',
        '/etc/cmdline.d/a.conf': `${LINE}\n`,
      }),
      { '/etc/cmdline.d/a.conf': `${LINE} intel_iommu=on\n` },
    ],
    [
      'kernel-install whose plugin is dracut’s',
      kernelInstallHost({
        '/etc/kernel/install.conf': 'layout=uki\nuki_generator=dracut\n',
        '/etc/dracut.conf.d/a.conf': 'kernel_cmdline=" rd.shell=0 "\n',
      }),
      { '/etc/kernel/cmdline': `${LINE} intel_iommu=on\n` },
    ],
    [
      'dracut with uefi="yes": kernel_cmdline',
      dracutHost(`uefi="yes"\nkernel_cmdline="${LINE}"\n`),
      { '/etc/dracut.conf.d/uki.conf': `uefi="yes"\nkernel_cmdline="${LINE} intel_iommu=on"\n` },
    ],
    [
      'dracut: parts in several drop-ins, the last one takes what is added',
      dracutHost('uefi=yes\nkernel_cmdline=" root=UUID=5f0a rw "\n', {
        '/etc/dracut.conf.d/zz.conf': "kernel_cmdline+=' quiet ' # less noise\n",
      }),
      { '/etc/dracut.conf.d/zz.conf': "kernel_cmdline+=' quiet intel_iommu=on ' # less noise\n" },
    ],
  ])('%s', (_, host, after) => {
    expect(edited(host)).toEqual(after)
  })

  it('a new /etc/kernel/cmdline begins with what the image has: with our arguments only the machine would not boot', () => {
    const { '/etc/kernel/cmdline': _, ...files } = Object.fromEntries(
      Object.entries(archHost().files).map(([path, { bytes }]) => [path, bytes]),
    )
    const host = aUkiHost([image(DEFAULT), image(FALLBACK)], files)
    expect(edited(host)).toEqual({ '/etc/kernel/cmdline': `${LINE} intel_iommu=on\n` })
    expect(edited(host, REMOVE)).toEqual({})
  })

  it.each<[string, Host, string]>([
    [
      'an image that nothing here builds',
      aUkiHost([image(DEFAULT)], {}),
      `nothing here says how ${DEFAULT} is built`,
    ],
    [
      'a preset that leaves the command line out',
      archHost({ '/etc/mkinitcpio.d/linux.preset': `${PRESET}default_options="--no-cmdline"\n` }),
      `/etc/mkinitcpio.d/linux.preset builds ${DEFAULT} with --no-cmdline`,
    ],
    [
      'a preset that names a file which is not looked at',
      archHost({ '/etc/mkinitcpio.d/linux.preset': `${PRESET}default_options="--cmdline /root/line"\n` }),
      '/etc/mkinitcpio.d/linux.preset takes the command line from /root/line',
    ],
    [
      'a preset that works its images out',
      archHost({ '/etc/mkinitcpio.d/linux.preset': `${PRESET}default_uki="$esp/a.efi"\n` }),
      '/etc/mkinitcpio.d/linux.preset works out in shell which images are made',
    ],
    [
      'a preset that sources another file',
      archHost({ '/etc/mkinitcpio.d/linux.preset': `${PRESET}. /etc/common\n` }),
      '/etc/mkinitcpio.d/linux.preset works out in shell which images are made',
    ],
    [
      'a preset with Windows line ends',
      archHost({ '/etc/mkinitcpio.d/linux.preset': PRESET.replaceAll('\n', '\r\n') }),
      '/etc/mkinitcpio.d/linux.preset:1 has Windows line ends (CRLF)',
    ],
    [
      'a template',
      archHost({ '/etc/kernel/cmdline': 'root={{ .root }} rw\n' }),
      '/etc/kernel/cmdline:1 is a template',
    ],
    [
      'a byte order mark',
      archHost({ '/etc/kernel/cmdline': `\xef\xbb\xbf${LINE}\n` }),
      '/etc/kernel/cmdline:1 starts with a byte order mark',
    ],
    [
      'an unterminated quote',
      archHost({ '/etc/kernel/cmdline': `${LINE} dyndbg="file\n` }),
      '/etc/kernel/cmdline has an unterminated quote',
    ],
    [
      'two sources, of which the image carries the one that is read second',
      archHost({ '/etc/cmdline.d/a.conf': 'root=UUID=77 rw\n' }),
      `${DEFAULT} carries what /etc/kernel/cmdline says, and /etc/cmdline.d/a.conf says otherwise`,
    ],
    [
      'a source without root=, which the image has',
      archHost({ '/etc/kernel/cmdline': 'quiet\n' }),
      `${DEFAULT} names the root file system on its command line, and what it is built from does not`,
    ],
    [
      'dracut, where it works the command line out itself',
      dracutHost('uefi="yes"\n'),
      `dracut builds ${DRACUT} with the command line that it works out itself`,
    ],
    [
      'dracut, in shell',
      dracutHost('uefi="yes"\nkernel_cmdline="$(cat /proc/cmdline)"\n'),
      '/etc/dracut.conf.d/uki.conf sets kernel_cmdline in a way that cannot be edited safely',
    ],
    [
      'dracut, the distribution’s file',
      dracutHost('uefi="yes"\n', { '/usr/lib/dracut/dracut.conf.d/a.conf': `kernel_cmdline="${LINE}"\n` }),
      '/usr/lib/dracut/dracut.conf.d/a.conf sets kernel_cmdline, and is not for us to edit',
    ],
    [
      'dracut, parts without a blank between',
      dracutHost('uefi="yes"\nkernel_cmdline="root=UUID=5f0a"\nkernel_cmdline+="rw"\n'),
      'kernel_cmdline is put together without blanks',
    ],
  ])('refused: %s', (_, host, message) => {
    expect(why(uki.edit(host, ADD))).toContain(message)
  })
})

describe('the images are built anew', () => {
  it.each<[string, Host, readonly (readonly string[])[]]>([
    ['mkinitcpio: all presets in one go', archHost(), [['mkinitcpio', '-P']]],
    [
      'kernel-install: the kernel of each image, from /boot',
      kernelInstallHost(),
      [['kernel-install', 'add', '6.8.5-301.fc40.x86_64', '/boot/vmlinuz-6.8.5-301.fc40.x86_64']],
    ],
    [
      'kernel-install: from the modules’ folder where it lies there',
      { ...kernelInstallHost(), paths: ['/lib/modules/*/vmlinuz'] },
      [['kernel-install', 'add', '6.8.5-301.fc40.x86_64', '/lib/modules/6.8.5-301.fc40.x86_64/vmlinuz']],
    ],
    [
      'dracut: all kernels',
      dracutHost(`uefi="yes"\nkernel_cmdline="${LINE}"\n`),
      [['dracut', '--force', '--regenerate-all']],
    ],
  ])('%s', (_, host, commands) => {
    expect(uki.menu?.rebuild(host)).toEqual(commands)
  })

  it.each<[string, Host]>([
    ['mkinitcpio', archHost()],
    ['kernel-install', kernelInstallHost()],
    ['dracut', dracutHost(`uefi="yes"\nkernel_cmdline="${LINE}"\n`)],
  ])('%s: stale after an edit, right after the build, which next boots', (_, host) => {
    expect(uki.menu?.isStale(host)).toBeUndefined()
    const changes = uki.edit(host, ADD)
    if (isRefusal(changes)) throw new Error(changes.why)
    const after = applyChanges(host, changes)
    expect(uki.menu?.isStale(after)).toMatch(/ does not carry the configured arguments$/)
    const built = uki.menu?.derive(after) ?? after
    expect(uki.menu?.isStale(built)).toBeUndefined()
    expect(edited(built)).toEqual({})
    const next = uki.next(built)
    if (isRefusal(next)) throw new Error(next.why)
    expect(next.cmdline.filter(token => token !== MACHINE)).toEqual([...LINE.split(' '), 'intel_iommu=on'])
  })

  it('systemd.machine_id= stays where kernel-install puts it', () => {
    const built = uki.menu?.derive(kernelInstallHost({ '/etc/kernel/cmdline': `${LINE} iommu=pt\n` }))
    const menu = built?.menus.UKI && ifKnown(built.menus.UKI)
    expect(menu?.entries[0]?.args.join(' ')).toBe(`${LINE} iommu=pt ${MACHINE}`)
  })

  it('images of others are left alone', () => {
    const other = image('/efi/EFI/Linux/rescue.efi', { args: 'root=/dev/sda9' })
    const host = archHost()
    const menu = host.menus.UKI && ifKnown(host.menus.UKI)
    const both = withMenus(withFiles(host, { '/etc/kernel/cmdline': `${LINE} iommu=pt\n` }), {
      UKI: observed({ path: '', default: '', saved: '', entries: [...(menu?.entries ?? []), other] }),
    })
    expect(uki.menu?.writes(both)).toEqual([DEFAULT, FALLBACK])
    const built = uki.menu?.derive(both).menus.UKI
    expect((built && ifKnown(built))?.entries.at(-1)).toEqual(other)
  })
})

describe('what boots next', () => {
  const two = (
    differing: Partial<Host['firmware']> = {},
    files: Readonly<Record<string, string>> = {},
    saved = '',
  ) => {
    const base = archHost({ '/efi/loader/loader.conf': 'timeout 3\n', ...files })
    const host = withMenus(
      { ...base, firmware: { ...base.firmware, ...differing } },
      {
        UKI: observed({
          path: '',
          default: '',
          saved,
          entries: [image(DEFAULT), image(FALLBACK, { args: `${LINE} fallback` })],
        }),
      },
    )
    const next = uki.next(host)
    return isRefusal(next) ? next.why : `${next.cmdline.at(-1)}, by ${next.chosenBy}`
  }

  it.each([
    [
      'quiet, by the default in /efi/loader/loader.conf',
      two({}, { '/efi/loader/loader.conf': 'default arch-linux.efi\n' }),
    ],
    [
      'fallback, by the default in /efi/loader/loader.conf',
      two({}, { '/efi/loader/loader.conf': 'default arch-linux-f*\n' }),
    ],
    [
      'fallback, by the default in the firmware (LoaderEntryDefault)',
      two({ loaderEntries: { default: 'arch-linux-fallback.efi', oneShot: '' } }),
    ],
    [
      'fallback, by the firmware’s order for one boot (LoaderEntryOneShot)',
      two({ loaderEntries: { default: 'arch-linux.efi', oneShot: 'arch-linux-fallback.efi' } }),
    ],
    [
      'fallback, by the firmware',
      two({ loaderInfo: undefined }, {}, '\\EFI\\Linux\\arch-linux-fallback.efi'),
    ],
    ['quiet, by the firmware', two({ loaderInfo: undefined }, {}, '\\EFI\\LINUX\\ARCH-LINUX.EFI')],
  ])('%s', (expected, shown) => {
    expect(shown).toBe(expected)
  })

  it.each([
    [
      'the firmware starts one of two, and has not said which',
      two({ loaderInfo: undefined }),
      'cannot be told',
    ],
    [
      '@saved',
      two({}, { '/efi/loader/loader.conf': 'default @saved\n' }),
      'is @saved, the entry that was chosen last',
    ],
    [
      'an entry with a kernel of its own',
      two(
        {},
        {
          '/efi/loader/loader.conf': 'default old.conf\n',
          '/efi/loader/entries/old.conf': 'title Old\nlinux /vmlinuz\noptions ro\n',
        },
      ),
      'is /efi/loader/entries/old.conf, which is no unified kernel image',
    ],
  ])('refused: %s', (_, shown, message) => {
    expect(shown).toContain(message)
  })

  it('of several kernels that nothing chooses from, the newest', () => {
    const name = (release: string) => `/boot/efi/EFI/Linux/fedora-${release}.efi`
    const entries = ['6.8.5', '6.10.1', '6.9.12'].map(release => image(name(release), { release }))
    const host = aUkiHost(entries, {})
    expect(uki.next(host)).toMatchObject({ release: '6.10.1', chosenBy: 'the order of systemd-boot’s menu' })
  })
})

describe('who signs a rebuilt image', () => {
  const signed = (files: Readonly<Record<string, string>>, tools: readonly string[] = ['mkinitcpio']) => {
    const host = { ...archHost(files), tools }
    return signedImages(
      withMenus(host, {
        UKI: observed({
          path: '',
          default: '',
          saved: '',
          entries: [image(DEFAULT, { signed: true }), image(FALLBACK)],
        }),
      }),
    )
  }

  it.each<[string, string | undefined, Readonly<Record<string, string>>, readonly string[]]>([
    ['nobody', undefined, {}, ['mkinitcpio']],
    [
      'sbctl’s hook for mkinitcpio',
      'sbctl',
      { '/usr/lib/initcpio/post/sbctl': '#!/bin/sh\nsbctl sign "$3"\n' },
      [],
    ],
    [
      'a hook of one’s own',
      '/etc/initcpio/post/sign',
      { '/etc/initcpio/post/sign': '#!/bin/sh\nsbsign --key k "$3"\n' },
      [],
    ],
    [
      'a hook that only speaks of it',
      undefined,
      { '/etc/initcpio/post/todo': '#!/bin/sh\n# sbsign --key k "$3"\n' },
      [],
    ],
    [
      'ukify with a key',
      'ukify',
      { '/etc/kernel/uki.conf': '[UKI]\nSecureBootPrivateKey=/etc/k.pem\n' },
      ['ukify'],
    ],
    [
      'a key for ukify, which is not installed',
      undefined,
      { '/etc/kernel/uki.conf': '[UKI]\nSecureBootPrivateKey=/etc/k.pem\n' },
      [],
    ],
    [
      'ukify without a key',
      undefined,
      { '/etc/kernel/uki.conf': '[UKI]\n#SecureBootPrivateKey=\n' },
      ['ukify'],
    ],
  ])('%s', (_, signer, files, tools) => {
    expect(signed(files, tools)).toEqual({ path: DEFAULT, signer })
  })

  it('dracut, with its own keys', () => {
    const conf = `uefi="yes"\nkernel_cmdline="${LINE}"\nuefi_secureboot_key="/k"\nuefi_secureboot_cert="/c"\n`
    const host = withMenus(dracutHost(conf), {
      UKI: observed({ path: '', default: '', saved: '', entries: [image(DRACUT, { signed: true })] }),
    })
    expect(signedImages(host)).toEqual({ path: DRACUT, signer: 'dracut' })
  })

  it('where nothing is signed, nobody is asked', () => {
    expect(signedImages(archHost())).toBeUndefined()
  })
})

describe('whatever the files hold', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom(
        '\n',
        ' ',
        '"',
        "'",
        '#',
        '--',
        'intel_iommu=off',
        'quiet',
        'PRESETS=(',
        ')',
        'default_uki=',
        'kernel_cmdline',
        '+=',
        '=',
        '$',
      ),
    ),
    maxLength: 30,
  })
  const hosts = fc.tuple(
    text,
    fc.constantFrom(
      '/etc/kernel/cmdline',
      '/etc/cmdline.d/a.conf',
      '/etc/mkinitcpio.d/linux.preset',
      '/etc/dracut.conf.d/uki.conf',
      '/etc/kernel/install.conf',
      '/efi/loader/loader.conf',
    ),
  )

  it('an edit holds and changes nothing the second time, or is refused', () => {
    fc.assert(
      fc.property(hosts, ([bytes, path]) => {
        const host = archHost({ [path]: bytes })
        const changes = uki.edit(host, ADD)
        if (isRefusal(changes)) return
        const after = uki.menu?.derive(applyChanges(host, changes)) ?? host
        expect(uki.menu?.isStale(after)).toBeUndefined()
        expect(uki.edit(after, ADD)).toEqual([])
        const configured = uki.configured(after)
        expect(isRefusal(configured) || ADD.every(edit => isSatisfied(configured, edit))).toBe(true)
      }),
    )
  })

  it('adding and taking away again gives every byte back', () => {
    const line = fc.stringMatching(/^(#[a-z ]*\n|[a-z]+=[a-z]*[ \n]){1,5}root=UUID=5\n$/)
    fc.assert(
      fc.property(line, bytes => {
        const host = archHost({ '/etc/kernel/cmdline': bytes })
        const there = uki.edit(host, ADD)
        if (isRefusal(there)) throw new Error(there.why)
        const back = uki.edit(applyChanges(host, there), REMOVE)
        if (isRefusal(back)) throw new Error(back.why)
        expect(applyChanges(applyChanges(host, there), back).files['/etc/kernel/cmdline']?.bytes).toBe(bytes)
      }),
    )
  })
})
