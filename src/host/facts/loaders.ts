import { LOADER_PATHS, LOADER_TOOLS } from '../../backends/bootloaders/index.ts'
import { INITRAMFS_PATHS, INITRAMFS_TOOLS } from '../../backends/initramfs/index.ts'
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
    found: [...LOADER_PATHS, ...INITRAMFS_PATHS]
      .map(path => `for p in "$root"${path}; do [ -e "$p" ] && echo '${path}' && break; done`)
      .join('\n'),
  },
  parse: ({ found }) => linesOf(found),
})
