import type { KernelLog } from '../host.ts'
import { type Known, observed } from '../known.ts'
import { defineFact, linesOf } from './fact.ts'

const ABOUT_US =
  'Linux version|Command line|DMAR|AMD-Vi|IVRS|[Ii][Oo][Mm][Mm][Uu]|[Vv][Ff][Ii][Oo]|ACS override|pcie_acs|x2apic|BAR [0-9]: can|Unknown kernel command line'
const KEEP = `sed -n -e '1{p;d;}' -e '/${ABOUT_US.replaceAll('|', '\\|')}/p'`

/**
 * The kernel's messages of this boot. journalctl first: the ring buffer overflows after weeks of uptime, and
 * dmesg needs privilege where kernel.dmesg_restrict=1. Filtered on the target, at most 40 kB.
 */
export const log = defineFact({
  commands: {
    journal: `journalctl -k -b 0 -q --no-pager -o short-monotonic | ${KEEP} | head -c 40000`,
    dmesg: `dmesg | ${KEEP} | head -c 40000`,
  },
  parse(out): Known<KernelLog> {
    const journal = readLog('journal', out.journal)
    return observed(
      journal.lines.length > 0 && !journal.truncated ? journal : better(journal, readLog('dmesg', out.dmesg)),
    )
  },
})

const better = (a: KernelLog, b: KernelLog): KernelLog =>
  b.lines.length > 0 && (!b.truncated || a.lines.length === 0) ? b : a

function readLog(source: 'journal' | 'dmesg', text: string): KernelLog {
  const lines = linesOf(text).map(line => line.replace(/^\[\s*\d+\.\d+\]\s*(?:\S+ kernel: )?/, '').trimEnd())
  if (lines.length === 0) return { source: 'none', truncated: true, lines: [] }
  // "Linux version …" is the first message of every boot (init/main.c start_kernel()).
  const truncated = !lines.slice(0, 2).some(line => line.startsWith('Linux version'))
  return { source, truncated, lines: lines.filter((line, i) => i > 0 || new RegExp(ABOUT_US).test(line)) }
}
