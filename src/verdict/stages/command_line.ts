import { nextBoot } from '../../backends/bootloaders/index.ts'
import type { Host } from '../../host/host.ts'
import { effectiveValues, keyOf, valuesOf } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { isRefusal } from '../../refusal.ts'
import type { Finding } from '../finding.ts'
import { isDriven, isOnByDefault, offToken } from '../iommu.ts'
import { quoted } from '../messages/said.ts'
import { notBooted } from './not_booted.ts'
import { findingsOf, isForeseen, type Judge, judged, type Subject, unknownStage } from './stage.ts'

const say = findingsOf('command line')

/** Whether the booted command line lets the kernel use the IOMMU; where it is in use the line cannot have been wrong. */
export const commandLine: Judge = subject => {
  const { host } = subject
  if (host.cmdline.is === 'unknown')
    return unknownStage('command line', `the command line: ${host.cmdline.why}`)
  const line = host.cmdline.value
  const problem = isDriven(host) ? undefined : (switchedOff(host, line) ?? notSwitchedOn(host, line))
  const found = [...(problem === undefined ? [] : [problem]), ...unknownArguments(subject), ...nextLine(host)]
  return judged('command line', subject, found, { says: saysOn(host, line), evidence: '/proc/cmdline' })
}

function switchedOff(host: Host, line: readonly string[]): Finding | undefined {
  const token = offToken(host, line)
  if (token === undefined) return undefined
  const { because, evidence, next } = notBooted(
    host,
    'absent',
    other => offToken(host, other) === undefined,
    'let iommu_kernel_args take it away, then reboot',
  )
  const configured = because === '' ? '' : `; ${because}`
  return say.problem(
    `the running kernel was booted with ${token}, which switches the IOMMU off${configured}`,
    evidence,
    next,
  )
}

const asksForIntel = (line: readonly string[]): boolean => effectiveValues(line, 'intel_iommu').includes('on')

/** AMD's is on where the firmware offers it; Intel's by CONFIG_INTEL_IOMMU_DEFAULT_ON, or by the argument. */
function notSwitchedOn(host: Host, line: readonly string[]): Finding | undefined {
  if (host.cpu.vendor !== 'intel' || asksForIntel(line)) return undefined
  if (isOnByDefault(host, ifKnown(host.kernel))) return undefined
  if (line.some(token => keyOf(token) === 'intel_iommu' && valuesOf(token).includes('on')))
    return say.problem(
      'intel_iommu=on stands behind a -- on the command line, where the kernel hands it to init and does not read it',
      `/proc/cmdline: ${line.join(' ')}`,
      'move it before the --, then reboot',
    )
  const { because, evidence, next } = notBooted(
    host,
    'present',
    asksForIntel,
    'let iommu_kernel_args set it, then reboot',
  )
  const configured = because === '' ? '' : `; ${because}`
  return say.problem(`the running kernel was booted without intel_iommu=on${configured}`, evidence, next)
}

function unknownArguments({ host, messages }: Subject): Finding[] {
  const unread = messages?.unknownParameters
  const found: Finding[] = []
  if (unread !== undefined && unread.value.ours.length > 0)
    found.push(
      say.warning(
        `the running kernel does not know ${unread.value.ours.join(' ')}`,
        quoted(unread.line),
        unread.value.ours.some(token => keyOf(token) === 'pcie_acs_override')
          ? 'boot a kernel with the ACS override patch (Proxmox, Zen, Liquorix, CachyOS, linux-vfio), or drop the argument'
          : 'take it out, or boot a kernel that is built with what it is for',
      ),
    )
  const option = messages?.unknownAmdOption
  if (option !== undefined && host.cpu.vendor !== 'intel')
    found.push(
      say.note(
        'a value of amd_iommu= is none that the kernel knows; `on` does no harm, as it is on by itself',
        quoted(option),
      ),
    )
  return found
}

/** A later boot may end what works now. */
function nextLine(host: Host): Finding[] {
  if (isForeseen(host) || !isDriven(host)) return []
  const next = nextBoot(host)
  if (isRefusal(next)) return []
  const off = offToken(host, next.cmdline)
  const running = asksForIntel(ifKnown(host.cmdline) ?? [])
  const isLost =
    host.cpu.vendor === 'intel' &&
    running &&
    !isOnByDefault(host, next.release) &&
    !asksForIntel(next.cmdline)
  if (off === undefined && !isLost) return []
  return [
    say.warning(
      `the IOMMU is on now, and the next boot ${off === undefined ? 'is without intel_iommu=on' : `switches it off: ${off}`}`,
      `"${next.title}", ${next.chosenBy}`,
      'let iommu_kernel_args see to it',
    ),
  ]
}

function saysOn(host: Host, line: readonly string[]): string {
  if (host.cpu.vendor === 'intel' && asksForIntel(line)) return 'intel_iommu=on is on the booted command line'
  if (isDriven(host)) return 'the kernel switches the IOMMU on without an argument'
  return 'nothing on the booted command line switches the IOMMU off'
}
