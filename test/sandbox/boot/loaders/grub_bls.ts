import type { Disk } from '../../disk.ts'
import type { Started } from '../../distribution.ts'
import { compareVersions, type EntryFile, entryFiles } from './entry_file.ts'
import { withoutNextEntry } from './grub.ts'
import { load } from './load.ts'

/**
 * GRUB as Fedora and RHEL 8 and later have it: grub.cfg says `blscfg`, the entries are files, newest first, and
 * next_entry or saved_entry of the environment names one by its id, its title or its number (grub-core/commands/blscfg.c).
 * /boot is a partition of its own, the second one.
 */
export function startGrubBls(disk: Disk): Started {
  const grubCfg = disk.read('/boot/grub2/grub.cfg')
  if (!/^\s*blscfg$/m.test(grubCfg))
    throw new Error('grub.cfg has neither blscfg nor an entry: this machine would stop at grub>')
  const grubenv = disk.read(ENVIRONMENT)
  // Variables that grub.cfg sets count where the environment block has none.
  const variables = new Map([...assignmentsIn(grubCfg), ...variablesIn(grubenv)])
  const entries = entryFiles(disk, '/boot/loader/entries')
    .filter(entry => entry.first('linux') !== undefined)
    .toSorted((a, b) => compareVersions(b.id, a.id))
  const entry = chosen(entries, variables.get('next_entry') || variables.get('saved_entry') || '0')
  if (entry === undefined) throw new Error('there is no boot entry: this machine would stop at grub>')
  disk.write(ENVIRONMENT, withoutNextEntry(grubenv))
  const kernel = entry.first('linux') ?? ''
  const [initrd = ''] = expanded(entry.first('initrd') ?? '', variables)
  return {
    title: entry.first('title') ?? entry.id,
    cmdline: [`BOOT_IMAGE=(hd0,gpt2)${kernel}`, ...expanded(entry.all('options').join(' '), variables)].join(
      ' ',
    ),
    efiVariables: {},
    ...load(disk, 'GRUB', { kernel: `/boot${kernel}`, initrd: `/boot${initrd}` }),
  }
}

const ENVIRONMENT = '/boot/grub2/grubenv'

function chosen(entries: readonly EntryFile[], wanted: string): EntryFile | undefined {
  const number = /^\d+$/.test(wanted) ? Number(wanted) : -1
  return (
    entries[number] ??
    entries.find(entry => entry.id === wanted || entry.first('title') === wanted) ??
    entries[0]
  )
}

/** Words of a value; $NAME is a variable of GRUB's, empty where nobody has set it. */
const expanded = (value: string, variables: ReadonlyMap<string, string>): string[] =>
  value
    .replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => variables.get(name) ?? '')
    .split(/\s+/)
    .filter(word => word !== '')

const variablesIn = (grubenv: string): [string, string][] =>
  [...grubenv.matchAll(/^([a-z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value])

const assignmentsIn = (grubCfg: string): [string, string][] =>
  [...grubCfg.matchAll(/^\s*set (kernelopts|tuned_params|tuned_initrd)="(.*)"$/gm)].map(
    ([, name = '', value = '']) => [name, value],
  )
