import { describe, expect, it } from 'vitest'
import { mkinitcpio } from '../../../src/backends/initramfs/mkinitcpio.ts'
import { applyChanges } from '../../../src/host/change.ts'
import { sha256 } from '../../../src/host/digest.ts'
import type { Host, Image } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withFiles } from '../../builders.ts'

const { images } = mkinitcpio
const MAIN = '/etc/mkinitcpio.conf'
const DROP_IN = '/etc/mkinitcpio.conf.d/local.conf'
const PRESET = '/etc/mkinitcpio.d/linux.preset'
const RELEASE = '6.1.0-56-amd64'
const MODULES = ['vfio', 'vfio_iommu_type1', 'vfio_pci']
const HOOKS = 'HOOKS=(base udev autodetect modconf kms block filesystems)\n'

function anArchHost(files: Readonly<Record<string, string>> = {}, differing: Partial<Host> = {}): Host {
  return withFiles(aHost({ tools: ['mkinitcpio'], files: {}, images: {}, ...differing }), files)
}

function edited(host: Host, edit: { add?: readonly string[]; remove?: readonly string[] }): Host {
  const changes = mkinitcpio.edit(host, { add: [], remove: [], ...edit })
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}
const imageAt = (path: string, release = RELEASE) => ({
  [path]: observed<Image>({ path, release, madeBy: 'mkinitcpio', modules: [], loads: [], files: {} }),
})
const texts = (host: Host) =>
  Object.fromEntries(Object.entries(host.files).map(([path, { bytes }]) => [path, bytes]))

describe('the list of modules', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['is an array', { [MAIN]: '#     MODULES=(piix)\nMODULES=( vfio-pci "ext4" )\n' }, ['vfio_pci', 'ext4']],
    [
      'over several lines, with comments',
      { [MAIN]: 'MODULES=(\n  vfio # first\n  # none\n  vfio_virqfd?\n)\n' },
      ['vfio', 'vfio_virqfd'],
    ],
    ['is a string in old files', { [MAIN]: 'MODULES="vfio vfio_pci"\n' }, ['vfio', 'vfio_pci']],
    ['is what a drop-in says', { [MAIN]: 'MODULES=(vfio)\n', [DROP_IN]: 'MODULES=(btrfs)' }, ['btrfs']],
    [
      'is added to by a drop-in',
      { [MAIN]: 'MODULES=(vfio)\n', [DROP_IN]: 'MODULES+=(btrfs)\nMODULES=("${MODULES[@]}" xfs)\n' },
      ['vfio', 'btrfs', 'xfs'],
    ],
    ['is empty where nobody sets it', { [MAIN]: HOOKS }, []],
  ])('%s', (_, files, modules) => {
    expect(mkinitcpio.listed(anArchHost(files))).toEqual(modules)
  })
})

