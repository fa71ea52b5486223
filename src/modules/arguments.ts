import { z } from 'zod'
import { BOOTLOADERS } from '../backends/bootloaders/index.ts'
import { LOCKS } from '../host/measured_boot.ts'
import { isAddress, isVendorDevice } from '../host/pci.ts'

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

export const allow = z
  .array(z.enum(LOCKS))
  .default([])
  .describe(
    'what the change may cost: `tpm_unlock`, that disks which the TPM unlocks ask for their passphrase at the next boot; `signed_uki`, that Secure Boot refuses images nobody has signed anew',
  )

const selector = z.string().refine(text => isVendorDevice(text) || isAddress(text), {
  error: issue => `"${String(issue.input)}" is neither a vendor:device id nor a PCI address`,
  params: { hint: 'write it as 10de:1aef or 02:00.0 (lspci -nn shows both)' },
})

export const devices = z
  .array(selector)
  .min(1)
  .describe('`vendor:device` ids or PCI addresses; quoted, as YAML may read them as numbers')

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
