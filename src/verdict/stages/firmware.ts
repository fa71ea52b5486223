import { refuseEnvironment } from '../../host/environment.ts'
import type { Host } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import type { Finding } from '../finding.ts'
import { isDriven, isOffered, termsOf, unitsOf } from '../iommu.ts'
import { quoted } from '../messages/said.ts'
import { findingsOf, type Judge, judged, type Subject } from './stage.ts'

const say = findingsOf('firmware')

/** Whether the firmware offers an IOMMU to this kernel at all: without it no argument helps. */
export const firmware: Judge = subject => {
  const missing = missingIommu(subject)
  const found = [...(missing === undefined ? [] : [missing]), ...bugs(subject), ...optOut(subject)]
  return judged('firmware', subject, found, offered(subject.host))
}

function missingIommu({ host, messages }: Subject): Finding | undefined {
  // Whatever ACPI says, one that is driven is there (virtio-iommu has no table).
  if (isDriven(host)) return undefined
  const elsewhere = refuseEnvironment(host)
  if (elsewhere !== undefined) return say.problem(elsewhere.why, evidenceOf(host), elsewhere.hint)
  const line = ifKnown(host.cmdline) ?? []
  const { name, tables } = termsOf(host)
  const table = tables.join(' or ')
  if (isOffered(host)) return undefined
  if (line.includes('acpi=off'))
    return say.problem(
      'the kernel was booted with acpi=off, so that it reads no table of the firmware, the IOMMU’s included',
      'acpi=off in /proc/cmdline',
      'take acpi=off away where this machine is booted from, then reboot',
    )
  const asked = messages?.iommuAskedFor
  return say.problem(
    `the firmware offers no IOMMU: ${name} is off in BIOS/UEFI, or this processor or board has none`,
    `no ACPI table ${table} in /sys/firmware/acpi/tables${asked === undefined ? '' : `; ${quoted(asked)}, which only tells that an argument was read`}`,
    `switch ${name} on in BIOS/UEFI (${SETTINGS[host.cpu.vendor]}); where there is no such setting, no kernel argument can help`,
  )
}

/** What shows that it is no machine of its own. */
function evidenceOf({ arch, cpu, machine }: Host): string {
  if (machine.container !== '') return `it is run by ${machine.container}`
  if (machine.xen !== '') return `/sys/hypervisor: ${machine.xen}`
  return cpu.flags.includes('hypervisor')
    ? 'hypervisor among the flags in /proc/cpuinfo'
    : `uname -m: ${arch}`
}

/** As vendors of boards label it. Virtualisation of the processor (VT-x, SVM) is another setting. */
const SETTINGS: Record<Host['cpu']['vendor'], string> = {
  intel: 'often under System Agent or Chipset, as "Intel VT for Directed I/O"; VT-x is another setting',
  amd: 'often under NBIO or AMD CBS, as "IOMMU"; SVM is another setting',
  other: 'it may be called IOMMU',
}

const offered = (host: Host) => {
  const tables = host.firmware.tables.filter(table => termsOf(host).tables.some(one => one === table))
  return tables.length > 0
    ? {
        says: `the firmware offers an IOMMU, ${termsOf(host).name}`,
        evidence: tables.map(table => `/sys/firmware/acpi/tables/${table}`).join(', '),
      }
    : {
        says: 'there is an IOMMU, without a table of ACPI',
        evidence:
          unitsOf(host).length > 0
            ? `/sys/class/iommu: ${unitsOf(host).join(', ')}`
            : '/sys/kernel/iommu_groups',
      }
}

/** Its faults, one word an event; the kernel works round most of them. */
const bugs = ({ messages }: Subject): Finding[] =>
  (messages?.firmwareBugs ?? []).map(({ lines: [first = '', ...more] }) =>
    say.warning(
      'the firmware’s description of the IOMMU has a fault',
      `${quoted(first)}${more.length > 0 ? `, and ${more.length} more of it` : ''}`,
      'look for newer firmware of this board; if the IOMMU works none the less, nothing needs to be done',
    ),
  )

const optOut = ({ messages }: Subject): Finding[] =>
  messages?.x2apicOptOut === undefined
    ? []
    : [say.note('the firmware keeps the kernel from x2APIC', quoted(messages.x2apicOptOut))]
