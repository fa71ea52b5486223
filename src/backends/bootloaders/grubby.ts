import { type Argv, applyChanges, type Change, write } from '../../host/change.ts'
import type { Host, Menu } from '../../host/host.ts'
import { type ArgEdit, isSatisfied, splitArgs } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { menuOf } from '../../host/menus.ts'
import { kernelAt, releaseAt } from '../../host/releases.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { all, any, cmdlineHas, loaderInfo, path, tool, where } from '../evidence.ts'
import { refuseText } from '../plain_text.ts'
import type { Bootloader } from './bootloader.ts'
import { type BlsEntry, blsEntries } from './entries/bls.ts'
import { compareBlsIds } from './entries/bls_order.ts'
import { asLinuxEntry, ourEntries } from './entries/loader_entries.ts'
import { isRescue } from './entries/own_entries.ts'
import { GRUB_DEFAULT } from './formats/grub_default.ts'
import { editGrubConfig } from './formats/grub_edit.ts'
import { environmentValue, withEnvironmentValue } from './formats/grub_environment.ts'
import { chooserOf, handedOver, readsEntryFiles, variableArgs } from './formats/grub_menu.ts'
import { type GrubbyCall, grubbyArgv, grubbyCall } from './formats/grubby_call.ts'
import { grub } from './grub.ts'
import { editKernelCmdline, KERNEL_CMDLINE_FILES } from './lines/kernel_cmdline.ts'
import { editText } from './lines/shell_variable.ts'
import { bytesOf, editWrittenLines, type WrittenLine } from './lines/written_line.ts'

const FOLDER = '/boot/loader/entries'
const ENVIRONMENT = '/boot/grub2/grubenv'

/**
 * GRUB as Fedora and RHEL 8 and later have it: its menu are the entries of /boot/loader/entries, which grubby edits.
 * What entries are made of later on is kept equal: /etc/default/grub, whose line grub2-mkconfig of RHEL 9.0 to 9.2
 * writes into all entries, and /etc/kernel/cmdline, which kernel-install takes for a new kernel's.
 */
export const grubby: Bootloader = {
  name: 'grubby',
  manages: [grub.name],
  evidence: all(
    tool('grubby'),
    path(FOLDER),
    where(host => entriesAreRead(host), 'grub.cfg takes its entries from there (blscfg)'),
    any(
      cmdlineHas(/^BOOT_IMAGE=/, 'BOOT_IMAGE= is on the command line'),
      loaderInfo(/^GRUB/),
      path(GRUB_DEFAULT),
    ),
  ),
  reads: [`${FOLDER}/*.conf`, ENVIRONMENT, ...grub.reads, ...KERNEL_CMDLINE_FILES],
  configured(host) {
    const chosen = chosenEntry(host)
    if (isRefusal(chosen)) return chosen
    return optionsOf(host, chosen.now, chosen.entry)
  },
  edit(host, edits) {
    const entries = editEntries(host, edits)
    if (isRefusal(entries)) return entries
    const defaults = editDefaults(host, edits)
    if (isRefusal(defaults)) return defaults
    const cmdline = editCmdline(host, edits)
    return isRefusal(cmdline) ? cmdline : [...entries, ...defaults, ...cmdline]
  },
  next(host) {
    const chosen = chosenEntry(host)
    if (isRefusal(chosen)) return chosen
    const { now, entry, chosenBy } = chosen
    const image = imageOf(host, entry)
    if (image === undefined) return noDisk
    const tokens = optionsOf(host, now, entry)
    const handed = tokens.flatMap(token => handedOver(token) ?? [])
    if (handed.length < tokens.length) return notHandedOver(entry)
    return {
      title: entry.title === '' ? idOf(entry) : entry.title,
      chosenBy,
      release: kernelAt(host, entry.linux)?.release ?? (entry.version || releaseAt(host, entry.linux)),
      cmdline: [image, ...handed],
    }
  },
}

