import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Fact } from '../../../src/host/facts/fact.ts'
import { hostScript } from '../../../src/host/script.ts'
import { isInstalled, SHELLS } from '../../laws/shells.ts'

/** The shells that hosts have, for `describe.each`; those that are missing here say so. */
export const REAL_SHELLS = SHELLS.map(
  shell =>
    [
      isInstalled(shell) ? shell.name : `${shell.name} (${shell.argv[0]} is not installed)`,
      { argv: shell.argv, isMissing: !isInstalled(shell) },
    ] as const,
)

/** A file's content, or where a link points. */
export type Contents = Readonly<Record<string, string | { readonly to: string }>>

/**
 * What a fact's own commands find under a real shell below a folder with these contents. Below BusyBox the programs
 * are BusyBox's too.
 */
export function factOf<T, R extends string>(
  fact: Fact<T, R>,
  argv: readonly string[],
  contents: Contents,
  { functions = fact.functions ?? '', unmkinitramfs = {}, programs = {}, without = [] }: Surroundings = {},
): T {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-fact-'))
  try {
    const bin = join(folder, 'bin')
    fill(join(folder, 'root'), contents)
    fill(join(folder, 'unpacked'), unmkinitramfs)
    mkdirSync(bin)
    writeFileSync(join(bin, 'unmkinitramfs'), `#!/bin/sh\ncp -a ${folder}/unpacked/. "$2"\n`, { mode: 0o755 })
    for (const [name, text] of Object.entries(programs)) writeFileSync(join(bin, name), text, { mode: 0o755 })
    if (argv.includes('ash')) for (const name of APPLETS) symlinkSync(argv[0] ?? '', join(bin, name))
    const others = without.length === 0 ? '/usr/bin:/bin' : programsWithout(without, join(folder, 'programs'))
    const [program = '', ...args] = argv
    const read = (command: string) =>
      spawnSync(program, args, {
        input: hostScript(functions, command),
        env: { VFIO_RUN_ROOT: join(folder, 'root'), VFIO_RUN_PATH: `${bin}:${others}` },
        encoding: 'latin1',
        timeout: 30_000,
      }).stdout
    const readings = Object.entries<string>(fact.commands).map(([name, command]) => [name, read(command)])
    return fact.parse(Object.fromEntries(readings))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface Surroundings {
  readonly functions?: string
  /** What the program of that name unpacks, whatever the image. */
  readonly unmkinitramfs?: Contents
  /** Shell scripts by name, for programs that look at the machine. */
  readonly programs?: Readonly<Record<string, string>>
  /** Programs that this host does not have. */
  readonly without?: readonly string[]
}

function programsWithout(names: readonly string[], folder: string): string {
  mkdirSync(folder)
  for (const name of readdirSync('/usr/bin'))
    if (!names.includes(name)) symlinkSync(join('/usr/bin', name), join(folder, name))
  return folder
}

const APPLETS = [
  'awk',
  'base64',
  'cat',
  'cp',
  'find',
  'grep',
  'gzip',
  'head',
  'ls',
  'mktemp',
  'od',
  'readlink',
  'rm',
  'sed',
  'sha256sum',
  'stat',
  'tail',
  'timeout',
  'tr',
  'xargs',
]

function fill(root: string, contents: Contents): void {
  for (const [path, content] of Object.entries(contents)) {
    const at = join(root, path)
    mkdirSync(dirname(at), { recursive: true })
    if (typeof content === 'string') writeFileSync(at, content, 'latin1')
    else symlinkSync(content.to, at)
  }
  mkdirSync(root, { recursive: true })
}
