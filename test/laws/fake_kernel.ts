import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface FakeDevice {
  /** Full address, and vendor:device. */
  readonly address: string
  readonly id: string
  /** What the kernel chooses for it where nothing overrides that; it is on it from the start. '' for none. */
  readonly driver: string
}

export interface Moods {
  /** Drivers whose unbinding never comes back. */
  readonly hangs?: readonly string[]
  /** Drivers that keep what they have. */
  readonly keeps?: readonly string[]
  /** Drivers that refuse every device they are offered. */
  readonly refuses?: readonly string[]
  /** The kernel hangs in drivers_probe. */
  readonly probeHangs?: boolean
}

/**
 * Plays the kernel below /sys/bus/pci: `unbind` and `drivers_probe` are FIFOs, a write to which a process of its own
 * answers by moving the `driver` link. One that nobody reads is a kernel that hangs: the write does not come back.
 */
export class FakeKernel implements Disposable {
  readonly #pci: string
  readonly #fifos: string[] = []
  readonly #server: number | undefined

  /** @param root Of a tree that has these devices, or gets them. */
  constructor(root: string, devices: readonly FakeDevice[], moods: Moods = {}) {
    this.#pci = join(root, 'sys/bus/pci')
    const drivers = [...new Set([...devices.map(({ driver }) => driver).filter(Boolean), 'vfio-pci'])]
    for (const driver of drivers) this.#fifo(`drivers/${driver}/unbind`)
    for (const driver of drivers) if (driver !== 'vfio-pci') this.load(driver)
    this.#fifo('drivers_probe')
    for (const device of devices) this.#install(device)
    const served = drivers.filter(driver => !moods.hangs?.includes(driver))
    const script = [
      `cd '${this.#pci}' || exit`,
      ...served.map(driver => loop(`drivers/${driver}/unbind`, unbinding(driver, moods))),
      ...(moods.probeHangs ? [] : [loop('drivers_probe', probing(moods))]),
      'wait',
    ].join('\n')
    this.#server = spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore' }).pid
  }

  /** modprobe. */
  load(driver: string): void {
    const module = join(this.#pci, 'drivers', driver, 'module')
    if (!existsSync(dirname(module))) mkdirSync(dirname(module), { recursive: true })
    try {
      readlinkSync(module)
    } catch {
      symlinkSync(`../../../../module/${driver.replaceAll('-', '_')}`, module)
    }
  }

  /** '' for none. */
  driverOf(address: string): string {
    try {
      return basename(readlinkSync(join(this.#pci, 'devices', address, 'driver')))
    } catch {
      return ''
    }
  }

  overrideOf(address: string): string {
    return readFileSync(join(this.#pci, 'devices', address, 'driver_override'), 'utf8').trim()
  }

  /** `unbind nouveau 0000:02:00.0`, `probe 0000:02:00.0`, in order. */
  log(): string[] {
    const path = join(this.#pci, 'log')
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }

  /** As somebody else would have done it; '' for no driver. */
  move(address: string, driver: string): void {
    const link = join(this.#pci, 'devices', address, 'driver')
    rmSync(link, { force: true })
    if (driver !== '') symlinkSync(join(this.#pci, 'drivers', driver), link)
  }

  remove(address: string): void {
    rmSync(join(this.#pci, 'devices', address), { recursive: true })
  }

  write(address: string, name: string, text: string): void {
    writeFileSync(join(this.#pci, 'devices', address, name), text)
  }

  [Symbol.dispose](): void {
    if (this.#server !== undefined) process.kill(-this.#server, 'SIGKILL')
    // Whoever waits to write there wakes up, and ends by SIGPIPE.
    for (const path of this.#fifos) closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
  }

  #fifo(name: string): void {
    const path = join(this.#pci, name)
    mkdirSync(dirname(path), { recursive: true })
    rmSync(path, { force: true })
    spawnSync('mkfifo', ['-m', '666', path])
    this.#fifos.push(path)
  }

  #install({ address, id, driver }: FakeDevice): void {
    const at = join(this.#pci, 'devices', address)
    writeFileSync(join(this.#pci, `natural-${address}`), `${driver}\n`)
    if (existsSync(at)) return
    const [vendor, device] = id.split(':')
    const folder = join(this.#pci, '../../devices/pci0000:00', address)
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o777)
    mkdirSync(dirname(at), { recursive: true })
    symlinkSync(folder, at)
    const contents = { vendor: `0x${vendor}\n`, device: `0x${device}\n`, driver_override: '(null)\n' }
    for (const [name, text] of Object.entries({ ...contents, modalias: 'pci:none\n' }))
      writeFileSync(join(at, name), text)
    chmodSync(join(at, 'driver_override'), 0o666)
    this.move(address, driver)
  }
}

/** Opened anew for each writer, as the file of the kernel is. */
const loop = (fifo: string, answer: string): string => `while :; do
read -r a <${fifo} || continue
${answer}
done &`

const unbinding = (driver: string, { keeps = [] }: Moods): string =>
  `echo "unbind ${driver} $a" >>log${keeps.includes(driver) ? '' : '; rm -f "devices/$a/driver"'}`

const probing = ({ refuses = [] }: Moods): string => `echo "probe $a" >>log
[ ! -L "devices/$a/driver" ] || continue
read -r d <"devices/$a/driver_override"
case $d in '' | '(null)') read -r d <"natural-$a";; esac
case " ${refuses.join(' ')} " in *" $d "*) continue;; esac
[ ! -L "drivers/$d/module" ] || ln -s "$PWD/drivers/$d" "devices/$a/driver"`
