import { refuseEnvironment } from '../../host/environment.ts'
import type { Host, KernelLog } from '../../host/host.ts'
import { listed } from '../../host/interlocks/loss.ts'
import { effectiveValues } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { isFromTheStart } from '../../host/log_lines.ts'
import { shortAddress } from '../../host/pci.ts'
import type { Finding } from '../finding.ts'
import { isRemapping, unsafeInterruptsBy } from '../interrupts.ts'
import { isDriven, isOffered, isOnByDefault, offToken, termsOf } from '../iommu.ts'
import { quoted } from '../messages/said.ts'
import { messagesOf } from '../messages.ts'

/** What firmware and board give: an IOMMU, interrupts that go through it, tables without errors. */
export function platformFindings(host: Host): Finding[] {
  const elsewhere = refuseEnvironment(host)
  if (elsewhere !== undefined)
    return [
      {
        stage: 'firmware',
        severity: 'problem',
        what: elsewhere.why,
        evidence: placeTold(host),
        next: elsewhere.hint,
      },
    ]
  return [...firmware(host), ...iommu(host), ...(isDriven(host) ? interrupts(host) : []), ...complaints(host)]
}

function placeTold({ machine, arch }: Host): string {
  if (machine.container !== '') return `process 1 is in a container of ${machine.container}`
  if (machine.xen !== '') return '/sys/hypervisor/type is xen'
  return arch === 'x86_64' ? '/proc/cpuinfo has the flag hypervisor' : `uname -m says ${arch}`
}

/** Who made the machine, and what its firmware is: the first thing anybody asks who is to help. */
function firmware({ machine }: Host): Finding[] {
  const name = [machine.vendor, machine.product, machine.board && `(board ${machine.board})`]
    .filter(Boolean)
    .join(' ')
  if (name === '') return []
  return [
    {
      stage: 'firmware',
      severity: 'ok',
      what: `the machine is a ${name}${machine.firmwareVersion ? `, firmware ${machine.firmwareVersion}` : ''}`,
      evidence: '/sys/class/dmi/id',
      next: '',
    },
  ]
}

/** No table: switched off or not there; firmware does not say which (ACPI, DMAR and IVRS). */
function notOffered(host: Host): Finding {
  const { name, tables } = termsOf(host)
  return {
    stage: 'firmware',
    severity: 'problem',
    what: `${name} is switched off in firmware, or the processor or the board does not have it`,
    evidence: `/sys/firmware/acpi/tables has no ${tables.join(' or ')}`,
    next: `switch ${name} (IOMMU) on in BIOS/UEFI; where there is no such setting, no kernel argument will help`,
  }
}

function iommu(host: Host): Finding[] {
  const { units } = host.iommu
  const { name, argument } = termsOf(host)
  if (units.is === 'unknown') return []
  if (isDriven(host))
    return [
      {
        stage: 'kernel',
        severity: 'ok',
        what: `${name} is on${units.value.length > 0 ? ` (${units.value.join(', ')})` : ''}`,
        evidence: units.value.length > 0 ? '/sys/class/iommu' : '/sys/kernel/iommu_groups',
        next: '',
      },
    ]
  // That its processor is none that we know is said of it (cpu.ts).
  if (host.cpu.vendor === 'other') return []
  if (!isOffered(host)) return [notOffered(host)]
  const line = ifKnown(host.cmdline) ?? []
  const off = offToken(host, line)
  const asked =
    host.cpu.vendor === 'amd' ||
    effectiveValues(line, argument).includes('on') ||
    isOnByDefault(host, ifKnown(host.kernel))
  const common = { evidence: '/sys/class/iommu is empty' }
  if (off !== undefined)
    return [
      {
        ...common,
        stage: 'command line',
        severity: 'warning',
        what: `${name} is there, and ${off} on the kernel command line switches it off`,
        next: 'iommu_kernel_args mends that',
      },
    ]
  if (asked)
    return [
      {
        ...common,
        stage: 'kernel',
        severity: 'problem',
        what: `the kernel has not switched ${name} on, though firmware offers it`,
        next: 'read what the kernel says of it: journalctl -k -b | grep -e DMAR -e AMD-Vi -e IOMMU',
      },
    ]
  return [
    {
      ...common,
      stage: 'command line',
      severity: 'note',
      what: `${name} is there, and not switched on yet`,
      next: `iommu_kernel_args sets ${argument}=on`,
    },
  ]
}

