import { base64FromBytes, bytesFromText } from '../../../host/bytes.ts'

/** A program as it is to be run on a host. */
export interface Call {
  readonly words: readonly string[]
  /** $NAME and a ~ at the beginning of a word are replaced. */
  readonly expands: boolean
  readonly chdir: string | undefined
  readonly creates: string | undefined
  readonly removes: string | undefined
  readonly stdin: string | undefined
  readonly environment: Readonly<Record<string, string>>
}

/** Of each of stdout and stderr so many bytes are read. */
export const LIMIT = 1_048_576

/**
 * Runs it and prints frames: `skip creates|removes` or `stop chdir` where it did not start; else `rc`, and `stdout` and
 * `stderr` with `…_size`, their whole length. Output goes to files first: what the program leaves running in the
 * background may hold them open, and nobody waits for that. No file of the script is left, also where nobody listens
 * any more: SIGPIPE is caught, as one that is ignored would be for the program, too.
 */
export const runScript = (call: Call, nonce: string): string =>
  script(
    nonce,
    `exec 3>&1
for _vr_dir in "\${TMPDIR:-/tmp}" /tmp /var/tmp /dev/shm ''; do
  [ -n "$_vr_dir" ] || { say stop scratch; return; }
  _vr_dir=$_vr_dir/.vfio-run.${nonce}; mkdir -m 700 -- "$_vr_dir" 2>/dev/null && break
done
trap 'rm -rf -- "$_vr_dir"' EXIT
trap 'exit 129' HUP; trap 'exit 143' TERM; trap : PIPE
${call.stdin === undefined ? '_vr_in=/dev/null' : `_vr_in=$_vr_dir/in; printf %s '${encoded(call.stdin)}' | base64 -d >"$_vr_in" || { say stop scratch; return; }`}
(
${preparation(call)}
${['set --', ...call.words.flatMap(word => [...lines(word, call.expands), 'set -- "$@" "$_vr_w"'])].join('\n')}
exec "$@" <"$_vr_in" >"$_vr_dir/stdout" 2>"$_vr_dir/stderr" 3>&-
)
rc=$?
say rc "$rc"
for s in stdout stderr; do
  n=0; [ -f "$_vr_dir/$s" ] && n=$(($(wc -c <"$_vr_dir/$s")))
  say "\${s}_size" "$n"
  [ "$n" -le ${LIMIT} ] || n=${LIMIT}
  printf '\\n@${nonce} %s %s\\n' "$s" "$n"
  [ "$n" -eq 0 ] || head -c "$n" "$_vr_dir/$s"
  echo
done`,
  )

/** Only tells whether it would be run: `skip creates|removes`, `stop chdir` or `start`. Changes nothing. */
export const probeScript = (call: Call, nonce: string): string =>
  script(nonce, `exec 3>&1\n(\n${preparation(call)}\nsay start ''\n)`)

/**
 * Read whole before it runs, and with the user's own umask, locale and PATH, which gains the folders of programs. Its
 * variables begin with _vr_: the program's environment, and the $NAMEs in its words, may have any other name.
 */
const script = (nonce: string, commands: string): string => `main() {
unset ENV CDPATH IFS
_vr_root=\${VFIO_RUN_ROOT:-}
PATH=\${VFIO_RUN_PATH:-$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}; export PATH
_vr_path=$PATH
say() { printf '\\n@${nonce} %s %s\\n%s\\n' "$1" "\${#2}" "$2" >&3; }
take() { _vr_v=$(printf %s "$1" | PATH=$_vr_path base64 -d && echo .) || exit 125; _vr_v=\${_vr_v%.}; }
rooted() { case $_vr_w in /*) _vr_w=$_vr_root$_vr_w;; esac; }
there() { ( IFS=; for _vr_f in $_vr_w; do if [ -e "$_vr_f" ] || [ -L "$_vr_f" ]; then exit 0; fi; done; exit 1 ); }
${commands}
}
{ main </dev/null; }
`

/** The environment first, as paths may name its variables; then the folder, as paths may be relative to it. */
function preparation({ environment, chdir, creates, removes }: Call): string {
  const [ordinary, path] = [Object.entries(environment).filter(([name]) => name !== 'PATH'), environment.PATH]
  const exported = path === undefined ? ordinary : [...ordinary, ['PATH', path] as const]
  return [
    ...exported.map(([name, value]) => `take '${encoded(value)}'; ${name}=$_vr_v; export ${name}`),
    ...pathCheck(chdir, 'cd -- "$_vr_w" 2>/dev/null || { say stop chdir; exit; }'),
    ...pathCheck(creates, 'if there; then say skip creates; exit; fi'),
    ...pathCheck(removes, 'there || { say skip removes; exit; }'),
  ].join('\n')
}

const pathCheck = (path: string | undefined, check: string): readonly string[] =>
  path === undefined ? [] : [...lines(path, true), `rooted; ${check}`]

const encoded = (text: string): string => base64FromBytes(bytesFromText(text))

/** Shell lines that leave a word in $_vr_w. It is data: only the names of variables stand in the script. */
const lines = (word: string, expands: boolean): readonly string[] => [
  '_vr_w=',
  ...(expands ? piecesOf(word) : [{ text: word }]).map(piece =>
    'variable' in piece
      ? `_vr_w=$_vr_w\${${piece.variable}-${piece.otherwise}}`
      : `take '${encoded(piece.text)}'; _vr_w=$_vr_w$_vr_v`,
  ),
]

type Piece = { readonly text: string } | { readonly variable: string; readonly otherwise: string }

/** As Python's os.path.expandvars() and expanduser() see it: what is not set stays as it is written. */
function piecesOf(word: string): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const match of word.matchAll(/^~(?=\/|$)|\$(?:(?<name>[A-Za-z_]\w*)|\{(?<braced>[A-Za-z_]\w*)\})/g)) {
    if (match.index > at) pieces.push({ text: word.slice(at, match.index) })
    const variable = match.groups?.name ?? match.groups?.braced ?? 'HOME'
    pieces.push({ variable, otherwise: `'${match[0]}'` })
    at = match.index + match[0].length
  }
  return at < word.length ? [...pieces, { text: word.slice(at) }] : pieces
}
