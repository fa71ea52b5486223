import type { Argv, Change } from '../../host/change.ts'
import type { Fact } from '../../host/facts/fact.ts'
import type { Host, Menu } from '../../host/host.ts'
import type { ArgEdit } from '../../host/kernel_args.ts'
import type { Known } from '../../host/known.ts'
import type { Refusal } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import type { Evidence } from '../evidence.ts'

/** Where a loader keeps the kernel command line, and how to change it there. One adapter each. */
export interface Bootloader {
  /** As users name it, also in the argument `bootloader:`. */
  readonly name: string
  /** What speaks for it having booted the machine. */
  readonly evidence: Evidence
  /** Loaders whose files it writes: where both are found, it is the one to go through. */
  readonly manages?: readonly string[]
  /** Configuration files to look at on every host; * stands for any name in a folder. */
  readonly reads: readonly string[]
  /** A menu that lies in no plain file (generated, or within images), read by a fact of its own into `host.menus`. */
  readonly observes?: Fact<Known<Menu>>
  /** Tokens of the command line that the sources ask for; of several entries those of the one that boots next. */
  configured(host: Host): readonly string[] | Refusal
  /** Changes after which every edit holds in `configured`, and in all Linux entries. */
  edit(host: Host, edits: readonly ArgEdit[]): readonly Change[] | Refusal
  /** What boots next when nobody touches a key. */
  next(host: Host): NextBoot | Refusal
  /**
   * Where it checks the images that it loads: programs to run once these were made anew, so that it takes the new ones,
   * or why it would not.
   */
  followImages?(host: Host, images: readonly string[]): readonly Argv[] | Refusal
  /** What is generated from the sources; none where the loader reads them itself. */
  readonly menu?: Artifact
}

export interface NextBoot {
  readonly title: string
  /** Who chose it: `the default of the menu`, `the saved default of the menu (grubenv)`. */
  readonly chosenBy: string
  /** Release of its kernel, as in /lib/modules. */
  readonly release: string
  /** Tokens of /proc/cmdline as they will be, what the loader adds included. */
  readonly cmdline: readonly string[]
}