function entriesAreRead(host: Host): boolean {
  const now = ifKnown(menuOf(host, grub.name))
  return now !== undefined && readsEntryFiles(now)
}

const idOf = ({ id }: BlsEntry): string => id.replace(/\.conf$/, '')

/** As GRUB shows them: the newest first. */
const shownEntries = (host: Host): BlsEntry[] =>
  blsEntries(host, FOLDER)
    .filter(({ id, linux }) => linux !== '' && !id.startsWith('.'))
    .toSorted((a, b) => compareBlsIds(idOf(b), idOf(a)))

/** The default is a number, a title or an id; GRUB takes the first entry where there is none such (normal/menu.c). */
function chosenEntry(host: Host): { now: Menu; entry: BlsEntry; chosenBy: string } | Refusal {
  const now = menuOf(host, grub.name)
  if (now.is === 'unknown') return noMenu(now.why)
  const entries = shownEntries(host)
  const isSaved = now.value.default === '${saved_entry}'
  const wanted = now.value.once ?? (isSaved ? now.value.saved : now.value.default)
  const named = /^\d+$/.test(wanted)
    ? entries[Number(wanted)]
    : entries.find(entry => idOf(entry) === wanted || entry.title === wanted)
  const entry = named ?? entries[0]
  if (entry === undefined) return noEntries
  if (!entry.isLinux) return notLinux(entry)
  const refusal = refuseEntry(host, entry)
  if (refusal !== undefined) return refusal
  if (named === undefined) return { now: now.value, entry, chosenBy: 'the order of the menu, newest first' }
  const chosenBy = chooserOf(now.value)
  return { now: now.value, entry, chosenBy }
}

/** Variables are looked up when the menu is shown; one that nobody sets is empty (blscfg.c, expand_val()). */
const optionsOf = (host: Host, now: Menu, { options }: BlsEntry): string[] =>
  options
    .slice(0, 1)
    .flatMap(line =>
      splitArgs(textAt(host, line)).flatMap(token =>
        isVariable(token) ? argsOf(host, now, token) : [token],
      ),
    )

const isVariable = (token: string): boolean => /^\$\w+$/.test(token)

function argsOf(host: Host, now: Menu, token: string): readonly string[] {
  const saved = token === KERNELOPTS ? environmentValue(bytesOf(host, ENVIRONMENT), 'kernelopts') : undefined
  return saved === undefined ? variableArgs(now, token.slice(1)) : splitArgs(saved)
}

const KERNELOPTS = '$kernelopts'

const textAt = (host: Host, { path, start, end }: WrittenLine): string =>
  bytesOf(host, path).slice(start, end)

/** `($root)` is put before an entry's kernel, and its disk is named as it was at the last boot. */
function imageOf(host: Host, { linux }: BlsEntry): string | undefined {
  const booted = ifKnown(host.cmdline)?.find(token => token.startsWith('BOOT_IMAGE='))
  const disk = /^BOOT_IMAGE=(\([^)]*\))/.exec(booted ?? '')?.[1]
  return disk && `BOOT_IMAGE=${disk}${linux}`
}

/**
 * All but the rescue entry. On RHEL 8 that takes the line that all entries share, and gets our arguments with it: the
 * way back there is to edit the line in GRUB's menu (e).
 */
function editEntries(host: Host, edits: readonly ArgEdit[]): readonly Change[] | Refusal {
  const now = menuOf(host, grub.name)
  if (now.is === 'unknown') return noMenu(now.why)
  const entries = ourEntries(host, shownEntries(host), entry =>
    entry.options.length === 0 ? undefined : optionsOf(host, now.value, entry),
  )
  if (isRefusal(entries)) return entries
  if (entries.length === 0) return noEntries
  const refusal = entries.map(entry => refuseEntry(host, entry)).find(one => one !== undefined)
  if (refusal !== undefined) return refusal
  const shared = entries.some(entry => sharesLine(host, entry)) ? editKernelopts(host, edits) : []
  if (isRefusal(shared)) return shared
  const own = entries.filter(entry => !sharesLine(host, entry))
  const options = editOwnOptions(host, own, edits)
  if (isRefusal(options)) return options
  const changes = [...shared, ...options]
  const paths = new Set(entries.map(entry => entry.path))
  const after = applyChanges(host, changes)
  const edited = shownEntries(after).filter(entry => paths.has(entry.path))
  const lacking = edited.find(entry => {
    const tokens = optionsOf(after, now.value, entry)
    return !edits.every(edit => isSatisfied(tokens, edit))
  })
  return lacking === undefined ? changes : variableOverrides(lacking)
}

