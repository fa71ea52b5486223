import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { type Arrangement, boardArguments, OVMF, uefiArguments } from './devices.ts'
import { makeGuestDisk } from './guest_disk.ts'
import type { Image } from './image.ts'
import { searchPath } from './requirements.ts'

/** A machine that boots the image on an overlay of its own, reached by plain OpenSSH: not by the code under test. */
export interface Machine extends AsyncDisposable {
  readonly image: Image
  readonly arrangement: Arrangement
  readonly port: number
  readonly keyFile: string
  /** A known_hosts file that knows this machine, and its one line. */
  readonly knownHosts: string
  readonly hostKeyLine: string
  /** Its files; gone when it stops. */
  readonly folder: string
  readonly pid: number
  /** As root unless said otherwise. Throws, with both outputs, when the command fails. */
  ssh(command: string, options?: SshOptions): Promise<string>
  /** The command line of a user who wants to look round. */
  sshCommand(user: User): string
  /** Resolves with the boot id once a command runs there. Other than `not`, where that is given. */
  waitForSsh(not?: string): Promise<string>
  serialLog(): Promise<string>
  stop(): Promise<void>
}

export interface SshOptions {
  readonly user?: User
  readonly input?: string
}

/** Who the image has: root, sudo without password, sudo with the password below, no sudo. */
export type User = 'root' | 'ops' | 'askme' | 'plain'

/** As image/parts/debian.sh sets it. */
export const ASKME_PASSWORD = 'let me in'

/** Emulated and on a busy machine a boot takes minutes; nothing that works has taken this long. */
const BOOT_TIMEOUT = 10 * 60_000
const COMMAND_TIMEOUT = 20 * 60_000

/** Starts it and returns at once: `waitForSsh` tells when it is up. */
export async function startMachine(
  image: Image,
  arrangement: Arrangement,
  signal?: AbortSignal,
): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'vfio-run-lab-'))
  const port = await freePort()
  const root = join(folder, 'disk.qcow2')
  const knownHosts = join(folder, 'known_hosts')
  const serial = join(folder, 'serial.log')
  const hostKeyLine = `[127.0.0.1]:${port} ${image.hostKey}\n`
  await writeFile(knownHosts, hostKeyLine)
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'qcow2', root])
  const disks = arrangement.guestDisk ? { root, guest: await makeGuestDisk(folder) } : { root }
  const qemu = execa(
    'qemu-system-x86_64',
    [
      ...boardArguments(arrangement, { port }, disks),
      ...(await firmwareArguments(image, folder)),
      '-serial',
      `file:${serial}`,
      '-monitor',
      `unix:${join(folder, 'monitor')},server,nowait`,
    ],
    {
      env: { PATH: searchPath().join(':') },
      stdin: 'ignore',
      reject: false,
      ...(signal && { cancelSignal: signal }),
    },
  )
  const pid = qemu.pid
  if (pid === undefined) throw new Error(`qemu-system-x86_64 does not start: ${(await qemu).shortMessage}`)
  let ended = false
  const end = qemu.then(result => {
    ended = true
    return result
  })

  const ssh = async (command: string, { user = 'root', input = '' }: SshOptions = {}): Promise<string> => {
    const args = [...sshArguments(image.keyFile, knownHosts, port), `${user}@127.0.0.1`, command]
    const { stdout } = await execa('ssh', args, {
      input,
      stripFinalNewline: false,
      timeout: COMMAND_TIMEOUT,
      ...(signal && { cancelSignal: signal }),
    })
    return stdout
  }

  const waitForSsh = async (not = ''): Promise<string> => {
    const deadline = Date.now() + BOOT_TIMEOUT
    let last = ''
    while (Date.now() < deadline) {
      signal?.throwIfAborted()
      if (ended) throw new Error(`the machine ended: ${(await end).stderr}`)
      const answer = await ssh('cat /proc/sys/kernel/random/boot_id').catch((error: Error) => error)
      if (typeof answer === 'string' && answer.trim() !== not) return answer.trim()
      last = answer instanceof Error ? answer.message : `still boot ${not}`
      await pause(500)
    }
    throw new Error(`no ssh within ${BOOT_TIMEOUT / 60_000} minutes; ${last}`)
  }

  const stop = async (): Promise<void> => {
    // SIGTERM makes QEMU quit; the overlay goes anyway, so nobody waits for the guest to shut down.
    qemu.kill('SIGTERM')
    await end
    await rm(folder, { recursive: true, force: true })
  }

  return {
    image,
    arrangement,
    port,
    keyFile: image.keyFile,
    knownHosts,
    hostKeyLine,
    folder,
    pid,
    ssh,
    sshCommand: user =>
      ['ssh', ...sshArguments(image.keyFile, knownHosts, port), `${user}@127.0.0.1`].join(' '),
    waitForSsh,
    serialLog: async () => (existsSync(serial) ? await readFile(serial, 'utf8') : ''),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Variables of its own: with none set, firmware starts EFI/BOOT/BOOTX64.EFI of the disk. */
async function firmwareArguments(image: Image, folder: string): Promise<readonly string[]> {
  if (image.firmware === 'bios') return []
  const variables = join(folder, 'variables.fd')
  await copyFile(OVMF.variables, variables)
  return uefiArguments(variables)
}

/** Key exchange alone takes seconds in an emulated processor, hence the patience. */
const sshArguments = (keyFile: string, knownHosts: string, port: number): string[] => [
  ...['-F', 'none', '-i', keyFile, '-p', String(port)],
  ...Object.entries({
    IdentitiesOnly: 'yes',
    BatchMode: 'yes',
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    ConnectTimeout: '30',
    ServerAliveInterval: '15',
    ServerAliveCountMax: '8',
    LogLevel: 'ERROR',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
]

async function freePort(): Promise<number> {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() =>
      address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
    )
  })
  return promise
}
