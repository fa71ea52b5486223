import { textFromBytes } from '../bytes.ts'
import { type Known, observed, unknown } from '../known.ts'
import { defineFact, linesOf } from './fact.ts'

const FILES = ['/usr/share/misc/pci.ids', '/usr/share/hwdata/pci.ids', '/usr/share/pci.ids']

/**
 * Names of this host's devices from its own pci.ids(5): one awk over the first there is. Vendors begin a line, their
 * devices follow with one tab; classes come last, behind `C `.
 */
export const pciNames = defineFact({
  commands: {
    names: `ids=
cd "$root/sys/bus/pci/devices" && for d in *; do
v=; p=; read -r v <"$d/vendor"; read -r p <"$d/device"; ids="$ids \${v#0x}:\${p#0x}"
done
for f in ${FILES.flatMap(path => [path, `${path}.gz`])
      .map(path => `"$root${path}"`)
      .join(' ')}; do
[ -r "$f" ] || continue
case $f in *.gz) gzip -dc <"$f";; *) cat "$f";; esac | awk -v ids="$ids" '
BEGIN { n = split(ids, id, " "); for (i = 1; i <= n; i++) { wanted[id[i]]; vendors[substr(id[i], 1, 4)] } }
/^C / { exit }
/^[0-9a-f][0-9a-f][0-9a-f][0-9a-f]  / { v = substr($0, 1, 4); if (v in vendors) print; next }
/^\\t[0-9a-f]/ { d = v ":" substr($0, 2, 4); if (d in wanted) print d substr($0, 6) }'
break
done`,
  },
  parse({ names }): Known<Readonly<Record<string, string>>> {
    const found = linesOf(names).flatMap((line): [string, string][] => {
      const [, id, name] = /^([0-9a-f]{4}(?::[0-9a-f]{4})?) {2}(\S.*?)\s*$/.exec(line) ?? []
      return id === undefined || name === undefined ? [] : [[id, textFromBytes(name)]]
    })
    return found.length === 0
      ? unknown('this host has no pci.ids, or none of its devices are in it')
      : observed(Object.fromEntries(found))
  },
})