describe('editing', () => {
  it.each<[string, Record<string, string>, Record<string, string>]>([
    [
      'fills an empty array',
      { [MAIN]: 'MODULES=()\n' },
      { [MAIN]: 'MODULES=(vfio vfio_iommu_type1 vfio_pci)\n' },
    ],
    [
      'keeps blanks and comments',
      { [MAIN]: 'MODULES=( ext4 ) # mine\n' },
      { [MAIN]: 'MODULES=( ext4 vfio vfio_iommu_type1 vfio_pci ) # mine\n' },
    ],
    [
      'goes on with the quotes of an old file',
      { [MAIN]: 'MODULES="ahci"\n' },
      { [MAIN]: 'MODULES="ahci vfio vfio_iommu_type1 vfio_pci"\n' },
    ],
    [
      'leaves out what is there, in either spelling',
      { [MAIN]: 'MODULES=(vfio-pci vfio)\n' },
      { [MAIN]: 'MODULES=(vfio-pci vfio vfio_iommu_type1)\n' },
    ],
    [
      'starts a list where there is none',
      { [MAIN]: HOOKS },
      { [MAIN]: `${HOOKS}MODULES=(vfio vfio_iommu_type1 vfio_pci)\n` },
    ],
    [
      'comes before a driver of graphics cards',
      { [MAIN]: 'MODULES=(btrfs i915 nvidia)\n' },
      { [MAIN]: 'MODULES=(btrfs vfio vfio_iommu_type1 vfio_pci i915 nvidia)\n' },
    ],
    [
      'moves what stands behind one',
      { [MAIN]: 'MODULES=(amdgpu iwlmvm vfio_pci vfio vfio_iommu_type1)\n' },
      { [MAIN]: 'MODULES=(vfio vfio_iommu_type1 vfio_pci amdgpu iwlmvm)\n' },
    ],
    [
      'leaves the order where it is right',
      { [MAIN]: 'MODULES="i2c-dev vfio_pci vfio_iommu_type1 vfio i915"\n' },
      {},
    ],
    [
      'goes where the list starts anew, not where it does not count',
      { [MAIN]: 'MODULES=(ext4)\n', [DROP_IN]: 'MODULES=(btrfs intel_pstate)' },
      { [DROP_IN]: 'MODULES=(btrfs intel_pstate vfio vfio_iommu_type1 vfio_pci)' },
    ],
    [
      'comes before what a drop-in adds',
      { [MAIN]: 'MODULES=(ext4)\n', [DROP_IN]: 'MODULES+=(amdgpu)\n' },
      { [MAIN]: 'MODULES=(ext4 vfio vfio_iommu_type1 vfio_pci)\n' },
    ],
    [
      'takes out a name that a kernel does not have',
      { [MAIN]: 'MODULES=(vfio vfio_iommu_type1 vfio_gone vfio_pci vfio_lost?)\n' },
      { [MAIN]: 'MODULES=(vfio vfio_iommu_type1 vfio_pci vfio_lost?)\n' },
    ],
    [
      'counts a name with a question mark as listed where busybox loads it',
      { [MAIN]: `MODULES=(vfio? vfio_iommu_type1? vfio_pci?)\n${HOOKS}` },
      {},
    ],
    [
      'not with the systemd hook, which writes the question mark down, too',
      { [MAIN]: 'MODULES=(ext4 vfio_pci? vfio vfio_gone?)\nHOOKS=(base systemd modconf)\n' },
      {
        [MAIN]: 'MODULES=(ext4 vfio vfio_gone? vfio_iommu_type1 vfio_pci)\nHOOKS=(base systemd modconf)\n',
      },
    ],
    [
      'goes on with a string there, too, of which mkinitcpio makes an array first',
      { [MAIN]: 'MODULES="ext4 vfio"\nHOOKS="base systemd modconf"\n' },
      { [MAIN]: 'MODULES="ext4 vfio vfio_iommu_type1 vfio_pci"\nHOOKS="base systemd modconf"\n' },
    ],
    [
      'comes before nova_drm',
      { [MAIN]: 'MODULES=(btrfs nova_drm)\n' },
      { [MAIN]: 'MODULES=(btrfs vfio vfio_iommu_type1 vfio_pci nova_drm)\n' },
    ],
    [
      'adds the hook that takes modprobe.d along',
      {
        [MAIN]: 'MODULES=(vfio vfio_iommu_type1 vfio_pci)\nHOOKS=(base udev autodetect kms block)\n',
        '/etc/modprobe.d/vfio.conf': 'x',
      },
      {
        [MAIN]: 'MODULES=(vfio vfio_iommu_type1 vfio_pci)\nHOOKS=(base udev autodetect modconf kms block)\n',
      },
    ],
    [
      'not where FILES names its files',
      {
        [MAIN]:
          'MODULES=(vfio vfio_iommu_type1 vfio_pci)\nFILES=(/etc/modprobe.d/vfio.conf)\nHOOKS=(base udev block)\n',
        '/etc/modprobe.d/vfio.conf': 'x',
      },
      {},
    ],
  ])('%s', (_, files, written) => {
    const host = anArchHost(files)
    const after = edited(host, { add: MODULES })
    expect(texts(after)).toEqual({ ...files, ...written })
    expect(edited(after, { add: MODULES })).toEqual(after)
  })

  it.each([
    'MODULES=()\n',
    'MODULES=( )\n',
    'MODULES=(\n)\n',
    'MODULES=(\n  ext4\n  amdgpu\n)\n',
    'MODULES=(ext4 i915)',
    'MODULES=""\n',
    "MODULES='ahci sd_mod'\n",
    'MODULES=(a "b c" # x\n)\n',
  ])('adds and takes away again: %j', text => {
    const host = anArchHost({ [MAIN]: text })
    const there = edited(host, { add: MODULES })
    expect(mkinitcpio.listed(there)).toEqual(expect.arrayContaining(MODULES))
    expect(edited(there, { remove: MODULES })).toEqual(host)
  })

  it('takes whole lines out of a list of lines', () => {
    const host = anArchHost({ [MAIN]: 'MODULES=(\n  vfio\n  ext4\n  vfio_pci # mine\n)\n' })
    expect(texts(edited(host, { remove: MODULES }))).toEqual({ [MAIN]: 'MODULES=(\n  ext4\n  # mine\n)\n' })
  })

  it.each<[string, string, Record<string, string>, string[]?]>([
    [
      'the file that a preset names, and no drop-in',
      'PRESETS=(default)\nALL_config="/etc/mkinitcpio.conf"\n',
      { [MAIN]: 'MODULES=(vfio vfio_iommu_type1 vfio_pci)\n' },
    ],
    [
      'drop-ins where presets name none',
      'PRESETS=(default)\n#default_config="/etc/mkinitcpio.conf"\n',
      { [DROP_IN]: 'MODULES=(btrfs vfio vfio_iommu_type1 vfio_pci)\n' },
    ],
    [
      'every configuration that makes an image',
      "PRESETS=('default' 'own')\nown_options=\"-S autodetect -c /etc/mkinitcpio-own.conf\"\n",
      {
        [DROP_IN]: 'MODULES=(btrfs vfio vfio_iommu_type1 vfio_pci)\n',
        '/etc/mkinitcpio-own.conf': 'MODULES=(vfio vfio_iommu_type1 vfio_pci)\n',
      },
    ],
    ...['-c/etc/mkinitcpio-own.conf', '--config=/etc/mkinitcpio-own.conf'].map(
      (option): [string, string, Record<string, string>] => [
        `the file of ${option}`,
        `PRESETS=(own)\nown_options="${option}"\n`,
        { '/etc/mkinitcpio-own.conf': 'MODULES=(vfio vfio_iommu_type1 vfio_pci)\n' },
      ],
    ),
    [
      'the default one too where an image is of no preset',
      'PRESETS=(own)\nown_config=/etc/mkinitcpio-own.conf\nown_image=/boot/initramfs-linux.img\n',
      {
        [DROP_IN]: 'MODULES=(btrfs vfio vfio_iommu_type1 vfio_pci)\n',
        '/etc/mkinitcpio-own.conf': 'MODULES=(vfio vfio_iommu_type1 vfio_pci)\n',
      },
      ['/boot/initramfs-linux.img', `/efi/ID/${RELEASE}/initrd`],
    ],
  ])('edits %s', (_, preset, written, paths = []) => {
    const files = {
      [MAIN]: 'MODULES=()\n',
      [DROP_IN]: 'MODULES=(btrfs)\n',
      '/etc/mkinitcpio-own.conf': 'MODULES=()\n',
      [PRESET]: preset,
    }
    const host = anArchHost(files, { images: Object.assign({}, ...paths.map(path => imageAt(path))) })
    expect(texts(edited(host, { add: MODULES }))).toEqual({ ...files, ...written })
  })
})