const sharesLine = (host: Host, { options }: BlsEntry): boolean =>
  options.some(line => splitArgs(textAt(host, line)).includes(KERNELOPTS))

/** RHEL 8's line for all entries, in a block that only GRUB's own program may write. */
function editKernelopts(host: Host, edits: readonly ArgEdit[]): readonly Change[] | Refusal {
  const before = bytesOf(host, ENVIRONMENT)
  const value = environmentValue(before, 'kernelopts')
  if (value === undefined) return noKernelopts
  const edited = editText(host, ENVIRONMENT, value, edits)
  if (isRefusal(edited)) return edited
  if (edited.text === value) return []
  const after = withEnvironmentValue(before, 'kernelopts', edited.text)
  if (after === undefined) return blockIsFull
  const argv: Argv = ['grub2-editenv', ENVIRONMENT, 'set', `kernelopts=${edited.text}`]
  const sharing = shownEntries(host).filter(entry => sharesLine(host, entry))
  const all = sharing.some(entry => isRescue(asLinuxEntry(entry, undefined)))
    ? ', the one for rescue, too,'
    : ''
  const reason = `the entries${all} take their arguments from kernelopts in ${ENVIRONMENT}`
  return [{ kind: 'run', argv, reason, edits: [{ path: ENVIRONMENT, before, after }] }]
}

/** Through grubby, kernel by kernel, where it writes these very bytes; else each file is written. */
function editOwnOptions(
  host: Host,
  entries: readonly BlsEntry[],
  edits: readonly ArgEdit[],
): readonly Change[] | Refusal {
  const byKernel = Map.groupBy(entries, ({ linux }) => linux)
  const changes: Change[] = []
  for (const [linux, own] of byKernel) {
    const written = editWrittenLines(
      host,
      own.flatMap(({ options }) => options),
      edits,
    )
    if (isRefusal(written)) return written
    const others = shownEntries(host).filter(entry => entry.linux === linux).length - own.length
    const run = others > 0 ? undefined : throughGrubby(host, linux, own, written)
    changes.push(...(run === undefined ? written : [run]))
  }
  return changes
}

function throughGrubby(
  host: Host,
  linux: string,
  entries: readonly BlsEntry[],
  written: readonly Change[],
): Change | undefined {
  const files = written.flatMap(change => (change.kind === 'write' ? [change] : []))
  if (files.length < entries.length) return undefined
  const calls = files.map(({ before = '', after }) => callFor(before, after))
  const [first] = calls
  if (first === undefined || calls.some(call => JSON.stringify(call) !== JSON.stringify(first)))
    return undefined
  // Where /boot is a file system of its own, entries name kernels from there, and grubby takes /boot off again.
  const kernel = `${host.storage.some(({ use }) => use === '/boot') ? '/boot' : ''}${linux}`
  return {
    kind: 'run',
    argv: grubbyArgv(kernel, first),
    reason: `${entries.map(({ path }) => path).join(', ')} is edited by grubby`,
    edits: files.map(({ path, before, after }) => ({ path, before, after })),
  }
}

