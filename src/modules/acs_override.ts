import { z } from 'zod'
import { nextBoot } from '../backends/bootloaders/index.ts'
import type { Host } from '../host/host.ts'
import type { ArgEdit } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import { isRefusal } from '../refusal.ts'
import { acsPatchOf, PATCHED_KERNELS } from '../verdict/acs_patch.ts'
import { afterTheBoot, beforeTheBoot, KEY, MOST_IDS } from './acs_override/findings.ts'
import { allow, bootloader, state } from './arguments.ts'
import { blocked, converged, defineModule, type Outcome } from './define.ts'
import { planKernelLine } from './kernel_line.ts'

const args = z
  .strictObject({
    state,
    values: z
      .array(
        // The kernel compares the words as they are (the patch's pcie_acs_override_setup()).
        z.string().regex(/^(downstream|multifunction|id:[0-9a-fA-F]{4}:[0-9a-fA-F]{4})$/, {
          error: issue => `"${String(issue.input)}" is not downstream, multifunction or id:vendor:device`,
        }),
      )
      .refine(values => values.filter(value => value.startsWith('id:')).length <= MOST_IDS, {
        error: `the patch has room for ${MOST_IDS} ids, and leaves out the rest`,
      })
      .default(['downstream'])
      .describe(
        '`id:vendor:device` of single ports, which gives up the least; `downstream`, all root and downstream ports; `multifunction`, the functions of each device on PCI Express',
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
given one of them can read and write the other's host or guest. Devices that really have ACS need none of it: there
mainline's \`pci=config_acs=\` (from 6.11) sets what the firmware has left off.

It needs a kernel that carries the patch (${PATCHED_KERNELS}); others ignore it. Blocked where the running kernel, which
also boots next, is seen to lack it, by its messages or its symbols. A warning names each installed kernel that nothing
shows to have it: an update can lose the patch.

The plan says which groups would come apart, and which ids would be enough for each of them: \`id:\` gives up less than
\`downstream\`, which speaks for every port. The reboot remembers the groups of before; after it the task says what they
have become, or that nothing has changed.`,
  args,
  example: `- name: Split the groups of the root ports
  acs_override:
    values: [id:8086:a110]
    accept_risk: true
  notify: reboot`,
  observes: ['acsPatch'],
  plan(host, { state, values, allow }) {
    const edits = values.map(
      (value): ArgEdit => ({ op: state === 'present' ? 'add' : 'remove', key: KEY, value }),
    )
    const what = `${KEY}=${values.join(',')}`
    if (state === 'absent') return planKernelLine(host, edits, what, { state, allow })
    if (values.length === 0) return converged('no values are asked for')
    const outcome = refuseUnpatched(host) ?? planKernelLine(host, edits, what, { allow })
    return outcome.kind === 'blocked' ? outcome : { ...outcome, findings: findingsOf(host, values, outcome) }
  },
})

/** What boots next may be another kernel than the one that runs, of which nothing was seen. */
function refuseUnpatched(host: Host): Outcome | undefined {
  const running = host.kernels.find(({ release }) => release === ifKnown(host.kernel))
  const next = nextBoot(host)
  if (running === undefined || (!isRefusal(next) && next.release !== running.release)) return undefined
  const { is, evidence } = acsPatchOf(host, running)
  if (is !== 'missing') return undefined
  return blocked(
    `kernel ${running.release} does not carry the ACS override patch: it ${evidence}`,
    `boot a kernel that has it (${PATCHED_KERNELS}), or leave the override out`,
  )
}

const findingsOf = (host: Host, values: readonly string[], outcome: Outcome) =>
  outcome.kind === 'converged' ? afterTheBoot(host) : beforeTheBoot(host, values)
