import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from './machine.ts'

/** The machine seen by plain ssh and its own tools: nothing here comes from the code under test. */
export interface Look {
  readonly bootId: string
  readonly cmdline: readonly string[]
  /** Driver (`none` where unbound) and group of each PCI address. */
  readonly devices: ReadonlyMap<string, { readonly driver: string; readonly group: string }>
  /** The file that the running system's initramfs came from: below /boot, on the EFI system partition, or a UKI. */
  readonly image: string
  /** Names in it that have to do with VFIO, modprobe.d or xhci. */
  readonly imageNames: readonly string[]
  /** `FILE: LINE` of its modprobe.d/vfio.conf, and of its list of modules to load early. */
  readonly imageFiles: readonly string[]
  readonly messages: readonly string[]
  readonly leftovers: readonly string[]
  /** `TYPE MODE SIZE PATH` of everything in /var/lib/vfio-run. */
  readonly state: readonly string[]
  readonly text: string
}

export async function lookAt(machine: Machine): Promise<Look> {
  const text = await machine.ssh('sh -s', {
    input: await readFile(join(import.meta.dirname, 'look.sh'), 'utf8'),
  })
  const sections = new Map(text.split('\n@@ ').slice(1).map(sectionOf))
  if (!sections.has('end')) throw new Error(`the look at the machine broke off:\n${text}`)
  const lines = (name: string): readonly string[] => sections.get(name) ?? []
  const [image, ...imageNames] = lines('image')
  return {
    bootId: lines('boot_id')[0] ?? '',
    cmdline: (lines('cmdline')[0] ?? '').split(' '),
    devices: new Map(
      lines('devices').map(line => {
        const [address = '', driver = '', group = ''] = line.split(' ')
        return [address, { driver, group }]
      }),
    ),
    image: image ?? '',
    imageNames,
    imageFiles: lines('image_files'),
    messages: lines('messages'),
    leftovers: lines('leftovers'),
    state: lines('state'),
    text,
  }
}

function sectionOf(text: string): [string, readonly string[]] {
  const [name = '', ...lines] = text.split('\n')
  return [name, lines.filter(line => line !== '')]
}

/** Every file that a run could reach, with what changes when it is written: type, mode, owner, size, change time. */
export async function manifest(machine: Machine): Promise<ReadonlyMap<string, string>> {
  const listing = await machine.ssh(
    `find / $(findmnt -rno TARGET -t vfat) -xdev ${UNSTEADY.map(path => `-path ${path} -prune`).join(' -o ')} -o ! -type d -printf '%p\\t%y %m %U:%G %s %C@\\n'`,
  )
  return new Map(
    listing
      .split('\n')
      .filter(line => line !== '')
      .map(line => {
        const [path = '', attributes = ''] = line.split('\t')
        return [path, attributes]
      }),
  )
}

/** Where the system itself writes while we look. */
const UNSTEADY = [
  ...['/var/log', '/var/lib/systemd', '/var/lib/sudo', '/tmp', '/var/tmp'],
  // Where the command line has systemd.machine_id= each boot writes it anew (systemd-machine-id-commit.service).
  '/etc/machine-id',
]

export function changedPaths(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter(path => before.get(path) !== after.get(path)).sort()
}

/** The files' bytes (latin1, as everywhere), by path; those that do not exist are not there. */
export async function readFiles(
  machine: Machine,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const input = paths
    .map(path => `if [ -e '${path}' ]; then printf '%s ' '${path}'; base64 -w 0 '${path}'; echo; fi`)
    .join('\n')
  const output = await machine.ssh('sh -s', { input: `${input}\n` })
  return new Map(
    output
      .split('\n')
      .filter(line => line !== '')
      .map(line => {
        const [path = '', base64 = ''] = line.split(' ')
        return [path, Buffer.from(base64, 'base64').toString('latin1')]
      }),
  )
}
