import type { Host } from '../../host/host.ts'
import { type Refusal, refuse } from '../../refusal.ts'
import type { InitramfsGenerator } from './generator.ts'
import { initramfsTools } from './initramfs_tools.ts'

/** Detected by the program that builds the images, never inferred from the distribution: Ubuntu has moved once. */
const DETECTIONS: readonly {
  readonly name: string
  readonly tool: string
  readonly adapter?: InitramfsGenerator
}[] = [
  { name: 'rpm-ostree', tool: 'rpm-ostree' },
  { name: 'booster', tool: 'booster' },
  { name: 'mkinitcpio', tool: 'mkinitcpio' },
  { name: 'dracut', tool: 'dracut' },
  { name: 'genkernel', tool: 'genkernel' },
  { name: 'initramfs-tools', tool: 'update-initramfs', adapter: initramfsTools },
]

/** The generator of this host's images, or why none can be used. */
export function findInitramfs(
  host: Host,
): { readonly generator: InitramfsGenerator; readonly evidence: string } | Refusal {
  for (const { name, tool, adapter } of DETECTIONS) {
    if (!host.tools.includes(tool)) continue
    if (adapter !== undefined) return { generator: adapter, evidence: `${tool} is installed` }
    return refuse(
      `the initramfs of this machine is made by ${name} (${tool} is installed), which this version does not drive`,
      'it drives initramfs-tools; put the vfio modules into the image by hand, or leave this host out with --limit',
    )
  }
  return refuse(
    'no initramfs generator was found (initramfs-tools, dracut, mkinitcpio, booster)',
    'install initramfs-tools',
  )
}

export const INITRAMFS_TOOLS = DETECTIONS.map(detection => detection.tool)
