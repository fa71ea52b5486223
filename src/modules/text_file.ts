import { z } from 'zod'
import { bytesFromText } from '../host/bytes.ts'
import type { Attributes, Change } from '../host/change.ts'
import { LARGEST_FILE } from '../host/facts/places.ts'
import type { Account, File, Host, Place } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import { flag, hostPath, text } from './ansible_types.ts'
import { blocked, converged, type Outcome } from './define.ts'

/** What `copy` and `template` share: a text, and the file on the host that is to hold it. */
export const TEXT_FILE = {
  dest: hostPath
    // Their sizes are not those of what is read from them (proc(5)), and nothing can be renamed over them.
    .refine(path => !/^\/(proc|sys)\//.test(path), {
      error: 'what the kernel shows in /proc and /sys is not kept in files',
      params: { hint: 'write what sets it at boot, as /etc/sysctl.d, or use shell' },
    })
    .describe('the file on the host, as an absolute path; its folder must exist'),
  mode: z
    .string({ error: 'must be octal digits in quotes, as in "0644"' })
    .regex(/^0?[0-7]{3,4}$/, {
      error: issue => `"${String(issue.input)}" is no mode in octal digits, as in "0644"`,
    })
    .optional()
    .describe('permission bits in octal, quoted; by default they stay, and a new file gets "0644"'),
  owner: text.optional().describe('the user it belongs to, by name or number; by default it stays'),
  group: text.optional().describe('the same of its group'),
  force: flag.prefault(true).describe('false: a file that is there already is left as it is'),
  backup: flag
    .prefault(false)
    .refine(wanted => !wanted, {
      error:
        'no backups are made beside files: the journal on the host keeps every original, in /var/lib/vfio-run/runs',
    })
    .describe('refused: the journal on the host keeps every original'),
} as const

export interface TextFile {
  readonly dest: string
  readonly content: string
  readonly mode?: string | undefined
  readonly owner?: string | undefined
  readonly group?: string | undefined
  readonly force: boolean
}

/** More does not travel with a script, and is no configuration. */
export const isTooLong = (content: string): boolean => bytesFromText(content).length > LARGEST_FILE

/** What would have to change for the host's file to hold the text. */
export function planTextFile(host: Host, wanted: TextFile): Outcome {
  const { dest, content } = wanted
  const place = host.places[dest]
  const file = host.files[dest]
  if (place === undefined) return { kind: 'unknown', why: `${dest} was not looked at` }
  if (isTooLong(content))
    return blocked(
      `the text for ${dest} is longer than ${LARGEST_FILE} bytes`,
      'copy such files by other means',
    )
  if (place.kind === 'absent') return created(wanted)
  if (place.kind !== 'file' || file === undefined) return refusal(dest, place)
  if (!wanted.force) return converged(`${dest} exists, and force is false`)
  // What is no text was not meant to be replaced by one.
  if (file.bytes.includes('\0'))
    return blocked(`${dest} is not a text file`, 'look at what it is, and remove it or name another dest')
  return updated(wanted, place, file)
}

function created(wanted: TextFile): Outcome {
  const after = bytesFromText(wanted.content)
  const attributes = attributesOf(wanted, () => true)
  return {
    kind: 'change',
    why: `${wanted.dest} is new`,
    changes: [{ kind: 'write', path: wanted.dest, before: undefined, after, ...attributes }],
  }
}

function refusal(dest: string, place: Place): Outcome {
  const folder = dest.slice(0, dest.lastIndexOf('/')) || '/'
  switch (place.kind) {
    case 'no folder':
      return blocked(`there is no folder ${folder} on the host`, `make it first: command: mkdir -p ${folder}`)
    case 'directory':
      return blocked(`${dest} is a folder on the host`, `name the file in it: dest: ${dest}/NAME`)
    case 'unreadable':
      return blocked(`${dest} cannot be read`, 'set become: true in the play, or -b')
    case 'large':
      return blocked(
        `${dest} has ${place.size} bytes, and no original larger than ${LARGEST_FILE} is kept`,
        'name another dest, or remove it first',
      )
    default:
      return blocked(`${dest} is no regular file on the host`, 'look at it with ls -l, and name another dest')
  }
}

function updated(wanted: TextFile, place: Extract<Place, { kind: 'file' }>, file: File): Outcome {
  const { dest } = wanted
  const after = bytesFromText(wanted.content)
  const now = { mode: file.mode, owner: place.owner, group: place.group }
  const attributes = attributesOf(wanted, (name, value) =>
    name === 'mode' ? value !== now.mode : !isAccount(now[name], value),
  )
  const differences = [
    ...(file.bytes === after ? [] : ['its text']),
    ...Object.entries(attributes).map(([name, value]) => `${name} ${value}`),
  ]
  if (differences.length === 0) return converged(`${dest} is so already`)
  const change: Change = {
    kind: 'write',
    path: dest,
    before: file.bytes,
    after,
    ...attributes,
    ...(Object.keys(attributes).length > 0 && { formerly: formerly(attributes, place, file) }),
  }
  return { kind: 'change', why: `${dest} gets ${differences.join(', ')}`, changes: [change] }
}

const ATTRIBUTES = ['mode', 'owner', 'group'] as const
type Name = (typeof ATTRIBUTES)[number]

/** Those that are asked for, and for which `differs` says so. */
function attributesOf(wanted: TextFile, differs: (name: Name, value: string) => boolean): Attributes {
  const given = { ...wanted, mode: wanted.mode?.replace(/^0+(?=\d)/, '') }
  return Object.fromEntries(
    ATTRIBUTES.flatMap(name => {
      const value = given[name]
      return value !== undefined && differs(name, value) ? [[name, value]] : []
    }),
  )
}

/** What is not known is set anew. */
const isAccount = ({ name, id }: Account, wanted: string): boolean =>
  ifKnown(name) === wanted || (/^\d+$/.test(wanted) && ifKnown(id) === Number(wanted))

function formerly(changed: Attributes, { owner, group }: Extract<Place, { kind: 'file' }>, { mode }: File) {
  const before = { mode, owner: accountText(owner), group: accountText(group) }
  return Object.fromEntries(
    ATTRIBUTES.flatMap(name => {
      const value = before[name]
      return changed[name] !== undefined && value !== undefined ? [[name, value]] : []
    }),
  )
}

function accountText({ name, id }: Account): string | undefined {
  const number = ifKnown(id)
  return number === undefined ? ifKnown(name) : String(number)
}
