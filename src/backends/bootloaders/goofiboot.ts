import { isRefusal } from '../../refusal.ts'
import { all, any, cmdlineHas, loaderInfo, path, variablesAreHidden } from '../evidence.ts'
import type { Bootloader } from './bootloader.ts'
import { editEntries } from './entries/entry_edit.ts'
import {
  configuredEntry,
  type EntryLoader,
  entryFiles,
  loaderEntries,
  nextOf,
  noEntries,
  optionTokens,
  ourEntries,
} from './entries/loader_entries.ts'

const ESP = '/boot/efi'
const GOOFIBOOT: EntryLoader = { name: 'Goofiboot', roots: [ESP], idsHaveSuffix: false }

/** Solus of 2015 to 2017: its fork of gummiboot, and entries that its installer wrote by hand. */
export const goofiboot: Bootloader = {
  name: GOOFIBOOT.name,
  evidence: any(
    loaderInfo(/^goofiboot\b/i),
    all(
      variablesAreHidden,
      path(`${ESP}/EFI/goofiboot`),
      any(cmdlineHas(/^initrd=\\/, 'initrd=\\… is on the command line'), path(`${ESP}/loader/loader.conf`)),
    ),
  ),
  reads: entryFiles([ESP]),
  configured(host) {
    const entry = configuredEntry(host, GOOFIBOOT)
    return isRefusal(entry) ? entry : optionTokens(host, entry)
  },
  edit(host, edits) {
    const entries = ourEntries(host, loaderEntries(host, GOOFIBOOT))
    if (isRefusal(entries)) return entries
    return entries.length === 0 ? noEntries(GOOFIBOOT) : editEntries(host, entries, edits)
  },
  next: host => nextOf(host, GOOFIBOOT),
}
