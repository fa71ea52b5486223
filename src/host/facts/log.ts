import type { KernelLog } from '../host.ts'
import { type Known, observed } from '../known.ts'
import { isFromTheStart, messagesIn } from '../log_lines.ts'
import { defineFact } from './fact.ts'

/** Stands for the messages between the first and the last ones. */
const LEFT_OUT = '-- messages are left out here --'

/**
 * What a verdict is drawn from, as regular expressions that sed's basic ones and JavaScript's read alike: no groups, no
 * slashes.
 */
const ABOUT_US = [
  ...['Linux version', 'Command line', 'Unknown kernel command line'],
  // The IOMMU, and whether it isolates.
  ...['DMAR', 'AMD-Vi', 'IVRS', '[Ii][Oo][Mm][Mm][Uu]', 'x2apic', 'ACS override', 'PCIe ACS', 'pcie_acs'],
  ...['Directed I', 'DRHD', 'RMRR', 'emapping', 'Hypervisor detected'],
  // Who takes the devices: drivers that fail, vfio, the framebuffers that are in their way.
  ...['[Vv][Ff][Ii][Oo]', 'probe of .* failed', 'probe with driver .* failed', 'BAR [0-9].*: can'],
  ...['BOOTFB', 'simple-framebuffer', 'simpledrm', 'vgaarb', 'Invalid PCI ROM', 'Failed to find module'],
  // Devices that do not come back from a reset (drivers/pci/pci.c), and vendor-reset, which helps some.
  ...['not ready .*ms after', 'Refused to change power state', 'Unable to change power state'],
  ...['timed out waiting for pending transaction', 'vendor.reset', 'device inaccessible'],
  // Virtualisation that is off in firmware (arch/x86/kvm, feat_ctl.c), and what Secure Boot forbids.
  ...['kvm.*disabled', 'kvm.*not enabled', 'kvm.*not supported', 'VMX.*disabled by BIOS', 'SVM disabled'],
  ...['Lockdown', 'locked down', '[Ss]ecure [Bb]oot'],
].join('|')
/**
 * At most 40 kB of them: the first, which tell of the IOMMU, and the last, which tell of devices. A fault that repeats
 * itself can fill megabytes.
 */
const ENDS = `awk -v half=20000 '
{ n = length($0) + 1 }
!full && kept + n <= half { kept += n; print; next }
{ full = 1; line[++last] = $0; rest += n }
rest > half { while (rest > half) { rest -= length(line[++first]) + 1; delete line[first] } }
END { if (first) print "${LEFT_OUT}"; while (first < last) print line[++first] }'`
const KEEP = `sed -n -e '1{p;d;}' -e '/${ABOUT_US.replaceAll('|', '\\|')}/p' | ${ENDS}`

/**
 * The kernel's messages of this boot. journalctl first: the ring buffer overflows after weeks of uptime, and
 * dmesg needs privilege where kernel.dmesg_restrict=1. Filtered on the target.
 */
export const log = defineFact({
  commands: {
    journal: `journalctl -k -b 0 -q --no-pager -o short-monotonic | ${KEEP}`,
    dmesg: `dmesg | ${KEEP}`,
  },
  parse(out): Known<KernelLog> {
    const journal = readLog('journal', out.journal)
    return observed(
      journal.lines.length > 0 && !journal.truncated ? journal : better(journal, readLog('dmesg', out.dmesg)),
    )
  },
})

const RELEVANT = new RegExp(ABOUT_US)

const better = (a: KernelLog, b: KernelLog): KernelLog =>
  b.lines.length > 0 && (!b.truncated || a.lines.length === 0) ? b : a

function readLog(source: 'journal' | 'dmesg', text: string): KernelLog {
  const lines = messagesIn(text)
  if (lines.length === 0) return { source: 'none', truncated: true, lines: [] }
  const truncated = !isFromTheStart(lines) || lines.includes(LEFT_OUT)
  return { source, truncated, lines: lines.filter(line => RELEVANT.test(line)) }
}
