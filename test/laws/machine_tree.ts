import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Bytes } from '../../src/host/bytes.ts'
import type { File, Host } from '../../src/host/host.ts'
import { type Frame, frameReader } from '../../src/runner/host_scripts/frames.ts'

/** The user `nobody`. */
const NOBODY = 65534

/**
 * The files of a host in a folder of their own, over which the real apply script runs under a real shell. The
 * programs that rebuild things are stand-ins, and any program can be made to fail at the nth time one is started.
 */
export class MachineTree implements Disposable {
  readonly root: string
  readonly #folder: string
  readonly #bin: string
  readonly #shell: readonly string[]
  /** What a folder's mode forbids it does not forbid root. */
  readonly #uid = process.getuid?.() === 0 ? NOBODY : undefined

  constructor(host: Host, shell: readonly string[]) {
    this.#folder = mkdtempSync(join(tmpdir(), 'vfio-run-tree-'))
    this.root = join(this.#folder, 'root')
    this.#bin = join(this.#folder, 'bin')
    this.#shell = shell
    for (const [path, { bytes, mode }] of Object.entries(host.files)) this.write(path, bytes, mode)
    for (const { release } of host.kernels) {
      mkdirSync(join(this.root, 'lib/modules', release), { recursive: true })
      this.write(`/boot/initrd.img-${release}`, `image of ${release}\n`.repeat(7_000), '600')
    }
    this.write('/boot/grub/grub.cfg', 'the menu as it was\n', '600')
    this.write(ESP_COPY, OLD_COPY)
    this.write(UNSEEN_LINE, this.read('/etc/default/grub'))
    for (const folder of ['/etc/modprobe.d', '/var/lib', '/var/tmp'])
      mkdirSync(join(this.root, folder), { recursive: true })
    this.#installPrograms()
    if (this.#uid !== undefined) chownAll(this.#folder, this.#uid)
  }

  at(path: string): string {
    return join(this.root, path)
  }

  write(path: string, bytes: Bytes, mode = '644'): void {
    const made = mkdirSync(dirname(this.at(path)), { recursive: true })
    writeFileSync(this.at(path), bytes, 'latin1')
    chmodSync(this.at(path), Number.parseInt(mode, 8))
    if (this.#uid !== undefined) chownAll(made ?? this.at(path), this.#uid)
  }

  read(path: string): Bytes {
    return readFileSync(this.at(path), 'latin1')
  }

  file(path: string): File | undefined {
    if (!existsSync(this.at(path))) return undefined
    return { bytes: this.read(path), mode: (lstatSync(this.at(path)).mode & 0o7777).toString(8) }
  }

  /** A program fails at its nth start of all those that can be made to; `Infinity` only counts. */
  failAt(n: number): void {
    writeFileSync(join(this.#folder, 'fail-at'), `${n}\n`)
    rmSync(join(this.#folder, 'starts'), { force: true })
  }

  /** The programs that were started since, in order. */
  starts(): string[] {
    const path = join(this.#folder, 'starts')
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }

  /** Runs a script as a transport does: on stdin of a shell. */
  run(
    script: string,
    { limit = '' }: { limit?: string } = {},
  ): { status: number | null; stdout: Buffer; stderr: string } {
    const [program = '', ...args] =
      limit === '' ? this.#shell : ['/bin/sh', '-c', `${limit}; exec "$@"`, 'sh', ...this.#shell]
    const { status, stdout, stderr } = spawnSync(program, args, {
      input: script,
      env: this.#environment(),
      timeout: 30_000,
      ...this.#identity(),
    })
    return { status, stdout, stderr: stderr.toString() }
  }

  /** The same with an ESP of its own, of so many KB, that is filled after all has been looked at; what is on it stays. */
  runOnSmallEsp(script: string, kilobytes: number): { stdout: Buffer; stderr: string } {
    const esp = dirname(this.at(ESP_COPY))
    const mounted = `cp -pR "$1" "$1.stays" && mount -t tmpfs -o mode=755,size=$2k vfio-run-test "$1" && cp -p "$1.stays"/* "$1" || exit 1
rm -rf "$1.stays"; esp=$1; shift 2
"$@"
cp -pR "$esp" "$esp.stays"; umount "$esp"; rm -rf "$esp"; mv "$esp.stays" "$esp"`
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['-Urm', '/bin/sh', '-c', mounted, 'sh', esp, `${kilobytes}`, ...this.#shell],
      { input: script, env: this.#environment(), timeout: 30_000, ...this.#identity() },
    )
    return { stdout, stderr: stderr.toString() }
  }

  /** Another program in the place of one of the stand-ins. */
  replaceProgram(name: string, body: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  }

  /** Starts a script and, once it has said anything, cuts the connection: nobody reads on, and its shell is killed. */
  async runAndCut(script: string): Promise<void> {
    const [program = '', ...args] = this.#shell
    const child = spawn(program, args, {
      env: this.#environment(),
      stdio: ['pipe', 'pipe', 'ignore'],
      ...this.#identity(),
    })
    child.stdin.end(script)
    const over = new Promise(resolve => child.once('close', resolve))
    child.stdout.once('data', () => {
      child.stdout.destroy()
      child.kill('SIGKILL')
    })
    await over
  }

  /** Every file and link with its mode and bytes, but those of our own journal. */
  snapshot(): Record<string, string> {
    return Object.fromEntries(
      filesBelow(this.root, '').filter(([path]) => !path.startsWith('/var/lib/vfio-run')),
    )
  }

  /** Our temporary files outside of the journal. */
  leftovers(): string[] {
    return Object.keys(this.snapshot()).filter(path => path.includes('.vfio-run'))
  }

  [Symbol.dispose](): void {
    for (const folder of foldersBelow(this.#folder)) chmodSync(folder, 0o755)
    // A script that outlived its connection may still be looking round in there.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  #environment() {
    return { VFIO_RUN_ROOT: this.root, VFIO_RUN_PATH: `${this.#bin}:/usr/sbin:/usr/bin:/sbin:/bin` }
  }

  #identity() {
    return this.#uid === undefined ? {} : { uid: this.#uid, gid: this.#uid }
  }

  #installPrograms(): void {
    mkdirSync(this.#bin)
    const [shell = '', applet] = this.#shell
    symlinkSync(shell, join(this.#bin, applet === 'ash' ? 'ash' : 'sh'))
    if (applet === 'ash') symlinkSync(shell, join(this.#bin, 'sh'))
    const install = (name: string, body: string) =>
      writeFileSync(join(this.#bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
    for (const name of FAILING) install(name, failing(this.#folder, name, STAND_INS[name] ?? EXISTING))
    // Flushing every file to the disk tells nothing here and takes its time; nor are these machines' logs ours.
    for (const name of ['sync', 'journalctl', 'dmesg']) install(name, 'exit 0')
    this.failAt(Number.POSITIVE_INFINITY)
  }
}

/** What the second of two rebuilding programs writes. */
export const ESP_COPY = '/boot/efi/initrd'
const OLD_COPY = 'the copy as it was\n'.repeat(1000)

/** Where a hook of the first copies the configuration to, which is kept aside by nobody: `hidden-esp` copies it, too. */
export const UNSEEN_LINE = '/mnt/unseen/line'

/** What a program of the loader's own keeps beside its files: a line for each `loader-tool do`, in order. */
export const LOADER_STATE = '/var/lib/loader-tool'

/** What programs leave when they are done; until then it is half of it. */
const STAND_INS: Readonly<Record<string, string>> = {
  'update-grub': `echo half >"$VFIO_RUN_ROOT/boot/grub/grub.cfg"
echo 'Generating grub configuration file ...' >&2
\${fails:+exit 1}
echo 'the menu as it is now' >"$VFIO_RUN_ROOT/boot/grub/grub.cfg"`,
  'update-initramfs': `for i in "$VFIO_RUN_ROOT"/boot/initrd.img-*; do
  # Over the same inode, as dracut does it.
  echo half >"$i.new"; cat "$i.new" >"$i"
  echo "update-initramfs: Generating $i"
  cat "$VFIO_RUN_ROOT/etc/default/grub" >"$VFIO_RUN_ROOT${UNSEEN_LINE}"
  \${fails:+exit 1}
  rm "$i.new"
  echo 'the image as it is now' >"$i"
done`,
  'copy-to-esp': `echo half >"$VFIO_RUN_ROOT${ESP_COPY}"
\${fails:+exit 1}
echo 'the copy as it is now' >"$VFIO_RUN_ROOT${ESP_COPY}"`,
  'hidden-esp': `echo half >"$VFIO_RUN_ROOT${UNSEEN_LINE}"
\${fails:+exit 1}
cat "$VFIO_RUN_ROOT/etc/default/grub" >"$VFIO_RUN_ROOT${UNSEEN_LINE}"`,
  // `do NAME TEXT FILE…` writes the text to files, '' takes them away; `undo NAME` expects to be the last that was done.
  'loader-tool': `state=$VFIO_RUN_ROOT${LOADER_STATE}
if [ "$1" = undo ]; then
  if [ "$(sed -n '$p' "$state")" = "$2" ]; then sed -i '$d' "$state"; else grep -qx "$2" "$state" && echo disorder >>"$state"; fi
  [ -s "$state" ] || rm -f "$state"
  exit 0
fi
echo "$2" >>"$state"; text=$3; shift 3
for f; do
  f=$VFIO_RUN_ROOT$f
  echo half >"$f"
  \${fails:+exit 1}
  if [ -n "$text" ]; then echo "$text" >"$f"; else rm "$f"; fi
done`,
}

/** The program of that name that this machine has; where it fails, it has done half of its work. */
const EXISTING = `PATH=/usr/bin:/bin
if [ -n "$fails" ]; then
  case $self in
  base64) "$self" "$@" | head -c 10; exit 1 ;;
  cp) "$self" "$@"; for last; do :; done; [ -f "$last" ] && printf half >"$last"; exit 1 ;;
  *) exit 1 ;;
  esac
fi
exec "$self" "$@"`

const FAILING = [
  'base64',
  'cat',
  'chmod',
  'cp',
  'cut',
  'mkdir',
  'mv',
  'sha256sum',
  'stat',
  ...Object.keys(STAND_INS),
]

const failing = (folder: string, name: string, body: string): string => `self=${name}
echo "$self" >>'${folder}/starts'
n=0; while read -r _; do n=$((n + 1)); done <'${folder}/starts'
read -r at <'${folder}/fail-at'
fails=; [ "$n" = "$at" ] && fails=1
${body}`

function filesBelow(folder: string, path: string): [string, string][] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry): [string, string][] => {
      const below = join(folder, entry.name)
      const name = `${path}/${entry.name}`
      if (entry.isDirectory()) return filesBelow(below, name)
      if (entry.isSymbolicLink()) return [[name, `-> ${readlinkSync(below)}`]]
      const mode = (lstatSync(below).mode & 0o7777).toString(8)
      return [[name, `${mode} ${readFileSync(below, 'latin1')}`]]
    })
}

const foldersBelow = (folder: string): string[] => [
  folder,
  ...readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(entry => foldersBelow(join(folder, entry.name))),
]

function chownAll(path: string, uid: number): void {
  if (lstatSync(path).isSymbolicLink()) return
  chownSync(path, uid, uid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) chownAll(join(path, name), uid)
}

/** Whether a file system can be mounted in a namespace of one's own; '' or why not. */
export function whyNoMount(): string {
  const { status, stderr, error } = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'x', '/mnt'], {
    encoding: 'utf8',
  })
  return status === 0 ? '' : ` (cannot mount here: ${error?.message ?? stderr.trim()})`
}

/** The frames of an output, read as they come. */
export function framesOf(nonce: string, stdout: Buffer): { name: string; body: Bytes }[] {
  const frames: Frame[] = []
  frameReader(nonce, frame => frames.push(frame))(stdout)
  return frames.map(({ name, body }) => ({ name, body }))
}
