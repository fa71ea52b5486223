import { moduleName } from '../modules.ts'

/** What modprobe(8) knows from modprobe.d(5) files and the command line. */
export interface ModprobeConfiguration {
  isBlacklisted(module: string): boolean
  /** `install X /bin/false`, which also stops an explicit modprobe. */
  isDisabled(module: string): boolean
  loadedBefore(module: string): readonly string[]
  /** Parameters of all `options` lines for it, in order. */
  options(module: string): readonly string[]
}

/** @param files content by file name, in modprobe's order: sorted by name, whatever their folder. */
export function modprobeConfiguration(files: readonly string[]): ModprobeConfiguration {
  const lines = files
    .flatMap(content => content.replaceAll('\\\n', ' ').split('\n'))
    .map(line => line.trim().split(/\s+/))
  const about = (word: string, module: string) =>
    lines
      .filter(([first, name]) => first === word && moduleName(name ?? '') === module)
      .map(words => words.slice(2))
  return {
    isBlacklisted: module => about('blacklist', module).length > 0,
    isDisabled: module => about('install', module).some(([command]) => /\/(false|true)$/.test(command ?? '')),
    loadedBefore: module => about('softdep', module).flatMap(preOf).map(moduleName),
    options: module => about('options', module).flat(),
  }
}

function preOf(words: readonly string[]): readonly string[] {
  const pre = words.indexOf('pre:')
  const post = words.indexOf('post:')
  return pre < 0 ? [] : words.slice(pre + 1, post > pre ? post : undefined)
}
