import { LIMINE_FILES } from '../../backends/bootloaders/formats/limine_files.ts'
import { defineFact, linesOf } from './fact.ts'

/**
 * Limine looks for the checksum of its configuration within itself, Secure Boot or not, and halts where the file has
 * another one; `limine enroll-config` puts it there, over zeros (limine, common/lib/config.c). Programs elsewhere,
 * Linux as a program of the firmware among them, are large and none of Limine's.
 */
export const enrolled = defineFact({
  commands: {
    found: `cd "\${root:-/}" && for c in ${LIMINE_FILES.map(path => `.${path}`).join(' ')}; do
[ -e "$c" ] || continue
for f in ${programs().join(' ')}; do
[ -f "$f" ] && echo "file \${f#.}" && grep -ao '++CONFIG_B2SUM_SIGNATURE++[!-~]*' "$f"
done
break
done`,
  },
  parse({ found }): readonly string[] {
    const paths: string[] = []
    let file = ''
    for (const line of linesOf(found)) {
      file = /^file (\/.*)$/.exec(line)?.[1] ?? file
      const [, checksum = ''] = /^\+\+CONFIG_B2SUM_SIGNATURE\+\+(.*)$/.exec(line) ?? []
      if (/[^0]/.test(checksum) && !paths.includes(file)) paths.push(file)
    }
    return paths
  },
})

/** BOOTX64.EFI as upstream calls it, limine_x64.efi as limine-entry-tool does; limine-bios.sys beside the configuration. */
function programs(): string[] {
  return ['./boot', './efi', './boot/efi'].flatMap(mount => [
    `${mount}/EFI/[Ll][Ii][Mm][Ii][Nn][Ee]/*.[Ee][Ff][Ii]`,
    `${mount}/EFI/*/[Ll][Ii][Mm][Ii][Nn][Ee]*.[Ee][Ff][Ii]`,
    `${mount}/EFI/*/[Bb][Oo][Oo][Tt]*.[Ee][Ff][Ii]`,
    ...['', '/limine', '/boot', '/boot/limine'].map(folder => `${mount}${folder}/limine-bios.sys`),
  ])
}
