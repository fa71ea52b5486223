import type { DiskDescription, PartitionDescription } from '../description.ts'

/** A disk or a partition as the kernel names and numbers it. */
export interface BlockDevice {
  readonly name: string
  /** Its folder in /sys. */
  readonly path: string
  /** major:minor */
  readonly number: string
  readonly partition: number | undefined
  readonly sectors: number
}

const KINDS = {
  ata: { disk: 'sda', separator: '', major: 8, below: 'ata1/host0/target0:0:0/0:0:0:0/block/sda' },
  nvme: { disk: 'nvme0n1', separator: 'p', major: 259, below: 'nvme/nvme0/nvme0n1' },
}

/** The disk, then its partitions. */
export function blockDevices(disk: DiskDescription, controllerPath: string): BlockDevice[] {
  const { disk: name, major, below } = KINDS[disk.kind]
  const path = `${controllerPath}/${below}`
  const sectors = disk.partitions.reduce(
    (sum, { mebibytes }) => sum + mebibytes * SECTORS_PER_MEBIBYTE,
    2 * SECTORS_PER_MEBIBYTE,
  )
  const partitions = disk.partitions.map((partition, i) => ({
    name: partitionName(disk, partition),
    path: `${path}/${partitionName(disk, partition)}`,
    number: `${major}:${i + 1}`,
    partition: i + 1,
    sectors: partition.mebibytes * SECTORS_PER_MEBIBYTE,
  }))
  return [{ name, path, number: `${major}:0`, partition: undefined, sectors }, ...partitions]
}

const SECTORS_PER_MEBIBYTE = 2048

export function partitionName(disk: DiskDescription, partition: PartitionDescription): string {
  const { disk: name, separator } = KINDS[disk.kind]
  return `${name}${separator}${disk.partitions.indexOf(partition) + 1}`
}
