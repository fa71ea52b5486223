import type { Programs } from './bin.ts'
import type { MachineDescription } from './description.ts'
import type { Disk } from './disk.ts'
import type { Tree } from './tree.ts'

/**
 * What is installed on a machine: what its maker puts on the disk, and what firmware, loader and initramfs make of
 * the disk at a boot. The readers here are no code of src/, so that a mistake there shows.
 */
export interface Distribution {
  /** Programs beyond those of every machine: name → text, or `true` for that of stand_ins/NAME.sh. */
  readonly programs: Programs
  /** Who built its kernels, as the first line of the kernel log names them. */
  readonly kernelBuilder: string
  /** The disk before the end of the installation. */
  disk(machine: MachineDescription): Tree
  /** The shell command that ends the installation: it makes the images and the menu. */
  readonly install: string
  /** What is started when nobody touches a key. Throws where the machine would stop there. */
  start(disk: Disk): Started
  /** Modules that an initramfs loads by name. */
  loads(image: Disk, cmdline: string): Loads
}

/** What firmware and loader hand over. */
export interface Started {
  /** Name of the menu entry. */
  readonly title: string
  /** Content of the kernel's file. */
  readonly kernel: Buffer
  /** Content of the image that holds the modules, a tar. */
  readonly initrd: Buffer
  /** The text of /proc/cmdline. */
  readonly cmdline: string
  /** What the loader leaves in EFI variables of its interface, by name. */
  readonly efiVariables: Readonly<Record<string, string>>
}

/** Names as they are listed, with - or _. */
export interface Loads {
  /** Before udev starts. */
  readonly first: readonly string[]
  /** After udev's coldplug. */
  readonly later: readonly string[]
}

/** A kernel's file in a sandbox: its release is all that anybody reads in it. */
export const kernelFile = (release: string): string => `bzImage of ${release}\n`

export const releaseIn = (kernel: Buffer): string | undefined =>
  /^bzImage of (\S+)\n/.exec(kernel.toString('latin1'))?.[1]
