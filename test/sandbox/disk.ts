import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A sandbox's file system as its firmware, loader and init see it: absolute paths, bytes as latin1. */
export class Disk {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  has(path: string): boolean {
    return existsSync(this.#at(path))
  }

  bytes(path: string): Buffer {
    return readFileSync(this.#at(path))
  }

  read(path: string): string {
    return readFileSync(this.#at(path), 'latin1')
  }

  /** '' where there is no such file. */
  readIfThere(path: string): string {
    return this.has(path) ? this.read(path) : ''
  }

  write(path: string, content: string): void {
    writeFileSync(this.#at(path), content, 'latin1')
  }

  remove(path: string): void {
    rmSync(this.#at(path), { force: true })
  }

  /** Absolute paths of the files in a folder that end so, sorted; none where there is no such folder. */
  files(folder: string, suffix = ''): string[] {
    if (!this.has(folder)) return []
    return readdirSync(this.#at(folder))
      .filter(name => name.endsWith(suffix) && !name.startsWith('.'))
      .sort()
      .map(name => join(folder, name))
      .filter(path => !lstatSync(this.#at(path)).isDirectory())
  }

  /** Paths below a folder, relative to it. */
  below(folder: string): string[] {
    return this.has(folder) ? readdirSync(this.#at(folder), { recursive: true, encoding: 'utf8' }) : []
  }

  #at(path: string): string {
    return join(this.root, path)
  }
}

/** First words of a module list's lines (modules-load.d(5), initramfs-tools(7)). */
export const namesIn = (list: string): string[] =>
  list
    .split('\n')
    .map(line => line.trim().split(/\s+/)[0] ?? '')
    .filter(name => name !== '' && !name.startsWith('#'))
