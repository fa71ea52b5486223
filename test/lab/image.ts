import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildImage } from './image/build.ts'
import { type Firmware, IMAGES, type ImageName, type Recipe, recipeHash } from './image/recipes.ts'
import { needs, requireRoot, requireThat } from './requirements.ts'

/** A Debian 12 on /dev/vda, and the key that opens it. Never written to: machines boot overlays. */
export interface Image {
  readonly name: ImageName
  readonly firmware: Firmware
  readonly disk: string
  readonly keyFile: string
  /** The machine's own host key, `ssh-ed25519 AAAA…`. */
  readonly hostKey: string
}

/** Builds the image unless one of the same recipe is in the cache, which lies outside the repository. */
export async function labImage(
  name: ImageName,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<Image> {
  const recipe: Recipe = IMAGES[name]
  const folder = join(cacheFolder(), `${name}-${await recipeHash(recipe)}`)
  if (existsSync(folder)) requireThat(needs('boot', recipe.firmware))
  else {
    requireThat(needs('build', recipe.firmware))
    requireRoot('building an image needs root (mmdebstrap)')
    await buildImage(recipe, folder, line => say(`image ${name}: ${line}`), signal)
  }
  const hostKey = await readFile(join(folder, 'host_key.pub'), 'latin1')
  return {
    name,
    firmware: recipe.firmware,
    disk: join(folder, 'disk.qcow2'),
    keyFile: join(folder, 'key'),
    hostKey: hostKey.split(' ').slice(0, 2).join(' '),
  }
}

const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vfio-run-lab')
