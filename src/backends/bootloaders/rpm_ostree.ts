import type { Argv, Change } from '../../host/change.ts'
import { editCommandLine } from '../../host/command_line.ts'
import type { Host, Menu } from '../../host/host.ts'
import { type ArgEdit, isSatisfied, kernelArgs, splitArgs } from '../../host/kernel_args.ts'
import { ifKnown, type Known, observed } from '../../host/known.ts'
import { releaseAt } from '../../host/releases.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { all, any, cmdlineHas, path, tool } from '../evidence.ts'
import { refuseText } from '../plain_text.ts'
import type { Bootloader } from './bootloader.ts'
import { type BlsEntry, blsEntries } from './entries/bls.ts'
import { compareBlsIds } from './entries/bls_order.ts'
import { handedOver } from './formats/grub_menu.ts'
import { without } from './formats/grubby_call.ts'
import { bytesOf } from './lines/written_line.ts'

const NAME = 'rpm-ostree'
const FOLDER = '/boot/loader/entries'
const STAGED = '/run/ostree/staged-deployment'

/**
 * Fedora's Atomic desktops, CoreOS, and bootc hosts that have rpm-ostree: each set of arguments is a deployment of its
 * own, which is staged now and written to /boot/loader/entries as the machine goes down (ostree-finalize-staged).
 */
export const rpmOstree: Bootloader = {
  name: NAME,
  evidence: all(
    any(path('/run/ostree-booted'), cmdlineHas(/^ostree=/, 'ostree= is on the command line')),
    any(tool(NAME), tool('bootc'), path(FOLDER), path(STAGED)),
  ),
  manages: ['GRUB', 'grubby', 'systemd-boot'],
  reads: [`${FOLDER}/ostree-*.conf`],
  observes: {
    // It prints the arguments of the deployment that boots next, and asks a daemon for them: only where files do not tell.
    commands: { staged: `[ -e "$root${STAGED}" ] && echo staged && rpm-ostree kargs` },
    parse: (out): Known<Menu> => observed(stagedMenu(out.staged ?? '')),
  },
  configured(host) {
    const staged = stagedTokens(host)
    if (staged !== undefined) return staged
    const entry = defaultEntry(host)
    return isRefusal(entry) ? entry : optionsOf(host, entry)
  },
  edit(host, edits) {
    const holdsIn = (tokens: readonly string[]) => edits.every(edit => isSatisfied(tokens, edit))
    const staged = stagedTokens(host)
    if (staged !== undefined) return staged.length > 0 && holdsIn(staged) ? [] : deploymentWaits
    const entry = defaultEntry(host)
    if (isRefusal(entry)) return entry
    if (holdsIn(optionsOf(host, entry))) return []
    return host.tools.includes(NAME) ? editDeployment(host, entry, edits) : withoutRpmOstree(host)
  },
  next(host) {
    if (stagedTokens(host) !== undefined) return notWrittenYet
    const entry = defaultEntry(host)
    if (isRefusal(entry)) return entry
    const booted = ifKnown(host.cmdline)?.find(token => token.startsWith('BOOT_IMAGE='))
    const disk = /^BOOT_IMAGE=(\([^)]*\))/.exec(booted ?? '')?.[1]
    if (disk === undefined) return notGrub
    return {
      title: entry.title,
      chosenBy: 'the order of the deployments',
      release: releaseAt(host, entry.linux),
      cmdline: [
        `BOOT_IMAGE=${disk}${entry.linux}`,
        ...optionsOf(host, entry).map(token => handedOver(token) ?? token),
      ],
    }
  },
}

/** Older versions say `The kernel arguments are:` before them. */
function stagedMenu(bytes: string): Menu {
  const [first, ...lines] = bytes.split('\n').filter(line => line.trim() !== '')
  const args = splitArgs(lines.at(-1) ?? '')
  const entry = { title: 'staged', id: '', source: NAME, kernel: '', args, recovery: false }
  return { path: STAGED, default: '', saved: '', entries: first === 'staged' ? [entry] : [] }
}

/** Arguments of a deployment that waits for the machine to go down. */
const stagedTokens = (host: Host): readonly string[] | undefined =>
  ifKnown(host.menus[NAME] ?? observed(stagedMenu('')))?.entries[0]?.args

/** ostree-2 is newer than ostree-1, and the first of the menu (ostree, src/libostree/ostree-sysroot-deploy.c). */
function defaultEntry(host: Host): BlsEntry | Refusal {
  const entries = blsEntries(host, FOLDER).filter(({ id, isLinux }) => id.startsWith('ostree-') && isLinux)
  const [entry] = entries.toSorted((a, b) => compareBlsIds(b.id, a.id))
  if (entry === undefined) return noEntries
  return refuseText(host, entry.path) ?? entry
}

const textOf = (host: Host, { path, options }: BlsEntry): string =>
  options.map(({ start, end }) => bytesOf(host, path).slice(start, end)).join(' ')

const optionsOf = (host: Host, entry: BlsEntry): string[] => splitArgs(textOf(host, entry))