/** Without it a guest could send any interrupt, and VFIO refuses (drivers/vfio/vfio_iommu_type1.c). */
function interrupts(host: Host): Finding[] {
  const told = messagesOf(host).interruptRemapping
  const through = isRemapping(host, told)
  const unsafe = unsafeInterruptsBy(host)
  const shows = 'line' in told ? quoted(told.line) : '/proc/interrupts'
  const off = (ifKnown(host.cmdline) ?? []).find(token => /^(intremap=.*\boff\b|nointremap$)/.test(token))
  if (through === false && off !== undefined && unsafe === undefined)
    return [
      {
        stage: 'command line',
        severity: 'problem',
        what: `interrupts do not go through the IOMMU, as ${off} has it, and VFIO refuses devices because of that`,
        evidence: '/proc/cmdline',
        next: `take ${off} away`,
      },
    ]
  if (through === false && unsafe === undefined)
    return [
      {
        stage: 'firmware',
        severity: 'problem',
        what: 'interrupts do not go through the IOMMU, and VFIO refuses devices because of that',
        evidence: shows,
        next: 'switch x2APIC or interrupt remapping on in BIOS/UEFI, or look for newer firmware',
      },
    ]
  if (unsafe !== undefined)
    return [
      {
        stage: 'usable',
        severity: 'warning',
        what: `VFIO is told to accept unsafe interrupts${through ? ', which this machine does not need' : ': a guest can disturb the host with its own'}`,
        evidence: unsafe,
        next: through
          ? 'take allow_unsafe_interrupts away'
          : 'give devices only to guests that you trust as you trust the host',
      },
    ]
  return through
    ? [
        {
          stage: 'firmware',
          severity: 'ok',
          what: 'interrupts go through the IOMMU',
          evidence: shows,
          next: '',
        },
      ]
    : []
}

/** drivers/iommu/{intel,amd}: what the kernel works round or has stopped, and says so. */
function complaints(host: Host): Finding[] {
  const { firmwareBugs, faults, faultReports, x2apicOptOut, rejected } = messagesOf(host)
  const bugs = firmwareBugs.flatMap(({ lines }) => lines)
  const stopped = [...faults.map(({ line }) => line), ...faultReports]
  const about = [...new Set(faults.map(({ value }) => shortAddress(value.device)))]
  return [
    ...truncatedLog(host),
    ...said(bugs, {
      stage: 'firmware',
      severity: 'warning',
      what: "the firmware's tables about the IOMMU have errors",
      next: `look for newer firmware of the board${host.machine.firmwareVersion ? `; this is ${host.machine.firmwareVersion}` : ''}`,
    }),
    ...said(stopped, {
      stage: 'kernel',
      severity: 'warning',
      what: `the IOMMU has stopped ${about.length > 0 ? listed(about) : 'a device'} from reaching memory that was not given to it`,
      next: 'look for newer firmware of the board and a newer driver of the device',
    }),
    ...said(
      rejected.map(({ line }) => line),
      {
        stage: 'usable',
        severity: 'warning',
        what: `VFIO was refused ${listed([...new Set(rejected.map(({ value }) => shortAddress(value)))])}, whose memory the firmware insists on`,
        next: 'choose another device, or look in BIOS/UEFI for what uses this one',
      },
    ),
    ...said(x2apicOptOut === undefined ? [] : [x2apicOptOut], {
      stage: 'firmware',
      severity: 'note',
      what: 'the firmware keeps the kernel from x2APIC, which costs some speed',
      next: 'intremap=no_x2apic_optout on the kernel command line overrides it',
    }),
  ]
}

/** What is missing from such a log proves nothing, and a reader should know that it may. */
function truncatedLog({ log }: Host): Finding[] {
  if (log.is === 'unknown' || !log.value.truncated) return []
  const { source, lines } = log.value
  const isCut = isFromTheStart(lines)
  return [
    {
      stage: 'kernel',
      severity: 'note',
      what: `${isCut ? 'some' : 'the first'} kernel messages of this boot are ${isCut ? 'left out' : 'gone'}: what they complained of is not told here`,
      evidence: evidenceOfCut(source, isCut),
      next: isCut
        ? 'read them on the host: journalctl -k -b 0'
        : 'keep a journal (Storage=persistent in journald.conf), or check again after a reboot',
    },
  ]
}

function evidenceOfCut(source: KernelLog['source'], isCut: boolean): string {
  if (source === 'none') return 'neither journalctl -k nor dmesg has any'
  return isCut
    ? `the ${source} has more than 40 kB that may matter, and only its beginning and its end are read`
    : `the ${source} starts later`
}

/** A finding that messages are the evidence of; none where there are none. */
const said = ([first, ...more]: readonly string[], finding: Omit<Finding, 'evidence'>): Finding[] =>
  first === undefined ? [] : [{ ...finding, evidence: quoted(first, more.length) }]
