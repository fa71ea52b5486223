import type { InitramfsGenerator } from '../../src/backends/initramfs/generator.ts'
import { GENERATORS } from '../../src/backends/initramfs/index.ts'
import type { Host } from '../../src/host/host.ts'
import { aHost, withFiles } from '../builders.ts'
import type { Sample } from './index.ts'

/** A sample at its place on a host with its generator. */
export interface Subject {
  readonly sample: Sample
  readonly shape: string
  readonly generator: InitramfsGenerator
  readonly host: Host
  readonly path: string
}

export interface Unplaced {
  readonly sample: Sample
  readonly shape: string
  readonly generator?: undefined
}

interface Shape {
  readonly name: string
  readonly generator: string
  /** Told by the content; by the name only where the content may mean several things. */
  matches(sample: Sample): boolean
  path(sample: Sample): string
  readonly others?: Readonly<Record<string, string>>
}

const MKINITCPIO = {
  '/etc/mkinitcpio.conf': 'MODULES=()\nBINARIES=()\nFILES=()\nHOOKS=(base udev modconf block)\n',
}
const DRACUT =
  /^[#\s]*(add_drivers|force_drivers|drivers|omit_drivers|filesystems|add_dracutmodules|dracutmodules|omit_dracutmodules|hostonly\w*|uefi|install_items|kernel_cmdline)\+?=/m

/** The first that matches. */
const SHAPES: readonly Shape[] = [
  {
    name: 'mkinitcpio preset',
    generator: 'mkinitcpio',
    matches: ({ bytes }) => /^\s*PRESETS=/m.test(bytes),
    path: ({ name }) => `/etc/mkinitcpio.d/${name.replace(/(\.preset)?$/, '.preset')}`,
    others: MKINITCPIO,
  },
  {
    name: 'initramfs.conf',
    generator: 'initramfs-tools',
    matches: ({ bytes }) => /^MODULES=(most|dep|list|netboot)\s*$/m.test(bytes),
    path: () => '/etc/initramfs-tools/initramfs.conf',
  },
  {
    name: 'mkinitcpio drop-in',
    generator: 'mkinitcpio',
    matches: ({ bytes }) =>
      /^\s*(MODULES|HOOKS)\+?=["'(]/m.test(bytes) && !/^\s*(BINARIES|FILES)\+?=/m.test(bytes),
    path: ({ name }) => `/etc/mkinitcpio.conf.d/${name.replace(/(\.conf)?$/, '.conf')}`,
    others: MKINITCPIO,
  },
  {
    name: 'mkinitcpio.conf',
    generator: 'mkinitcpio',
    matches: ({ bytes }) => /^\s*(MODULES|HOOKS)\+?=["'(]/m.test(bytes),
    path: () => '/etc/mkinitcpio.conf',
  },
  {
    name: 'dracut',
    generator: 'dracut',
    matches: ({ bytes, name }) => DRACUT.test(bytes) || (/dracut/i.test(name) && !/^[^#\s]/m.test(bytes)),
    path: ({ name, conclusion }) =>
      `${/vendor|\/usr\/lib/.test(conclusion) ? '/usr/lib/dracut' : '/etc'}/dracut.conf.d/${name.replace(/(\.conf)?$/, '.conf')}`,
  },
  {
    name: 'booster',
    generator: 'booster',
    matches: ({ bytes }) => /^(modules_force_load|modules|network|universal|compression)\s*:/m.test(bytes),
    path: () => '/etc/booster.yaml',
  },
  {
    name: 'list of modules',
    generator: 'initramfs-tools',
    matches: ({ bytes }) => bytes.split('\n').every(line => /^\s*(#.*|[\w-]+(\s.*)?)?\s*$/.test(line)),
    path: () => '/etc/initramfs-tools/modules',
  },
]

export function subjectOf(sample: Sample): Subject | Unplaced {
  const shape = SHAPES.find(one => one.matches(sample))
  const generator = GENERATORS.find(({ name }) => name === shape?.generator)
  if (shape === undefined || generator === undefined) return { sample, shape: shape?.name ?? 'unknown' }
  const path = shape.path(sample)
  const host = withFiles(aHost({ files: {} }), { ...shape.others, [path]: sample.bytes })
  return { sample, shape: shape.name, generator, host, path }
}
