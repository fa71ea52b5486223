import { execFile, execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  existsSync,
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { installPrograms } from './bin.ts'
import type { ModuleSource } from './boot/binding.ts'
import { boot, type RunningSystem } from './boot/boot.ts'
import { type BootedEntry, bootedEntry } from './boot/menu.ts'
import { modprobeConfiguration } from './boot/modprobe.ts'
import type { LogLine, MachineDescription } from './description.ts'
import { endLeftovers } from './leftovers.ts'
import { moduleName } from './modules.ts'
import { debian12 } from './show/debian.ts'
import { procfs } from './show/procfs.ts'
import { sysfs } from './show/sysfs.ts'
import { writeTree } from './tree.ts'

/** Programs that a test can make fail; `boot` is the machine that never comes back. */
export type Failing = 'update-grub' | 'grub-mkconfig' | 'update-initramfs' | 'reboot' | 'boot'

/** Somebody who has to do with the machine going down and coming up: its SSH server. */
export interface RebootListener {
  down(): Promise<void>
  up(): Promise<void>
}

/**
 * A folder that looks like a machine, for scripts that take `root` and `PATH` as their only parameters. Everything
 * that the kernel would decide (command line, IOMMU, groups, drivers, messages) is decided at each boot, from the
 * files that are then on its disk.
 */
export interface Sandbox extends AsyncDisposable {
  readonly machine: MachineDescription
  /** VFIO_RUN_ROOT. */
  readonly root: string
  /** VFIO_RUN_PATH: stand-ins first. */
  readonly path: string
  /** How it booted last. */
  readonly running: RunningSystem
  /** The absolute path of a file of the sandbox. */
  at(path: string): string
  read(path: string): string
  write(path: string, content: string): void
  /** Runs a shell command as root of the sandbox, and returns what it printed. */
  sh(command: string): Promise<string>
  /** Makes a program print `message` and fail from now on, or work again (undefined). */
  fail(program: Failing, message: string | undefined): void
  /** @returns what ends it. */
  onReboot(listener: RebootListener): () => void
  /** Also what the reboot stand-in brings about. */
  reboot(): Promise<void>
  /** The end of the next boot, whoever asks for it. */
  nextBoot(): Promise<void>
  dispose(): Promise<void>
}

export async function createSandbox(machine: MachineDescription): Promise<Sandbox> {
  const folder = mkdtempSync(join(tmpdir(), `vfio-run-${machine.hostname}-`))
  const sandbox = new DirectoryMachine(machine, folder)
  try {
    await sandbox.install()
    return sandbox
  } catch (error) {
    await sandbox.dispose()
    throw error
  }
}

const run = promisify(execFile)

class DirectoryMachine implements Sandbox {
  readonly machine: MachineDescription
  readonly root: string
  path = ''
  readonly #folder: string
  readonly #listeners = new Set<RebootListener>()
  /** Those of sh() that have not ended. */
  readonly #commands = new Set<Promise<unknown>>()
  #system: RunningSystem | undefined
  #watcher: FSWatcher | undefined
  #rebooting: Promise<void> | undefined
  #disposed = false
  #waiting = awaitedOrNot()

  constructor(machine: MachineDescription, folder: string) {
    this.machine = machine
    this.#folder = folder
    this.root = join(folder, 'root')
  }

  get running(): RunningSystem {
    if (this.#system === undefined) throw new Error(`${this.machine.hostname} has not booted`)
    return this.#system
  }

  async install(): Promise<void> {
    writeTree(this.root, debian12(this.machine))
    mkdirSync(this.at(CONTROL))
    this.write(`${CONTROL}/user`, 'admin\n')
    this.write(`${CONTROL}/sudo`, 'nopasswd\n')
    this.path = installPrograms(this.#folder)
    if (this.machine.firmware.uefi) mkdirSync(this.at('/sys/firmware/efi'), { recursive: true })
    await this.sh('update-initramfs -c -k all && update-grub')
    this.#boot()
    this.#watcher = watch(this.at(CONTROL), () => this.#rebootIfRequested())
    this.#watcher.unref()
  }

  at(path: string): string {
    return join(this.root, path)
  }

  read(path: string): string {
    return readFileSync(this.at(path), 'latin1')
  }

  write(path: string, content: string): void {
    writeFileSync(this.at(path), content, 'latin1')
  }

  async sh(command: string): Promise<string> {
    const env = {
      HOME: '/root',
      USER: 'root',
      LANG: 'C.UTF-8',
      PATH: this.path,
      VFIO_RUN_ROOT: this.root,
      VFIO_RUN_PATH: this.path,
      SANDBOX_UID: '0',
    }
    const running = run('/bin/sh', ['-c', command], { env, cwd: this.root, encoding: 'latin1' })
    running.child.stdin?.end()
    this.#commands.add(running)
    try {
      return (await running).stdout
    } finally {
      this.#commands.delete(running)
    }
  }

  fail(program: Failing, message: string | undefined): void {
    if (message === undefined) rmSync(this.at(`${CONTROL}/fail-${program}`), { force: true })
    else this.write(`${CONTROL}/fail-${program}`, `${message}\n`)
  }

  onReboot(listener: RebootListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  reboot(): Promise<void> {
    this.#rebooting ??= this.#goDownAndUp().finally(() => {
      this.#rebooting = undefined
    })
    return this.#rebooting
  }

  nextBoot(): Promise<void> {
    return this.#waiting.promise
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    this.#watcher?.close()
    await this.#rebooting?.catch(() => {})
    endLeftovers(this.root)
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  #rebootIfRequested(): void {
    if (!existsSync(this.at(`${CONTROL}/reboot-requested`)) || this.#rebooting !== undefined) return
    // Nobody awaits this one; nextBoot() tells how it ended.
    this.reboot().catch(() => {})
  }

  async #goDownAndUp(): Promise<void> {
    await Promise.all([...this.#listeners].map(listener => listener.down()))
    // The one that asked for the reboot gets to its end.
    await Promise.allSettled(this.#commands)
    if (this.#disposed) return
    endLeftovers(this.root)
    rmSync(this.at(`${CONTROL}/reboot-requested`), { force: true })
    if (existsSync(this.at(`${CONTROL}/fail-boot`))) return
    const waiting = this.#waiting
    this.#waiting = awaitedOrNot()
    try {
      this.#boot()
      await Promise.all([...this.#listeners].map(listener => listener.up()))
      waiting.resolve()
    } catch (error) {
      waiting.reject(error)
      throw error
    }
  }

  #boot(): void {
    const entry = bootedEntry(this.read('/boot/grub/grub.cfg'), this.read('/boot/grub/grubenv'))
    this.write('/boot/grub/grubenv', forgetNextEntry(this.read('/boot/grub/grubenv')))
    const kernel = this.#kernelOf(entry)
    const { cmdline } = entry
    const initramfs = this.#initramfs(entry.initrd, kernel.release)
    const rootFileSystem = this.#rootFileSystem(kernel.release)
    this.#system = boot(this.machine, { bootId: randomUUID(), kernel, cmdline, initramfs, rootFileSystem })
    this.#show(this.#system)
  }

  #kernelOf(entry: BootedEntry) {
    const kernel = this.machine.kernels.find(({ release }) => entry.kernel === `/boot/vmlinuz-${release}`)
    if (kernel === undefined || !existsSync(this.at(entry.kernel)))
      throw new Error(`GRUB cannot load ${entry.kernel}: file not found`)
    return kernel
  }

  #initramfs(image: string, release: string): ModuleSource {
    const unpacked = mkdtempSync(join(this.#folder, 'initramfs-'))
    try {
      execFileSync('tar', ['-xf', this.at(image), '-C', unpacked])
      const listed = join(unpacked, 'conf/modules')
      return {
        ...moduleSource(unpacked, release),
        loads: existsSync(listed) ? namesIn(readFileSync(listed, 'latin1')) : [],
      }
    } finally {
      rmSync(unpacked, { recursive: true })
    }
  }

  #rootFileSystem(release: string): ModuleSource {
    const lists = filesOf(this.at('/etc/modules-load.d'), '.conf')
    return {
      ...moduleSource(this.root, release),
      loads: lists.flatMap(path => namesIn(readFileSync(path, 'latin1'))),
    }
  }

  /** /proc and /sys of the new boot take the place of the old ones at once. */
  #show(system: RunningSystem): void {
    const next = mkdtempSync(join(this.#folder, 'next-'))
    writeTree(next, procfs(this.machine, system))
    writeTree(next, sysfs(this.machine, system))
    for (const name of ['proc', 'sys']) {
      if (existsSync(this.at(name))) renameSync(this.at(name), join(next, `old-${name}`))
      renameSync(join(next, name), this.at(name))
    }
    this.write(
      '/var/log/kernel-journal',
      system.log.map(line => journalLine(this.machine.hostname, line)).join(''),
    )
    rmSync(next, { recursive: true })
  }
}

/** A boot that fails is no defect of those who do not wait for it. */
function awaitedOrNot(): PromiseWithResolvers<void> {
  const waiting = Promise.withResolvers<void>()
  waiting.promise.catch(() => {})
  return waiting
}

/** Where the stand-ins leave word for the sandbox, and the other way round. */
const CONTROL = '/.sandbox'

/** As `journalctl -o short-monotonic` prints it; the stand-ins of journalctl and dmesg start from this. */
const journalLine = (hostname: string, { at, text }: LogLine): string =>
  `[${at.toFixed(6).padStart(12)}] ${hostname} kernel: ${text}\n`

/** GRUB's `set next_entry=; save_env next_entry`: it is for one boot. */
const forgetNextEntry = (grubenv: string): string =>
  grubenv.replace(/^next_entry=.*\n/m, '').padEnd(1024, '#')

function moduleSource(root: string, release: string): Omit<ModuleSource, 'loads'> {
  const files = readdirSync(join(root, 'usr/lib/modules', release), { recursive: true, encoding: 'utf8' })
  const configuration = ['etc/modprobe.d', 'run/modprobe.d', 'usr/lib/modprobe.d'].flatMap(folder =>
    filesOf(join(root, folder), '.conf'),
  )
  // One name hides another in a later folder; then they are read by name.
  const byName = new Map(configuration.toReversed().map(path => [basename(path), path]))
  const inOrder = [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, path]) => readFileSync(path, 'latin1'))
  return {
    modules: new Set(files.filter(path => /\.ko(\.\w+)?$/.test(path)).map(moduleName)),
    modprobe: modprobeConfiguration(inOrder),
  }
}

const filesOf = (folder: string, suffix: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter(name => name.endsWith(suffix) && !name.startsWith('.'))
        .sort()
        .map(name => join(folder, name))
    : []

/** First words of a module list's lines (modules-load.d(5), initramfs-tools(7)). */
const namesIn = (list: string): string[] =>
  list
    .split('\n')
    .map(line => line.trim().split(/\s+/)[0] ?? '')
    .filter(name => name !== '' && !name.startsWith('#'))
