import type { Host, InstalledKernel } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { kernelsLacking } from '../../host/vfio_kernels.ts'
import type { Finding } from '../finding.ts'
import { isDriven, termsOf } from '../iommu.ts'
import { quoted } from '../messages/said.ts'
import {
  asSeriousAs,
  bootable,
  findingsOf,
  type Judge,
  judged,
  type Subject,
  type Untold,
  untold,
} from './stage.ts'

const say = findingsOf('kernel')

/** Every kernel that may be booted has what passthrough takes; another one than today's may be next. */
export const kernel: Judge = subject => {
  const { host } = subject
  const found: (Finding | Untold)[] = bootable(host).flatMap(one =>
    lacks(host, one).map(finding => asSeriousAs(subject, finding)),
  )
  if (bootable(host).length === 0)
    found.push(untold('no kernel that could be booted was seen in /lib/modules'))
  return judged('kernel', subject, [...found, ...withoutModules(host), ...leftovers(subject)], {
    says: `vfio-pci is in ${listKernels(bootable(host))}`,
    evidence: '/lib/modules',
  })
}

function lacks(host: Host, { release, vfio, config }: InstalledKernel): Finding[] {
  const running = release === ifKnown(host.kernel) ? ' (it is running)' : ''
  const found: Finding[] = []
  if (vfio.vfio_pci === undefined)
    found.push(
      say.problem(
        `kernel ${release}${running} has no vfio-pci`,
        `neither modules.dep nor modules.builtin in /lib/modules/${release} names it`,
        'install a full kernel (not a cloud one), or remove this one',
      ),
    )
  const { option } = termsOf(host)
  const options = ifKnown(config)
  const isDisproved = running !== '' && isDriven(host)
  if (options !== undefined && option !== '' && options[option] !== 'y' && !isDisproved)
    found.push(
      say.problem(
        `kernel ${release}${running} is built without ${option}`,
        'its configuration (/boot/config-…, /proc/config.gz)',
        'install a kernel that drives this IOMMU, or remove this one',
      ),
    )
  return found
}

/** A package manager has taken the folder away under the running kernel (Arch): nothing can be loaded until the reboot. */
function withoutModules(host: Host): Finding[] {
  const running = ifKnown(host.kernel)
  const isGone =
    host.kernels.length > 0 &&
    running !== undefined &&
    !host.kernels.some(({ release }) => release === running)
  return isGone
    ? [
        say.warning(
          `the modules of the running kernel ${running} are gone: it was updated or removed, and can load none until the next boot`,
          `there is no /lib/modules/${running}`,
          'reboot',
        ),
      ]
    : []
}

/** vfio_virqfd became part of vfio in 6.2: dracut drops the names behind one that it does not find, mkinitcpio fails. */
function leftovers({ host, messages }: Subject): Finding[] {
  const lacking = kernelsLacking(host, 'vfio_virqfd').find(({ vfio }) => vfio.vfio_pci !== undefined)
  const files = lacking === undefined ? [] : filesNaming(host, 'vfio_virqfd')
  const line = messages?.missingModules.find(({ value }) => value.startsWith('vfio'))
  if (lacking !== undefined && files.length > 0)
    return [
      say.warning(
        `${files.join(', ')} ${files.length > 1 ? 'name' : 'names'} vfio_virqfd, which kernel ${lacking.release} has not (it is part of vfio since 6.2)`,
        line === undefined ? files.join(', ') : quoted(line.line),
        'take it out there, so that what makes the images does not stumble over it',
      ),
    ]
  return line === undefined
    ? []
    : [
        say.note(
          `a file names ${line.value}, which the running kernel has not`,
          quoted(line.line),
          `look for it: grep -r ${line.value} /etc/modules /etc/modules-load.d`,
        ),
      ]
}

/** Lines that are no comments, of files that list modules. */
const filesNaming = (host: Host, module: string): string[] =>
  Object.entries(host.files)
    .filter(([path]) => /^\/etc\/(?:modules|initramfs|dracut|mkinitcpio|booster|ugrd)/.test(path))
    .filter(([, { bytes }]) =>
      bytes
        .split('\n')
        .some(line => !line.trimStart().startsWith('#') && line.replaceAll('-', '_').includes(module)),
    )
    .map(([path]) => path)
    .sort()

/** `kernel 6.1.0-18-amd64 (a module)`; `all 2 kernels: 6.1 (a module), 6.8 (compiled in)`; `1 of 2 kernels: …`. */
function listKernels(kernels: readonly InstalledKernel[]): string {
  const names = kernels.flatMap(({ release, vfio: { vfio_pci } }) =>
    vfio_pci === undefined ? [] : [`${release} (${vfio_pci.is === 'builtin' ? 'compiled in' : 'a module'})`],
  )
  if (names.length === 0) return 'no kernel'
  if (kernels.length === 1) return `kernel ${names[0]}`
  return `${names.length === kernels.length ? 'all' : `${names.length} of`} ${kernels.length} kernels: ${names.join(', ')}`
}
