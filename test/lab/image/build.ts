import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { bootstrap } from './bootstrap.ts'
import { type Builder, diskOf, espOf, logOf, ROOT_UUID, rootOf, runLogged } from './builder.ts'
import { writeDisk } from './disk.ts'
import type { Recipe } from './recipes.ts'

/** Builds in a folder of its own, renamed at the end: a build that was killed leaves no image that looks whole. */
export async function buildImage(
  recipe: Recipe,
  folder: string,
  say: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const work = `${folder}.building-${process.pid}`
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true, mode: 0o700 })
  const builder: Builder = { recipe, work, signal }
  try {
    for (const [name, step] of steps(recipe)) {
      const started = Date.now()
      await step(builder)
      say(`${name} (${Math.round((Date.now() - started) / 1000)} s)`)
    }
    await rename(work, folder).catch(error => {
      // Another lab built the same image meanwhile: as good as ours.
      if (!existsSync(folder)) throw error
    })
  } catch (error) {
    const log = logOf(builder)
    const tail = !signal?.aborted && existsSync(log) ? (await readFile(log, 'utf8')).slice(-4000) : ''
    if (tail !== '') say(`the end of the build's log:\n${tail}`)
    throw error
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

type Step = readonly [name: string, run: (builder: Builder) => Promise<void>]

const steps = ({ firmware }: Recipe): readonly Step[] => [
  ['make a key', makeKey],
  ['bootstrap Debian 12', bootstrap],
  ['write the disk', writeDisk],
  ...(firmware === 'bios' ? [['boot it once to install GRUB', installGrub] as const] : []),
  ['clean up', keepWhatIsNeeded],
]

async function makeKey({ work }: Builder): Promise<void> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'vfio-run lab', '-f', join(work, 'key')])
}

const FIRST_BOOT_TIMEOUT = 15 * 60_000

async function installGrub(builder: Builder): Promise<void> {
  const boot = join(rootOf(builder), 'boot')
  const release = (await readdir(boot)).find(name => name.startsWith('vmlinuz-'))?.slice('vmlinuz-'.length)
  if (release === undefined) throw new Error(`no kernel in ${boot}`)
  const serial = join(builder.work, 'first-boot.log')
  await runLogged(
    builder,
    'qemu-system-x86_64',
    [
      ...'-machine q35 -accel tcg,thread=multi,tb-size=512 -cpu Nehalem -m 1024 -smp 1'.split(' '),
      ...'-nodefaults -no-user-config -display none -no-reboot'.split(' '),
      ...['-serial', `file:${serial}`],
      ...['-drive', `file=${diskOf(builder)},format=raw,if=virtio,cache=unsafe`],
      ...['-kernel', join(boot, `vmlinuz-${release}`), '-initrd', join(boot, `initrd.img-${release}`)],
      ...['-append', `root=UUID=${ROOT_UUID} init=/sbin/lab-first-boot console=ttyS0 mitigations=off quiet`],
    ],
    { timeout: FIRST_BOOT_TIMEOUT },
  )
  const log = await readFile(serial, 'utf8')
  if (!log.includes('LAB-IMAGE-DONE'))
    throw new Error(`grub-install failed in the first boot:\n${log.slice(-3000)}`)
}

async function keepWhatIsNeeded(builder: Builder): Promise<void> {
  const disk = join(builder.work, 'disk.qcow2')
  await runLogged(builder, 'qemu-img', ['convert', '-O', 'qcow2', diskOf(builder), disk])
  for (const path of [diskOf(builder), rootOf(builder), espOf(builder)])
    await rm(path, { recursive: true, force: true })
}
