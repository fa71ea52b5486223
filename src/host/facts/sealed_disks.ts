import type { SealedDisk } from '../host.ts'
import { defineFact, linesOf } from './fact.ts'

/**
 * Disks whose key the TPM gives out only while what booted is what was measured when they were sealed: LUKS2 tokens of
 * systemd-cryptenroll(1) and of clevis, crypttab(5) and its like on the command line, and enrolments that are kept
 * beside the disk. Only root may read them.
 */
export const sealedDisks = defineFact({
  commands: {
    // A clevis token does not say in the dump which pin it has.
    tokens: `command -v cryptsetup >/dev/null || return 0
for u in "$root"/sys/block/dm-*/dm/uuid; do
  [ -r "$u" ] && read -r id <"$u"; case $id in CRYPT-LUKS*) ;; *) continue;; esac; id=
  for s in "\${u%/dm/uuid}"/slaves/*; do
    [ -e "$s" ] || continue
    d=/dev/\${s##*/}; echo "device $d"
    t=$(cryptsetup luksDump "$root$d" | sed -n '/^Tokens:/,/^Digests:/p'); echo "$t"
    case $t in *' clevis'*)
      for n in $(echo "$t" | sed -n 's/^[[:blank:]]*\\([0-9]*\\): clevis$/\\1/p'); do
        echo "export $(cryptsetup token export --token-id "$n" "$root$d" | tr -d '\\n')"
      done;;
    esac
  done
done`,
    crypttab: `for f in "$root"/etc/crypttab "$root"/etc/crypttab.initramfs; do [ -r "$f" ] && echo "file \${f#"$root"}" && sed -n 's/^[[:blank:]]*\\([^#[:blank:]][^[:blank:]]*\\)[[:blank:]].*tpm2-device=.*/\\1/p' "$f"; done`,
    cmdline: 'cat "$root/proc/cmdline"',
    beside: `cd "\${root:-/}" && for f in ./boot/efi/EFI/*/sealed.* ./boot/efi/sealed.* ./efi/EFI/*/sealed.* ./var/lib/systemd/pcrlock.json; do [ -f "$f" ] && echo "\${f#.}"; done`,
  },
  parse: (out): SealedDisk[] => [
    ...sealedByToken(out.tokens),
    ...sealedByCrypttab(out.crypttab),
    ...sealedByCmdline(out.cmdline),
    ...linesOf(out.beside).map(path => ({ device: 'the root disk', by: keptBeside(path) })),
  ],
})

function sealedByToken(dumps: string): SealedDisk[] {
  return dumps
    .split(/^device /m)
    .slice(1)
    .flatMap(dump => {
      const [device = '', ...lines] = linesOf(dump)
      const by = [
        ...(lines.some(line => /^\s*\d+: systemd-tpm2\s*$/.test(line))
          ? [`systemd-cryptenroll${pcrsIn(lines)}`]
          : []),
        ...(lines.some(line => line.startsWith('export ') && isTpmPin(line)) ? ['clevis'] : []),
      ]
      return by.map(one => ({ device, by: one }))
    })
}

/** cryptsetup shows them where it has systemd's plugin. */
function pcrsIn(lines: readonly string[]): string {
  const pcrs = lines.map(line => /^\s*tpm2-(?:hash-)?pcrs:\s+(\d[\d+ ]*)$/.exec(line)?.[1]).find(Boolean)
  return pcrs === undefined ? '' : `, PCR ${pcrs}`
}

/**
 * Clevis keeps its pin in the protected header of a JWE, base64url in JSON: tang's needs the network, not the TPM; sss
 * holds others. A token that cannot be read may be the TPM's.
 */
function isTpmPin(token: string): boolean {
  const headers = [...token.matchAll(/"?(eyJ[A-Za-z0-9_-]+)/g)].map(([, part = '']) =>
    Buffer.from(part, 'base64url').toString('latin1'),
  )
  if (headers.length === 0) return true
  return headers.some(
    header => /"pin"\s*:\s*"tpm2"/.test(header) || (header.includes('"sss"') && isTpmPin(header)),
  )
}

function sealedByCrypttab(found: string): SealedDisk[] {
  return found
    .split(/^file /m)
    .slice(1)
    .flatMap(part => {
      const [file = '', ...names] = linesOf(part)
      return names.map(device => ({ device, by: file }))
    })
}

/** rd.luks.options=[UUID=]OPTIONS, and without rd. (systemd-cryptsetup-generator(8)). */
const sealedByCmdline = (line: string): SealedDisk[] =>
  line
    .split(/\s+/)
    .filter(token => /^(rd\.)?luks\.options=.*tpm2-device=/.test(token))
    .map(token => ({
      device: /options=([0-9a-fA-F-]{8,})=/.exec(token)?.[1] ?? 'a disk',
      by: 'luks.options on the kernel command line',
    }))

/** systemd-pcrlock's policy, which sdbootutil keeps up to date; openSUSE's fde-tools leave the sealed key to GRUB. */
const keptBeside = (path: string): string =>
  path.endsWith('pcrlock.json') ? `systemd-pcrlock (${path})` : `fde-tools (${path})`
