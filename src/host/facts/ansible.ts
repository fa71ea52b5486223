import type { AnsibleEvidence } from '../ansible_evidence.ts'
import { type Known, observed, unknown } from '../known.ts'
import { readProcessors } from './ansible/processors.ts'
import { readRoute } from './ansible/route.ts'
import { defineFact, linesOf } from './fact.ts'

/** Files below /etc by which Ansible tells distributions (module_utils/facts/system/distribution.py, OSDIST_LIST). */
const RELEASES = [
  ...['altlinux-release', 'oracle-release', 'slackware-version', 'centos-release', 'redhat-release'],
  ...['vmware-release', 'openwrt_release', 'system-release', 'alpine-release', 'arch-release'],
  ...['debian_version'],
]

/** Whose presence Ansible looks at (virtual/linux.py, system/pkg_mgr.py, system/service_mgr.py). */
const SIGNS = [
  ...['/proc/vz', '/proc/lve', '/proc/bc', '/proc/xen', '/.dockerenv', '/.dockerinit', '/dev/kvm'],
  // What /proc/modules lists has one, and what is built in has none (kernel/module/main.c).
  ...['kvm', 'vboxdrv', 'virtio'].map(module => `/sys/module/${module}/initstate`),
  ...['/run/ostree-booted', '/run/systemd/system', '/etc/init', '/sbin/openrc', '/etc/init.d'],
  ...['rpm-ostree', 'yum', 'dnf', 'apt-get', 'zypper', 'pacman'].map(name => `/usr/bin/${name}`),
  ...['/usr/sbin/urpmi', '/bin/opkg', '/sbin/apk', '/usr/bin/emerge', '/usr/bin/xbps-install'],
  ...['/usr/bin/swupd', '/usr/bin/rpm', '/usr/bin/dpkg'],
]

/** First lines: what a file says of which one is enough. */
const FIRST_LINES = [
  ...['proc/1/comm', 'run/systemd/container'],
  ...['product_name', 'product_family', 'sys_vendor', 'bios_vendor'].map(
    name => `sys/devices/virtual/dmi/id/${name}`,
  ),
]

/** What Ansible's facts are made of, as far as no other fact tells it. */
export const ansible = defineFact({
  commands: {
    releases: `cd "$root/etc" && for f in ${RELEASES.join(' ')}; do
[ -e "$f" ] && { v=; read -r v <"$f"; echo "$f $v"; }; done`,
    processors: `sed -n -e '/^$/q' -e '/^[PpmvVcs]/p' "$root/proc/cpuinfo"; s=' '; cd "$root/sys/devices/system/cpu" && {
read -r v <online && echo "online:$v"
for f in cpu[0-9]*/topology/physical_package_id; do
read -r v <"$f" && case $s in *" $v "*) ;; *) s="$s$v ";; esac; done; }; echo "packages:$s"`,
    // The address is asked for as Ansible does (network/linux.py): nothing is sent to it.
    route: `r=$(ip -4 route get 8.8.8.8) && echo "$r" && case $r in *" dev "*)
d=\${r#* dev }; d=\${d%% *}; ip -4 addr show dev "$d"
cd "$root/sys/class/net/$d" && { for f in address mtu type; do read -r v <$f && echo "$f $v"; done
for f in bridge bonding; do [ -d $f ] && echo "$f"; done; };; esac`,
    signs: `echo "user $(id -un)"
read -r v n v2 <"$root/proc/meminfo" && echo "memory $n"
for f in ${SIGNS.join(' ')}; do [ -e "$root$f" ] && echo "there $f"; done
for f in systemctl initctl; do command -v $f >/dev/null && echo "there $f"; done
for f in ${FIRST_LINES.join(' ')}; do v=; [ -r "$root/$f" ] && { read -r v <"$root/$f"; echo "\${f##*/} $v"; }; done
read -r v <"$root/proc/1/comm"; case $v in init|*sh|'') [ -h "$root/sbin/init" ] && ls -ld "$root/sbin/init";; esac
while read -r v; do case $v in */docker[/-]*|*/lxc/*|*/machine-lxc*|*/containerd.service*) echo "cgroup $v";; esac
done <"$root/proc/1/cgroup"
n='
'; v=$n$(tr '\\000' '\\n' <"$root/proc/1/environ"); case $v in *"\${n}container="*) v=\${v#*"\${n}container="}
echo "environment \${v%%"$n"*}";; esac`,
  },
  parse({ releases, processors, route, signs }): Known<AnsibleEvidence> {
    if (signs === '') return unknown('it was looked at by a version that did not ask for it')
    const lines = linesOf(signs)
    const told = (name: string): string[] =>
      lines.filter(line => line.startsWith(`${name} `)).map(line => line.slice(name.length + 1).trim())
    const first = (name: string): string => told(name)[0] ?? ''
    return observed({
      user: first('user'),
      releases: Object.fromEntries(
        linesOf(releases).map(line => {
          const [name = ''] = line.split(' ', 1)
          return [name, line.slice(name.length + 1).trim()]
        }),
      ),
      processors: readProcessors(processors),
      memory: observed(kibibytes(first('memory'))),
      ipv4: observed(readRoute(route)),
      there: told('there'),
      init: first('comm') || undefined,
      initIsSystemd: lines.some(line => /^l.* -> (?:.*\/)?systemd$/.test(line)),
      cgroups: told('cgroup'),
      environment: first('environment'),
      container: first('container'),
      dmi: {
        product: first('product_name'),
        family: first('product_family'),
        vendor: first('sys_vendor'),
        firmware: first('bios_vendor'),
      },
    })
  },
})

const kibibytes = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined)