describe('what only a shell could tell is refused', () => {
  it.each<[string, Record<string, string>, string]>([
    [
      'a condition',
      { [MAIN]: 'if true; then\nMODULES=(a)\nfi\n' },
      `${MAIN}:2 sets MODULES under a condition: MODULES=(a)`,
    ],
    [
      'another file',
      { [MAIN]: 'MODULES=()\nsource /etc/more.conf\n' },
      `${MAIN}:2 works the configuration out in shell, which cannot be read safely: source /etc/more.conf`,
    ],
    [
      'braces',
      { [MAIN]: 'MODULES=(vfio{,_pci})\n' },
      `${MAIN}:1 takes MODULES from what only the shell can tell: MODULES=(vfio{,_pci})`,
    ],
    [
      'a string over an array',
      { [MAIN]: 'MODULES=(ext4)\n', [DROP_IN]: 'MODULES="btrfs"\n' },
      `${DROP_IN}:1 sets MODULES, an array until then, as a string: MODULES="btrfs"`,
    ],
    [
      'a driver that a drop-in puts in front',
      { [MAIN]: 'MODULES=()\n', [DROP_IN]: 'MODULES=(nvidia "${MODULES[@]}")\n' },
      `${DROP_IN}:1 puts nvidia before vfio and whatever else MODULES has, so that it is loaded first`,
    ],
    [
      'the same where our names are there already',
      {
        [MAIN]: 'MODULES=(vfio vfio_iommu_type1 vfio_pci)\n',
        [DROP_IN]: 'MODULES=(nova_drm "${MODULES[@]}")\n',
      },
      `${DROP_IN}:1 puts nova_drm before vfio and whatever else MODULES has, so that it is loaded first`,
    ],
    [
      'the same through another variable',
      { [MAIN]: 'MODULES=()\ngpu=nvidia\n', [DROP_IN]: 'MODULES=($gpu "${MODULES[@]}")\n' },
      `${DROP_IN}:1 puts nvidia before vfio and whatever else MODULES has, so that it is loaded first`,
    ],
    [
      'a preset that leaves modconf out',
      {
        [MAIN]: `MODULES=()\n${HOOKS}`,
        '/etc/modprobe.d/vfio.conf': 'x',
        [PRESET]: 'PRESETS=(default)\ndefault_options="-S autodetect,modconf"\n',
      },
      `${PRESET} makes default without the modconf hook (-S), so that /etc/modprobe.d would not be in the image`,
    ],
    [
      'an array without an end',
      { [MAIN]: 'MODULES=(ext4\n' },
      `${MAIN}:1 has an unterminated array: MODULES=(ext4`,
    ],
    [
      'a preset whose file is not there',
      { [MAIN]: 'MODULES=()\n', [PRESET]: 'PRESETS=(default)\ndefault_config=/root/x.conf\n' },
      "mkinitcpio's configuration /root/x.conf is not there, or has a name that is not looked at",
    ],
    [
      'no configuration',
      {},
      "mkinitcpio's configuration /etc/mkinitcpio.conf is not there, or has a name that is not looked at",
    ],
    [
      'no hooks',
      { [MAIN]: 'MODULES=()\n', '/etc/modprobe.d/vfio.conf': 'x' },
      `no HOOKS are set in ${MAIN}, so that /etc/modprobe.d would not be in the image`,
    ],
  ])('%s', (_, files, why) => {
    expect(mkinitcpio.edit(anArchHost(files), { add: MODULES, remove: [] })).toMatchObject({ why })
  })
})