/** It rewrites every line that begins with `options`, from the first column and with one blank. */
function callFor(before: string, after: string): GrubbyCall | undefined {
  const [line, second] = before.match(/^options.*$/gm) ?? []
  const wanted = /^options.*$/m.exec(after)?.[0]
  if (line === undefined || second !== undefined || wanted === undefined) return undefined
  if (!line.startsWith('options ') || !wanted.startsWith('options ')) return undefined
  return grubbyCall(line.slice('options '.length), wanted.slice('options '.length))
}

/** Anaconda only writes GRUB_CMDLINE_LINUX, and grubby edits no other. */
function editDefaults(host: Host, edits: readonly ArgEdit[]): readonly Change[] | Refusal {
  if (!(GRUB_DEFAULT in host.files)) return []
  const files = editGrubConfig(host, edits, 'GRUB_CMDLINE_LINUX')
  return isRefusal(files) ? files : files.flatMap(({ path, after }) => write(host, path, after))
}

/** Without it kernel-install takes the running kernel's line, which has our arguments after the next boot. */
const editCmdline = (host: Host, edits: readonly ArgEdit[]): readonly Change[] | Refusal =>
  KERNEL_CMDLINE_FILES.some(file => file in host.files)
    ? editKernelCmdline(host, edits, ifKnown(host.cmdline) ?? [])
    : []

/** GRUB reads an entry up to the first line without a blank, a key up to the first blank, and of `options` the first. */
function refuseEntry(host: Host, { path, options }: BlsEntry): Refusal | undefined {
  const refusal = refuseText(host, path)
  if (refusal !== undefined) return refusal
  const [line, second] = options
  if (line === undefined) return unreadable(path, 'has no line of options')
  if (second !== undefined)
    return unreadable(path, 'has more than one line of options, of which GRUB reads the first')
  const before = bytesOf(host, path).slice(0, line.start)
  const lines = before.split('\n')
  const key = lines.at(-1) ?? ''
  if (/^\s*options\t/.test(key))
    return unreadable(path, 'has a tab behind `options`, where GRUB reads a blank')
  if (lines.slice(0, -1).some(one => !/^[ \t]*(#|[^ \t]+[ \t])/.test(one)))
    return unreadable(path, 'has an empty line before its options, and GRUB reads no further than that')
  return undefined
}

const unreadable = (path: string, why: string) =>
  refuse(`${path} ${why}`, 'mend the entry (grubby --info=ALL shows what is read), then run again')

const noMenu = (why: string) =>
  refuse(
    `the boot menu cannot be read: ${why}`,
    'run grub2-mkconfig by hand, read what it says, and run again',
  )

const noEntries = refuse(
  `no Linux entry can be seen in ${FOLDER}`,
  'mount /boot, or make the entries anew (kernel-install add, grub2-switch-to-blscfg), then run again',
)

const notLinux = ({ path }: BlsEntry) =>
  refuse(
    `${path}, which boots next, does not boot Linux`,
    'choose an entry that does: grubby --set-default=/boot/vmlinuz-RELEASE',
  )

const noKernelopts = refuse(
  `the boot entries take $kernelopts, and ${ENVIRONMENT} does not set it`,
  'write it there once (grub2-mkconfig -o /boot/grub2/grub.cfg does), then run again',
)

const blockIsFull = refuse(
  `the new kernelopts do not fit in ${ENVIRONMENT}, or it is no environment block`,
  'shorten the kernel command line, or make the block anew (grub2-editenv create), then run again',
)

const variableOverrides = ({ path }: BlsEntry) =>
  refuse(
    `${path} has arguments beside its own line that say otherwise (tuned sets $tuned_params)`,
    'change them where they come from (tuned-adm profile, /etc/tuned/bootcmdline), then run again',
  )

const noDisk = refuse(
  'BOOT_IMAGE= of the running kernel does not say what GRUB calls the disk',
  'boot once by an entry of the menu, or leave this host out with --limit',
)

const notHandedOver = ({ path }: BlsEntry) =>
  refuse(
    `${path} has an argument that GRUB’s script takes apart (one of ; & | < > $)`,
    'put it in single quotes there, then run again',
  )
