import { join } from 'node:path'
import { execa } from 'execa'
import { searchPath } from '../requirements.ts'
import type { Recipe } from './recipes.ts'

/** A build under way: its recipe, its folder and its log. */
export interface Builder {
  readonly recipe: Recipe
  readonly work: string
  readonly signal: AbortSignal | undefined
}

/** The tree that becomes the root filesystem; what becomes the EFI system partition; the disk that both are put on. */
export const rootOf = ({ work }: Builder): string => join(work, 'root')
export const espOf = ({ work }: Builder): string => join(work, 'esp')
export const diskOf = ({ work }: Builder): string => join(work, 'disk.raw')
export const logOf = ({ work }: Builder): string => join(work, 'build.log')

export const ROOT_UUID = '5f0a5f0e-6c61-4b2d-8a3e-1ab000000001'
/** As mkfs.vfat takes it; udev and fstab have a dash in the middle. */
export const ESP_ID = '1AB00E5B'

export interface ProgramOptions {
  readonly timeout?: number
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/** Runs a program of this machine; what it says goes to the build's log. */
export async function runLogged(
  builder: Builder,
  file: string,
  args: readonly string[],
  { timeout, env = {}, input = '' }: ProgramOptions = {},
): Promise<void> {
  const log = { file: logOf(builder), append: true }
  await execa(file, args, {
    env: { PATH: searchPath().join(':'), LC_ALL: 'C.UTF-8', TMPDIR: builder.work, ...env },
    input,
    stdout: log,
    stderr: log,
    killSignal: 'SIGKILL',
    ...(timeout === undefined ? {} : { timeout }),
    ...(builder.signal === undefined ? {} : { cancelSignal: builder.signal }),
  })
}
