import { z } from 'zod'
import { BOOTLOADERS } from '../backends/bootloaders/index.ts'
import { BOOT_LOCKS, DEVICE_LOCKS } from '../host/locks.ts'
import { readSelector } from '../host/selectors.ts'

/** Argument types that several modules share. Messages follow `module.argument[i]: `. */

export const state = z
  .enum(['present', 'absent'])
  .default('present')
  .describe('whether it is to be so, or no longer')

export const bootloader = z
  .enum(BOOTLOADERS.map(({ name }) => name))
  .optional()
  .describe(
    'what boots this machine, where more than one may; said by one task, it counts for all of the host. By default what booted it now',
  )

const BOOT_COSTS =
  'what the change may cost: `tpm_unlock`, that disks which the TPM unlocks ask for their passphrase at the next boot; `signed_uki`, that Secure Boot refuses images nobody has signed anew'

const locks = z.array(z.enum([...BOOT_LOCKS, ...DEVICE_LOCKS])).default([])

/** Of what no device is taken by: one variable of a playbook can serve all of its tasks none the less. */
export const allow = locks.describe(
  `${BOOT_COSTS}. What devices would cost (see \`vfio_ids\`) may be named here, too, and has no say`,
)

export const allowWithDevices = locks.describe(
  `${BOOT_COSTS}; \`boot_display\` and \`last_display\`, that the console goes dark; \`display_in_use\`, that programs lose a graphics card they have open; \`host_network\`, that the card of the default route or of our own connection goes; \`host_disks\`, that the controller of mounted file systems, swap, pools, volume groups or arrays goes; \`vgpu\`, that guests lose the virtual GPUs which a card is divided into; \`other_owner\`, that driverctl or a GPU operator gives it to another driver. Each allows its own loss only`,
)

/** Read by hand: a union would not tell which of its forms was meant, nor which property of a mapping is wrong. */
const selector = z.union([z.string(), z.record(z.string(), z.unknown())]).transform((written, context) => {
  let isWrong = false
  const read = readSelector(written, ({ path, why, hint, unknownKey }) => {
    isWrong = true
    context.addIssue({ code: 'custom', path: [...path], message: why, params: { hint, unknownKey } })
  })
  return isWrong ? z.NEVER : read
})

export const devices = z
  .array(selector)
  .min(1)
  .describe(
    'what to choose devices by: `vendor:device` ids, PCI addresses or slots, quoted, as YAML may read them as numbers; or properties, `{class: display, vendor: nvidia, at_most: 1}`. The audio and USB functions of a chosen graphics card come along. docs/hardware.md tells of all of them',
  )

/** Argument and module names end up in files that a shell or modprobe reads: no blanks, no quoting. */
export const driverName = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, { error: issue => `"${String(issue.input)}" is not a driver name` })

export const kernelArgument = z.string().regex(/^[A-Za-z0-9_.-]+(=[^\s"'`$\\;&|<>()]*)?$/, {
  error: issue => `"${String(issue.input)}" is not a kernel argument without quotes or blanks`,
})

export const modprobeFile = z.string().regex(/^\/etc\/modprobe\.d\/[A-Za-z0-9_][\w.-]*\.conf$/, {
  error: issue => `"${String(issue.input)}" is not a .conf file in /etc/modprobe.d`,
})
