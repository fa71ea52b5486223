import { execFile, execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  existsSync,
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
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
import { modprobeConfiguration } from './boot/modprobe.ts'
import { overrideRules } from './boot/udev.ts'
import type { KernelDescription, LogLine, MachineDescription } from './description.ts'
import { Disk, namesIn } from './disk.ts'
import { releaseIn } from './distribution.ts'
import { endLeftovers } from './leftovers.ts'
import { moduleName, moduleOfDriver } from './modules.ts'
import { procfs } from './show/procfs.ts'
import { sysfs } from './show/sysfs.ts'
import { type Entry, file, writeTree } from './tree.ts'

/** Programs that a test can make fail; `boot` is the machine that never comes back. */
export type Failing =
  | 'update-grub'
  | 'grub-mkconfig'
  | 'update-initramfs'
  | 'grubby'
  | 'dracut'
  | 'mkinitcpio'
  | 'reboot'
  | 'boot'

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

/** @param bootIds What the kernel would draw by lot; given where two installations are to be the same. */
export async function createSandbox(
  machine: MachineDescription,
  bootIds: BootIds = { next: randomUUID },
): Promise<Sandbox> {
  const folder = mkdtempSync(join(tmpdir(), `vfio-run-${machine.hostname}-`))
  const sandbox = new DirectoryMachine(machine, folder, bootIds)
  try {
    await sandbox.install()
    return sandbox
  } catch (error) {
    await sandbox.dispose()
    throw error
  }
}

export interface BootIds {
  next(): string
}

const run = promisify(execFile)

class DirectoryMachine implements Sandbox {
  readonly machine: MachineDescription
  readonly root: string
  path = ''
  readonly #folder: string
  readonly #bootIds: BootIds
  readonly #listeners = new Set<RebootListener>()
  /** Those of sh() that have not ended. */
  readonly #commands = new Set<Promise<unknown>>()
  #system: RunningSystem | undefined
  #watcher: FSWatcher | undefined
  #rebooting: Promise<void> | undefined
  #disposed = false
  #waiting = awaitedOrNot()

  constructor(machine: MachineDescription, folder: string, bootIds: BootIds) {
    this.machine = machine
    this.#bootIds = bootIds
    this.#folder = folder
    this.root = join(folder, 'root')
  }

  get running(): RunningSystem {
    if (this.#system === undefined) throw new Error(`${this.machine.hostname} has not booted`)
    return this.#system
  }

  async install(): Promise<void> {
    const { distribution, files = {} } = this.machine
    const added = Object.entries(files).map(([path, content]): [string, Entry] => [path, file(content)])
    writeTree(this.root, new Map([...distribution.disk(this.machine), ...added]))
    mkdirSync(this.at(CONTROL))
    this.write(`${CONTROL}/user`, 'admin\n')
    this.write(`${CONTROL}/sudo`, 'nopasswd\n')
    this.write(`${CONTROL}/modules-asked-for`, modulesAskedFor(this.machine))
    this.path = installPrograms(this.#folder, distribution.programs)
    if (this.machine.firmware.uefi) mkdirSync(this.at('/sys/firmware/efi'), { recursive: true })
    await this.sh(distribution.install)
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
    const { distribution } = this.machine
    const { kernel: image, initrd, cmdline, efiVariables } = distribution.start(new Disk(this.root))
    const kernel = this.#kernelIn(image)
    const initramfs = this.#initramfs(initrd, kernel.release, cmdline)
    const rootFileSystem = this.#rootFileSystem(kernel.release)
    const bootId = this.#bootIds.next()
    this.#system = boot(this.machine, { bootId, kernel, cmdline, initramfs, rootFileSystem, efiVariables })
    this.#show(this.#system)
  }

  #kernelIn(image: Buffer): KernelDescription {
    const kernel = this.machine.kernels.find(({ release }) => release === releaseIn(image))
    if (kernel === undefined) throw new Error('what the loader has loaded is no kernel of this machine')
    return kernel
  }

  #initramfs(image: Buffer, release: string, cmdline: string): ModuleSource {
    const unpacked = mkdtempSync(join(this.#folder, 'initramfs-'))
    try {
      execFileSync('tar', ['-x', '-C', unpacked], { input: image })
      const disk = new Disk(unpacked)
      const { first, later } = this.machine.distribution.loads(disk, cmdline)
      return { ...moduleSource(disk, release), loadsFirst: first, loads: later }
    } finally {
      rmSync(unpacked, { recursive: true })
    }
  }

  #rootFileSystem(release: string): ModuleSource {
    const disk = new Disk(this.root)
    const lists = disk.files('/etc/modules-load.d', '.conf')
    return {
      ...moduleSource(disk, release),
      loadsFirst: [],
      loads: lists.flatMap(path => namesIn(disk.read(path))),
    }
  }

  /** /proc and /sys of the new boot take the place of the old ones at once. */
  #show(system: RunningSystem): void {
    const next = mkdtempSync(join(this.#folder, 'next-'))
    const shows = Object.entries(this.machine.shows ?? {}).map(([path, content]): [string, Entry] => [
      path,
      file(content),
    ])
    writeTree(next, new Map([...procfs(this.machine, system), ...sysfs(this.machine, system), ...shows]))
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

/** What the modaliases in /sys name, for generators that make an image for this host only. */
const modulesAskedFor = ({ devices }: MachineDescription): string =>
  [...new Set(devices.flatMap(({ driver }) => (driver && moduleOfDriver(driver)) ?? []))]
    .map(name => `${name}\n`)
    .join('')

function moduleSource(disk: Disk, release: string): Omit<ModuleSource, 'loads' | 'loadsFirst'> {
  const files = disk.below(`/usr/lib/modules/${release}`)
  return {
    modules: new Set(files.filter(path => /\.ko(\.\w+)?$/.test(path)).map(moduleName)),
    modprobe: modprobeConfiguration(inOrder(disk, 'modprobe.d', '.conf')),
    overrides: overrideRules(inOrder(disk, 'udev/rules.d', '.rules')),
  }
}

/** What is read of a folder that /etc, /run and /usr/lib have: one name hides another in a later one of these. */
function inOrder(disk: Disk, folder: string, suffix: string): string[] {
  const found = ['/etc', '/run', '/usr/lib'].flatMap(parent => disk.files(`${parent}/${folder}`, suffix))
  const byName = new Map(found.toReversed().map(path => [basename(path), path]))
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => disk.read(path))
}
