import type { Host } from '../host/host.ts'
import { effectiveValues } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import { modprobeDirectives, moduleName } from '../host/modprobe.ts'
import { isDriven } from './iommu.ts'
import type { RemappingTold } from './messages/interrupts.ts'
import { quoted } from './messages/said.ts'

/** Whether interrupts go through the IOMMU: /proc/interrupts decides, and the messages where it was not seen. */
export const isRemapping = (host: Host, told: RemappingTold | undefined): boolean | undefined =>
  ifKnown(host.iommu.interruptRemapping) ??
  (told === undefined || told.is === 'not told' ? undefined : told.is === 'on')

/**
 * What tells VFIO to do without remapped interrupts: the module's parameter, and while it is not loaded what it will be
 * loaded with. iommufd has a parameter of the same name (drivers/iommu/iommufd/device.c).
 */
export function unsafeInterruptsBy(host: Host): string | undefined {
  if (host.iommu.unsafeInterrupts)
    return '/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts is Y'
  const line = ifKnown(host.cmdline) ?? []
  const argument = UNSAFE.find(name => effectiveValues(line, name).some(isYes))
  if (argument !== undefined) return `/proc/cmdline has ${argument}`
  const option = modprobeDirectives(host).findLast(
    ({ word, rest: [module = '', ...options] }) =>
      word === 'options' &&
      UNSAFE.includes(`${moduleName(module)}.allow_unsafe_interrupts`) &&
      options.some(one => one.startsWith('allow_unsafe_interrupts')),
  )
  const value = option?.rest.findLast(one => one.startsWith('allow_unsafe_interrupts'))?.split('=')[1] ?? 'y'
  return option !== undefined && isYes(value)
    ? `${option.path} says ${option.word} ${option.rest.join(' ')}`
    : undefined
}

const UNSAFE = ['vfio_iommu_type1.allow_unsafe_interrupts', 'iommufd.allow_unsafe_interrupts']

/** lib/kstrtox.c kstrtobool(). */
const isYes = (value: string): boolean => /^(?:[yt1]|on)/i.test(value)

/** VFIO refuses devices whose interrupts could be forged (vfio_iommu_type1_attach_group(), iommufd), unless it is told not to. */
export interface Unremapped {
  readonly isAccepted: boolean
  readonly what: string
  readonly evidence: string
  readonly next: string
}

/** Without an IOMMU there is nothing to go through, and more to say. */
export function unremapped(host: Host, told: RemappingTold | undefined): Unremapped | undefined {
  if (!isDriven(host) || isRemapping(host, told) !== false) return undefined
  const shows = told?.is === 'off' ? quoted(told.line) : 'no line of /proc/interrupts is of IR-…'
  const unsafe = unsafeInterruptsBy(host)
  const next =
    'switch it on in BIOS/UEFI (with x2APIC, or as part of the IOMMU), look for newer firmware, and take intremap=off away'
  return unsafe === undefined
    ? {
        isAccepted: false,
        what: 'interrupt remapping is off, without which VFIO gives no device to a guest',
        evidence: shows,
        next,
      }
    : {
        isAccepted: true,
        what: 'interrupt remapping is off, and VFIO is told to do without: a guest can send the host interrupts of its choice',
        evidence: `${shows}; ${unsafe}`,
        next,
      }
}
