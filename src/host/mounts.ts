import type { Host } from './host.ts'

/** The read-only mount that a path lies on. */
export function readOnlyMountOf(host: Host, path: string): string | undefined {
  const [at] = Object.keys(host.mounts)
    .filter(mount => path === mount || isBelow(path, mount))
    .sort((a, b) => b.length - a.length)
  return at !== undefined && host.mounts[at] === 'ro' ? at : undefined
}

export const isBelow = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
