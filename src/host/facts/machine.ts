import type { Machine } from '../host.ts'
import { type Known, observed, unknown } from '../known.ts'
import { defineFact, linesOf } from './fact.ts'

/** What DMI tells of the maker (Documentation/ABI/testing/sysfs-class-dmi); serial numbers are nobody's business here. */
const DMI = ['sys_vendor', 'product_name', 'board_vendor', 'board_name', 'bios_version', 'bios_date']

/**
 * What kind of machine it is. A container is told as systemd tells it (systemd-detect-virt(1), src/basic/virt.c): its
 * manager puts a variable into the environment of process 1, or a file into its root. Built-ins where they do.
 */
export const machine = defineFact({
  commands: {
    dmi: `cd "$root/sys/class/dmi/id" && for f in ${DMI.join(' ')}; do
[ -r "$f" ] && { v=; read -r v <"$f"; echo "$f $v"; }
done`,
    // An image that was made into a machine of its own still has .dockerenv; the kernel's threads are on no container's /.
    container: `if [ -r "$root/run/systemd/container" ]; then v=; read -r v <"$root/run/systemd/container"; echo "$v"; fi
[ -r "$root/proc/1/environ" ] && tr '\\000' '\\n' <"$root/proc/1/environ" | sed -n 's/^container=//p'
[ -e "$root/run/.containerenv" ] && echo podman
[ -e "$root/.dockerenv" ] && {
v=; read -r v <"$root/proc/2/comm"; [ "$v" = kthreadd ] && [ "$root/proc/1/root/" -ef "\${root:-/}" ] || echo docker; }
v=; read -r v <"$root/proc/sys/kernel/osrelease"; case $v in *icrosoft*) echo wsl;; esac`,
    xen: `v=; read -r v <"$root/sys/hypervisor/type"; echo "$v"
v=; read -r v <"$root/proc/xen/capabilities"; echo "$v"`,
    kvm: 'if [ -e "$root/dev/kvm" ]; then echo yes; else echo no; fi',
    lockdown: 'read -r v <"$root/sys/kernel/security/lockdown" && echo "$v"',
  },
  parse(out): Machine {
    const dmi = new Map(linesOf(out.dmi).map(line => [line.split(' ', 1)[0] ?? '', afterBlank(line)]))
    const field = (name: string) => dmi.get(name) ?? ''
    return {
      vendor: field('sys_vendor'),
      product: field('product_name'),
      board: `${field('board_vendor')} ${field('board_name')}`.trim(),
      firmwareVersion: [field('bios_version'), ...dated(field('bios_date'))].join('').trim(),
      container: linesOf(out.container)[0]?.trim() ?? '',
      xen: xenDomain(linesOf(out.xen)),
      kvm: devKvm(out.kvm.trim()),
      lockdown: LOCKDOWNS.find(mode => out.lockdown.includes(`[${mode}]`)) ?? '',
    }
  },
})

const afterBlank = (line: string): string => line.slice(line.indexOf(' ') + 1).trim()
const dated = (date: string): string[] => (date === '' ? [] : [` (${date})`])

const LOCKDOWNS = ['none', 'integrity', 'confidentiality'] as const

/** Documentation/ABI/stable/sysfs-hypervisor-xen; only the control domain has control_d (drivers/xen/xenfs/super.c). */
function xenDomain(lines: readonly string[]): Machine['xen'] {
  if (lines.some(line => line.includes('control_d'))) return 'dom0'
  return lines.some(line => line.trim() === 'xen') ? 'domU' : ''
}

function devKvm(answer: string): Known<boolean> {
  if (answer !== 'yes' && answer !== 'no') return unknown('the look did not ask for /dev/kvm')
  return observed(answer === 'yes')
}
