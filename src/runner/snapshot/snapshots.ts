import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import { hostOfLook, NoLook } from './look.ts'

/** Hosts as they were looked at once, a folder each: what is planned on them reaches no host. */
export interface Snapshots {
  readonly folder: string
  /** Sorted. */
  readonly hosts: readonly string[]
  /** When a host was looked at; undefined where there is no snapshot of it. */
  takenAt(host: string): Date | undefined
  /** Throws UserError where there is none, or it is no whole look. */
  host(name: string): Host
}

/** What `saveSnapshot` left below a folder. Throws UserError where that is nothing. */
export function readSnapshots(folder: string): Snapshots {
  const hosts = namesIn(folder)
  if (hosts.length === 0)
    throw new UserError({
      where: folder,
      why: `holds no snapshot: none of its folders has a ${FILE}`,
      hint: `vfio-run inspect -i hosts.yaml --save ${folder} makes them`,
    })
  return {
    folder,
    hosts,
    takenAt: host => whenTaken(fileOf(folder, host)),
    host(name) {
      if (!hosts.includes(name)) throw notThere(name, folder, hosts)
      return readHost(name, fileOf(folder, name))
    },
  }
}

/** Makes the folder that snapshots will go to, before any host is asked for one. Throws UserError. */
export function makeSnapshotFolder(folder: string): void {
  writing(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }))
}

/** Keeps a look: for its owner only, since configuration and command lines can hold secrets. Throws UserError. */
export function saveSnapshot(folder: string, host: string, look: Buffer): void {
  const path = fileOf(folder, host)
  writing(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // It may have been there, with a mode of its own.
    chmodSync(dirname(path), 0o700)
    // A reader never meets half of it.
    const unfinished = `${path}.${process.pid}`
    writeFileSync(unfinished, look, { mode: 0o600 })
    renameSync(unfinished, path)
  })
}

function writing(path: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new UserError({ where: path, why: `cannot be written: ${messageOf(error)}`, cause: error })
  }
}

const FILE = 'gather.txt'

const fileOf = (folder: string, host: string): string => join(folder, folderName(host), FILE)

/** One path component for any name: no separator, no `..`, nothing hidden. */
const folderName = (host: string): string => encodeURIComponent(host.toWellFormed()).replace(/^\./, '%2E')

function hostName(folder: string): string {
  try {
    return decodeURIComponent(folder)
  } catch {
    return folder
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => whenTaken(join(folder, name, FILE)) !== undefined)
      .map(hostName)
      .filter(name => whenTaken(fileOf(folder, name)) !== undefined)
      .sort()
  } catch (error) {
    throw new UserError({
      where: folder,
      why: `its snapshots cannot be read: ${messageOf(error)}`,
      cause: error,
    })
  }
}

/** The file's time: a copy that keeps times keeps it. */
function whenTaken(path: string): Date | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() ? stat.mtime : undefined
}

const notThere = (name: string, folder: string, hosts: readonly string[]): UserError =>
  new UserError({
    kind: 'unreachable',
    where: name,
    why: `there is no snapshot of ${name} in ${folder}`,
    hint: `it has ${hosts.slice(0, MOST_NAMED).join(', ')}${hosts.length > MOST_NAMED ? ` and ${hosts.length - MOST_NAMED} more` : ''}`,
  })

const MOST_NAMED = 12

function readHost(name: string, path: string): Host {
  try {
    return hostOfLook(readFileSync(path))
  } catch (error) {
    if (!(error instanceof NoLook) && !isSystemError(error)) throw error
    throw new UserError({
      kind: 'failed',
      where: name,
      why: `${path} cannot be read as a snapshot: ${messageOf(error)}`,
      hint: 'take it again with vfio-run inspect --save',
      cause: error,
    })
  }
}

const isSystemError = (error: unknown): boolean => error instanceof Error && 'code' in error

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