describe('images', () => {
  const ARCH = '/boot/initramfs-linux.img'
  const derived = (files: Record<string, string>, path = ARCH) => {
    const host = anArchHost({ '/etc/modprobe.d/vfio.conf': 'x', ...files }, { images: imageAt(path) })
    const after = images.derive(host)
    expect(images.isStale(after)).toBeUndefined()
    const image = after.images[path]
    return image?.is === 'predicted' ? image.value : image
  }

  it('hold and load what is listed, with modprobe.d where the hook is there', () => {
    expect(derived({ [MAIN]: `MODULES=(vfio_pci ext4)\n${HOOKS}` })).toMatchObject({
      modules: ['vfio', 'vfio_iommu_type1', 'vfio_pci', 'vfio_pci_core', 'vfio_virqfd'],
      loads: ['vfio_pci'],
      files: { '/etc/modprobe.d/vfio.conf': sha256('x') },
    })
    expect(derived({ [MAIN]: 'MODULES=(vfio_pci)\nHOOKS=(base udev)\n' })).toMatchObject({ files: {} })
  })

  it('load only what is there as a module, but all of it with the systemd hook', () => {
    const main = 'MODULES=(vfio vfio_gone?)\nHOOKS=(base udev)\n'
    expect(derived({ [MAIN]: main })).toMatchObject({ loads: ['vfio'] })
    expect(derived({ [MAIN]: main.replace('udev', 'systemd') })).toMatchObject({
      loads: ['vfio', 'vfio_gone?'],
    })
  })

  it("are as their preset's configuration says", () => {
    const files = {
      [MAIN]: `MODULES=(vfio)\n${HOOKS}`,
      '/etc/mkinitcpio-own.conf': 'MODULES=(vfio_pci)\nHOOKS=(base)\n',
      [PRESET]: `PRESETS=(own)\nown_config=/etc/mkinitcpio-own.conf\nown_uki=/efi/EFI/Linux/own.efi\n`,
    }
    expect(derived(files, '/efi/EFI/Linux/own.efi')).toMatchObject({ loads: ['vfio_pci'], files: {} })
    expect(derived(files)).toMatchObject({ loads: ['vfio'] })
  })

  it.each<[string, Record<string, string>, string[], string[][]]>([
    [
      'all presets',
      { [PRESET]: `PRESETS=(default)\ndefault_image="${ARCH}"\n` },
      [ARCH],
      [['mkinitcpio', '-P']],
    ],
    [
      'one by one those of kernel-install',
      {},
      [`/efi/ID/${RELEASE}/initrd`],
      [['mkinitcpio', '-k', RELEASE, '-g', `/efi/ID/${RELEASE}/initrd`]],
    ],
    [
      'for any machine what is left of a preset that is gone',
      { [PRESET]: `PRESETS=(default)\ndefault_image="${ARCH}"\n` },
      [ARCH, '/boot/initramfs-linux-fallback.img'],
      [
        ['mkinitcpio', '-P'],
        ['mkinitcpio', '-k', RELEASE, '-S', 'autodetect', '-g', '/boot/initramfs-linux-fallback.img'],
      ],
    ],
    ['all, where none is known', {}, [], [['mkinitcpio', '-P']]],
  ])('are rebuilt: %s', (_, files, paths, commands) => {
    const host = anArchHost(files, { images: Object.assign({}, ...paths.map(path => imageAt(path))) })
    expect(images.rebuild(host)).toEqual(commands)
    expect(images.writes(host)).toEqual(paths)
  })
  it('hold modprobe.d as their preset has it', () => {
    const files = { [MAIN]: `MODULES=(vfio)\n${HOOKS}`, [PRESET]: `PRESETS=(a)\na_image=${ARCH}\n` }
    expect(derived(files)).toMatchObject({ files: { '/etc/modprobe.d/vfio.conf': sha256('x') } })
    expect(
      derived({ ...files, [PRESET]: `${files[PRESET]}a_options='--skiphooks=modconf'\n` }),
    ).toMatchObject({
      files: {},
    })
  })

  it('whose configuration cannot be read are unclear, and say why', () => {
    const host = anArchHost({ [MAIN]: 'source /etc/more.conf\n' }, { images: imageAt(ARCH) })
    expect(images.unclear?.(host)).toMatchObject({ refused: true, why: images.isStale(host) })
    expect(images.derive(host)).toEqual(host)
  })
})
