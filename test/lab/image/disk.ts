import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Builder, diskOf, ESP_ID, espOf, ROOT_UUID, rootOf, runLogged } from './builder.ts'
import type { Firmware } from './recipes.ts'

/** The trees become a disk. Everything is written by offset: no loop device to lose when the build is killed. */
export async function writeDisk(builder: Builder): Promise<void> {
  const handle = await open(diskOf(builder), 'w')
  await handle.truncate(DISK_MIB * MIB)
  await handle.close()
  await LAYOUTS[builder.recipe.firmware](builder)
}

const MIB = 1024 ** 2
const DISK_MIB = 4096
const ESP_MIB = 256

const LAYOUTS: Record<Firmware, (builder: Builder) => Promise<void>> = {
  async bios(builder) {
    await partition(builder, ['label: dos', 'start=1MiB, type=83, bootable'])
    await writeRoot(builder, 1, DISK_MIB - 1)
  },
  async uefi(builder) {
    // A GPT keeps a copy of itself at the end of the disk.
    const root = { start: 1 + ESP_MIB, size: DISK_MIB - ESP_MIB - 2 }
    await partition(builder, [
      'label: gpt',
      `start=1MiB, size=${ESP_MIB}MiB, type=uefi`,
      `start=${root.start}MiB, size=${root.size}MiB, type=linux`,
    ])
    await writeEsp(builder)
    await writeRoot(builder, root.start, root.size)
  },
}

const partition = (builder: Builder, lines: readonly string[]): Promise<void> =>
  runLogged(builder, 'sfdisk', ['--quiet', diskOf(builder)], { input: `${lines.join('\n')}\n` })

const writeRoot = (builder: Builder, startMib: number, sizeMib: number): Promise<void> =>
  runLogged(builder, 'mke2fs', [
    ...['-q', '-F', '-t', 'ext4', '-U', ROOT_UUID],
    ...['-E', `offset=${startMib * MIB},lazy_itable_init=0,lazy_journal_init=0`],
    ...['-d', rootOf(builder), diskOf(builder), `${sizeMib * 1024}k`],
  ])

async function writeEsp(builder: Builder): Promise<void> {
  const sector = 512
  await runLogged(builder, 'mkfs.vfat', [
    // With more sectors to a cluster this size would have too few clusters to be a FAT32.
    ...['-F', '32', '-s', '1', '-i', ESP_ID, '-n', 'ESP', '--offset', String(MIB / sector)],
    ...[diskOf(builder), String(ESP_MIB * 1024)],
  ])
  const entries = (await readdir(espOf(builder))).map(name => join(espOf(builder), name))
  await runLogged(builder, 'mcopy', ['-s', '-i', `${diskOf(builder)}@@1M`, ...entries, '::/'])
}
