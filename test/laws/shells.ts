import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VARIABLES, type Variable } from '../../src/backends/bootloaders/formats/grub_default.ts'
import type { Bytes } from '../../src/host/bytes.ts'

/** The shells that /bin/sh is on real hosts, and how each is asked to be one. */
export const SHELLS = [
  { name: 'dash', argv: ['/bin/dash'] },
  { name: 'bash', argv: ['/bin/bash', '--posix'] },
  { name: 'BusyBox ash', argv: ['/bin/busybox', 'ash'] },
] as const

export const isInstalled = ({ argv: [program] }: (typeof SHELLS)[number]): boolean => existsSync(program)

export type Values = Readonly<Record<Variable, Bytes>>

/**
 * What each list of files leaves in GRUB's variables when a shell sources it in an empty environment, as grub-mkconfig
 * does; undefined where the shell gave up on it. One process for all of them.
 */
export function sourcedValues(
  argv: readonly string[],
  cases: readonly (readonly Bytes[])[],
): (Values | undefined)[] {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-shell-'))
  try {
    const script = cases.map((files, n) => {
      files.forEach((bytes, i) => {
        writeFileSync(join(folder, `${n}.${i}`), bytes + sentinel(bytes), 'latin1')
      })
      const out = VARIABLES.map(name => `printf %s "$${name}" >../out/${n}.${name}`).join('\n')
      return `(cd empty\n${files.map((_, i) => `. ../${n}.${i}; [ "$READ" ] || exit; READ=`).join('\n')}\ncd "$HERE/empty"\n${out}\n: >../out/${n}.done)`
    })
    mkdirSync(join(folder, 'empty'))
    mkdirSync(join(folder, 'out'))
    const [program = '', ...args] = argv
    spawnSync(program, args, {
      cwd: folder,
      env: { PATH: '/nonexistent', LC_ALL: 'C', HERE: folder },
      input: `${script.join('\n')}\n`,
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: 30_000,
    })
    return cases.map((_, n) => {
      if (!existsSync(join(folder, 'out', `${n}.done`))) return undefined
      const value = (name: Variable) => readFileSync(join(folder, 'out', `${n}.${name}`), 'latin1')
      return {
        GRUB_CMDLINE_LINUX: value('GRUB_CMDLINE_LINUX'),
        GRUB_CMDLINE_LINUX_DEFAULT: value('GRUB_CMDLINE_LINUX_DEFAULT'),
      }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** bash runs a file up to its first mistake and goes on behind it; a last line says that it came to the end. */
const sentinel = (bytes: Bytes): string => (bytes.endsWith('\\') ? '\n\nREAD=1\n' : '\nREAD=1\n')
