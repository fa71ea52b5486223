import { type Bytes, base64FromBytes, bytesFromBase64, bytesFromText, textFromBytes } from '../bytes.ts'
import type { Account, File, Host, Place } from '../host.ts'
import { observed, unknown } from '../known.ts'
import { defineFact, type Fact, linesOf } from './fact.ts'
import { FilesMoved } from './files.ts'

/** Larger files are told of and not read. */
export const LARGEST_FILE = 1_048_576

/** What is at the paths that tasks name, and the text of the files among them. */
export type Named = Pick<Host, 'places' | 'files'>

/**
 * One stat and one cat for all of them. The paths are data, a line each; the answer is a word and the path a line, an
 * empty line, stat's lines, an empty line, and the content of those that are not too large.
 */
export const placesAt = (paths: readonly string[]): Fact<Named, 'all'> =>
  defineFact({
    commands: {
      all: `cd "\${root:-/}" && printf %s '${base64FromBytes(bytesFromText(paths.join('\n')))}' | base64 -d | {
set --
while IFS= read -r p || [ -n "$p" ]; do
  f=.$p
  if [ -f "$f" ]; then if [ -r "$f" ]; then echo "file $p"; set -- "$@" "$f"; else echo "unreadable $p"; fi
  elif [ -d "$f" ]; then echo "directory $p"
  elif [ -e "$f" ] || [ -L "$f" ]; then echo "other $p"
  elif [ -d "\${f%/*}" ]; then echo "absent $p"
  else echo "folderless $p"; fi
done
echo
[ $# -gt 0 ] && s=$(stat -L -c '%s %a %u %g %U/%G/%n' -- "$@") || exit 0
printf '%s\\n\\n' "$s"
printf '%s\\n' "$s" | {
set --
while IFS= read -r l; do [ "\${l%% *}" -gt ${LARGEST_FILE} ] || set -- "$@" "./\${l#*/*/./}"; done
[ $# -eq 0 ] || cat -- "$@" | base64
}
}`,
    },
    parse({ all }): Named {
      const [kinds = '', stats = '', ...content] = all.split('\n\n')
      const found = filesOf(linesOf(stats), bytesFromBase64(content.join('\n')))
      const others = linesOf(kinds).flatMap(line => placeOf(line, found))
      return {
        places: Object.fromEntries([...others, ...found.map(({ path, place }) => [path, place] as const)]),
        files: Object.fromEntries(found.flatMap(({ path, file }) => (file ? [[path, file] as const] : []))),
      }
    },
  })

interface Found {
  readonly path: string
  readonly place: Place
  readonly file: File | undefined
}

/** Throws FilesMoved where one was written meanwhile. */
function filesOf(stats: readonly string[], content: Bytes): Found[] {
  let at = 0
  const found = stats.flatMap((line): Found[] => {
    // Names out of a directory service may have blanks: "domain users".
    const [, size = '', mode = '', uid = '', gid = '', user = '', group = '', path] =
      /^(\d+) ([0-7]+) (\d+) (\d+) ([^/]*)\/([^/]*)\/\.(\/.*)$/.exec(line) ?? []
    if (path === undefined) return []
    const named = { path: textFromBytes(path) }
    if (Number(size) > LARGEST_FILE)
      return [{ ...named, place: { kind: 'large', size: Number(size) }, file: undefined }]
    const bytes = content.slice(at, at + Number(size))
    at += Number(size)
    const place: Place = { kind: 'file', owner: account(uid, user), group: account(gid, group) }
    return [{ ...named, place, file: { bytes, mode } }]
  })
  if (at !== content.length) throw new FilesMoved()
  return found
}

/** stat(1) writes UNKNOWN for an id without a name. */
const account = (id: string, name: string): Account => ({
  id: observed(Number(id)),
  name: name === 'UNKNOWN' ? unknown('this id has no name') : observed(name),
})

/** Of what is no file; one that stat(1) does not tell of was there a moment ago. */
function placeOf(line: string, found: readonly Found[]): [string, Place][] {
  const [, word = '', path] = /^(\w+) (\/.*)$/.exec(line) ?? []
  if (path === undefined) return []
  const named = textFromBytes(path)
  const kind = KINDS.get(word)
  if (kind !== undefined) return [[named, { kind }]]
  if (word === 'file' && !found.some(one => one.path === named)) throw new FilesMoved()
  return []
}

const KINDS: ReadonlyMap<string, Exclude<Place['kind'], 'file' | 'large'>> = new Map([
  ['unreadable', 'unreadable'],
  ['directory', 'directory'],
  ['other', 'other'],
  ['absent', 'absent'],
  ['folderless', 'no folder'],
])
