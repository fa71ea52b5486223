import { parseGrubMenu } from '../../backends/bootloaders/grub.ts'
import { LOADER_PATHS, LOADER_TOOLS } from '../../backends/bootloaders/index.ts'
import { INITRAMFS_TOOLS } from '../../backends/initramfs/index.ts'
import type { Menu } from '../host.ts'
import { type Known, observed, unknown } from '../known.ts'
import { defineFact, linesOf } from './fact.ts'

/** Programs and paths that tell loaders and generators apart: shell built-ins only. */
export const tools = defineFact({
  commands: {
    found: `for t in ${[...LOADER_TOOLS, ...INITRAMFS_TOOLS].join(' ')}; do command -v "$t" >/dev/null && echo "$t"; done`,
  },
  parse: ({ found }) => linesOf(found),
})

export const paths = defineFact({
  commands: {
    found: LOADER_PATHS.map(
      path => `for p in "$root"${path}; do [ -e "$p" ] && echo '${path}' && break; done`,
    ).join('\n'),
  },
  parse: ({ found }) => linesOf(found),
})

/** The lines of grub.cfg that say what is booted, and GRUB's environment block. */
export const menu = defineFact({
  commands: {
    lines: `grep -E '^### BEGIN|^[[:blank:]]*((menuentry|linux|linux16|linuxefi)[[:blank:]]|set default=)' "$root/boot/grub/grub.cfg"`,
    environment: `sed -n '/^[a-z_]*=/p' "$root/boot/grub/grubenv"`,
  },
  parse: (out): Known<Menu> =>
    out.lines === ''
      ? unknown('/boot/grub/grub.cfg is not readable')
      : observed(parseGrubMenu('/boot/grub/grub.cfg', linesOf(out.lines), linesOf(out.environment))),
})
