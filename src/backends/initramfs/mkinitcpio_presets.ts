import type { Host } from '../../host/host.ts'
import { type Refusal, refuse } from '../../refusal.ts'
import { isShellProblem, parseShellConfig, type Statement } from '../shell/config.ts'
import { isArray } from '../shell/sourced.ts'

/** One image, or two of the same content, that `mkinitcpio -P` makes. */
export interface Preset {
  readonly file: string
  readonly name: string
  /** The configuration that it names; undefined where it is left to the default. */
  readonly config: string | undefined
  /** Paths that it writes: an initramfs, a unified kernel image. */
  readonly images: readonly string[]
  /** Words of its options, which mkinitcpio is called with. */
  readonly options: readonly string[]
  /** Hooks that these leave out. */
  readonly skips: readonly string[]
}

export const MKINITCPIO_PRESETS = '/etc/mkinitcpio.d/*.preset'

/** Presets of mkinitcpio(8): shell files with PRESETS and NAME_image, NAME_uki, NAME_config, NAME_options, or ALL_…. */
export function readPresets(host: Host): readonly Preset[] | Refusal {
  const files = Object.keys(host.files).filter(path => /^\/etc\/mkinitcpio\.d\/[^/]+\.preset$/.test(path))
  const presets: Preset[] = []
  for (const file of files.sort()) {
    const parsed = parseShellConfig(host.files[file]?.bytes ?? '', 'bash')
    if (isShellProblem(parsed))
      return refuse(
        `${file}:${parsed.line} ${parsed.why}: ${parsed.text}`,
        'mend the preset (bash -n checks it), then run again',
      )
    const values = valuesOf(parsed.statements)
    for (const name of values.get('PRESETS') ?? []) presets.push(presetOf(file, name, values))
  }
  return presets
}

/** Words by variable; what is computed stays as it is written. */
function valuesOf(statements: readonly Statement[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, readonly string[]>()
  for (const statement of statements) {
    if (statement.kind !== 'assign') continue
    const { name, word } = statement
    const words = isArray(word) ? word.elements : [word]
    values.set(
      name,
      words
        .flatMap(({ parts }) =>
          parts
            .map(({ text }) => text)
            .join('')
            .split(/\s+/),
        )
        .filter(Boolean),
    )
  }
  return values
}

function presetOf(file: string, name: string, values: ReadonlyMap<string, readonly string[]>): Preset {
  const value = (key: string) => values.get(`${name}_${key}`)?.[0] ?? values.get(`ALL_${key}`)?.[0]
  const options = values.get(`${name}_options`) ?? []
  return {
    file,
    name,
    config: optionValues(options, '-c', '--config').at(-1) ?? value('config'),
    images: ['image', 'uki', 'efi_image'].flatMap(key => value(key) ?? []),
    options,
    skips: optionValues(options, '-S', '--skiphooks').flatMap(hooks => hooks.split(',')),
  }
}

/** Each may stand behind its option, or in the same word: -cFILE, --config=FILE (getopt(1)). */
const optionValues = (options: readonly string[], short: string, long: string): string[] =>
  options.flatMap((option, n) => {
    if (option === short || option === long) return options[n + 1] ?? []
    if (option.startsWith(`${long}=`)) return option.slice(long.length + 1)
    return option.startsWith(short) ? option.slice(short.length) : []
  })
