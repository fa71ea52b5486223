import { z } from 'zod'
import { type ArgEdit, effectiveValues } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import { allow, bootloader, state } from './arguments.ts'
import { blocked, converged, defineModule } from './define.ts'
import { planKernelLine } from './kernel_line.ts'

const KEY = 'pcie_acs_override'

const args = z
  .strictObject({
    state,
    values: z
      .array(
        z.string().regex(/^(downstream|multifunction|id:[0-9a-f]{4}:[0-9a-f]{4})$/i, {
          error: issue => `"${String(issue.input)}" is not downstream, multifunction or id:vendor:device`,
        }),
      )
      .default(['downstream'])
      .describe(
        '`downstream`, `multifunction`, or `id:vendor:device` of single ports, which is the narrowest',
      ),
    accept_risk: z
      .boolean()
      .default(false)
      .describe('says that you know what is given up; needed with `state: present`'),
    bootloader,
    allow,
  })
  .refine(({ state, accept_risk }) => state !== 'present' || accept_risk, {
    path: ['accept_risk'],
    error: 'the ACS override gives up the isolation between devices, and nobody has accepted that',
    params: { hint: 'set accept_risk: true once you have read vfio-run modules acs_override' },
  })

export const acs_override = defineModule({
  name: 'acs_override',
  summary: 'Split IOMMU groups with the ACS override patch',
  description: `Sets \`pcie_acs_override=\`. It does not create isolation: it stops the kernel from noticing that there
is none, so that devices which can reach each other's memory past the IOMMU end up in different groups. A guest that is
given one of them can read and write the other's host or guest. It needs a kernel that carries the patch (Proxmox,
Zen, Liquorix, CachyOS, linux-vfio); others ignore it and list it among the unknown parameters.`,
  args,
  example: `- name: Split the groups of the root ports
  acs_override:
    values: [id:8086:a110]
    accept_risk: true
  notify: reboot`,
  plan(host, { state, values, allow }) {
    if (state === 'present' && values.length === 0) return converged('no values are asked for')
    const edits = values.map(
      (value): ArgEdit => ({ op: state === 'present' ? 'add' : 'remove', key: KEY, value }),
    )
    const log = ifKnown(host.log)
    const ignored = log?.lines.find(
      line => line.includes('Unknown kernel command line parameters') && line.includes(KEY),
    )
    const booted = effectiveValues(ifKnown(host.cmdline) ?? [], KEY)
    if (state === 'present' && ignored !== undefined && values.every(value => booted.includes(value))) {
      return blocked(
        `the running kernel does not carry the ACS override patch: it says "${ignored}"`,
        'boot a kernel that has it (Proxmox, Zen, Liquorix, CachyOS, linux-vfio), or drop the override',
      )
    }
    return planKernelLine(host, edits, `${KEY}=${values.join(',')}`, { state, allow })
  },
})