function editDeployment(host: Host, entry: BlsEntry, edits: readonly ArgEdit[]): readonly Change[] | Refusal {
  const [line] = entry.options
  const before = optionsOf(host, entry)
  const own = ostreeOf(before)
  const refusal = refuseDeployment(host, entry, own)
  if (refusal !== undefined) return refusal
  if (line === undefined || own === undefined) return notPlain(entry)
  const wanted = splitArgs(editCommandLine(before.join(' '), edits))
  const [removed, added] = [without(before, wanted), without(wanted, before)]
  const after = [...without(before, removed), ...added]
  // Of a repeated argument rpm-ostree cannot be told which one is meant, nor that it is to be there twice.
  const isRepeated = (token: string) => count(before, token) > 1 || count(after, token) > 1
  if ([...removed, ...added].some(isRepeated)) return notPlain(entry)
  if (!edits.every(edit => isSatisfied(after, edit))) return notPlain(entry)
  const next = nextDeployment(host, own, after)
  const options = after.map(token => (isPlace(token) ? next : token)).join(' ')
  const bytes = bytesOf(host, entry.path)
  const edited = bytes.slice(0, line.start) + options + bytes.slice(line.end)
  return [
    {
      kind: 'run',
      argv: kargsArgv(before, removed, added),
      reason: 'a new deployment carries the arguments',
      edits: [{ path: entry.path, before: bytes, after: edited }],
      undo: [NAME, 'cleanup', '--pending'],
    },
  ]
}

function refuseDeployment(host: Host, entry: BlsEntry, own: Deployment | undefined): Refusal | undefined {
  const text = textOf(host, entry)
  const tokens = splitArgs(text)
  const isPlain = entry.options.length === 1 && tokens.join(' ') === text.trimEnd() && !/["'\\]/.test(text)
  if (!isPlain || kernelArgs(tokens).length < tokens.length) return notPlain(entry)
  const running = ostreeOf(ifKnown(host.cmdline) ?? [])
  if (own === undefined || running === undefined) return notOstree(entry)
  return own.os === running.os && own.checksum === running.checksum ? undefined : anotherBoots(entry)
}

const kargsArgv = (before: readonly string[], removed: readonly string[], added: readonly string[]): Argv => [
  NAME,
  'kargs',
  ...removed.map(token => `--delete-if-present=${token}`),
  ...added.map(token => `${appendFor(before, token)}=${token}`),
]

/** Of rpm-ostree 2023.4 to 2023.12 the first one does nothing where the key has another value (coreos/rpm-ostree#4718). */
const appendFor = (before: readonly string[], token: string): string =>
  before.some(one => one.split('=', 1)[0] === token.split('=', 1)[0]) ? '--append' : '--append-if-missing'

interface Deployment {
  readonly bootVersion: string
  readonly os: string
  readonly checksum: string
}

/** ostree=/ostree/boot.N/OS/CHECKSUM/SERIAL */
function ostreeOf(tokens: readonly string[]): Deployment | undefined {
  const found = tokens.map(token => /^ostree=\/ostree\/boot\.([01])\/([^/]+)\/([^/]+)\/\d+$/.exec(token))
  const [, bootVersion = '', os = '', checksum = ''] = found.find(match => match !== null) ?? []
  return checksum === '' ? undefined : { bootVersion, os, checksum }
}

/**
 * Entries that differ are written as a set of its own, boot.0 and boot.1 by turns; the checksum is of kernel and
 * initramfs, which stay, and the newest deployment of a checksum has the serial 0 (ostree-sysroot-deploy.c,
 * ostree_sysroot_write_deployments_with_options(), assign_bootserials()). One that is staged takes the place of the one
 * staged before, so that of several until the reboot only the last is written.
 */
function nextDeployment(host: Host, { os, checksum }: Deployment, after: readonly string[]): string {
  const running = ifKnown(host.cmdline) ?? []
  const place = running.find(isPlace)
  if (place !== undefined && argumentsIn(after) === argumentsIn(running)) return place
  return `ostree=/ostree/boot.${ostreeOf(running)?.bootVersion === '0' ? '1' : '0'}/${os}/${checksum}/0`
}

const isPlace = (token: string): boolean => token.startsWith('ostree=')

const argumentsIn = (tokens: readonly string[]): string =>
  tokens.filter(token => !isPlace(token) && !token.startsWith('BOOT_IMAGE=')).join(' ')

const count = (tokens: readonly string[], token: string): number => tokens.filter(one => one === token).length

const noEntries = refuse(
  `no deployment can be seen in ${FOLDER}`,
  'mount /boot, look at what rpm-ostree status says, then run again',
)

const deploymentWaits = refuse(
  'a deployment is staged already (an update, or other kernel arguments), and waits for the machine to reboot',
  'reboot, or drop it with rpm-ostree cleanup --pending, then run again',
)

const notWrittenYet = refuse(
  'the next boot is a deployment that is written only as the machine goes down',
  'reboot, then run again',
)

const notGrub = refuse(
  'BOOT_IMAGE= of the running kernel does not say what GRUB calls the disk',
  'boot once by an entry of GRUB’s menu, or leave this host out with --limit',
)

const withoutRpmOstree = ({ tools }: Host): Refusal =>
  tools.includes('bootc')
    ? refuse(
        'this host is managed by bootc without rpm-ostree, whose kernel arguments belong to its image',
        'put them into /usr/lib/bootc/kargs.d of the image, and update the host to it',
      )
    : refuse('rpm-ostree is not installed', 'install it, or leave this host out with --limit')

const notPlain = ({ path }: BlsEntry): Refusal =>
  refuse(
    `${path} has options that rpm-ostree cannot edit as they are meant: quotes, a -- or repeated arguments`,
    'change them with rpm-ostree kargs --editor, then run again',
  )

const notOstree = ({ path }: BlsEntry): Refusal =>
  refuse(
    `neither ${path} nor the running kernel's command line says which deployment it boots (ostree=)`,
    'boot a deployment, or leave this host out with --limit',
  )

const anotherBoots = ({ path }: BlsEntry): Refusal =>
  refuse(
    `${path} boots next, which is another deployment than the running one`,
    'reboot into it, or drop it with rpm-ostree cleanup --pending, then run again',
  )
