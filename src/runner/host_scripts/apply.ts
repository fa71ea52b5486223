import { base64FromBytes, bytesFromText } from '../../host/bytes.ts'
import { type Argv, type Change, editsOf, type FileEdit, pathsOf } from '../../host/change.ts'
import { sha256 } from '../../host/digest.ts'
import { STAMPS } from '../../host/facts/journal.ts'
import type { Gather } from '../../host/gather.ts'
import { hostScript } from '../../host/script.ts'
import type { Plan } from '../plan.ts'
import { BIND_FUNCTIONS, bindDevice, checkDevice } from './bind.ts'
import { LOCK_FUNCTIONS } from './lock.ts'
import { shellQuote } from './quote.ts'

export interface ApplyOptions {
  readonly nonce: string
  /** Names the run in lock and journal; the segment counts the applies of it on this host. */
  readonly run: string
  readonly segment: number
  /** Seconds after which the lock may be taken from us. */
  readonly lockFor: number
  /** user@controller, for those who find the lock held. */
  readonly who: string
  /** Give the lock back at the end: no reboot follows. */
  readonly release: boolean
}

/**
 * The one script that changes a host. It takes the lock, checks that every file is as it was seen, keeps the
 * originals in the journal, writes, rebuilds, and prints a new look at everything. A step that fails puts all files
 * back. The work runs in a session of its own, ignores hang-up, and writes what it says to the journal too: when the
 * connection goes, it goes on, and its end can be read later (attachScript).
 */
export function applyScript(plan: Plan, look: Gather, options: ApplyOptions): string {
  const inner = hostScript(
    `${look.body.functions}\n${STEP_FUNCTIONS(options.nonce)}\n${LOCK_FUNCTIONS}\n${STAMPS}`,
    innerCommands(plan, look, options),
  )
  return hostScript(
    `${say(options.nonce)}\n${LOCK_FUNCTIONS}`,
    `take_lock ${options.run} ${options.lockFor} ${shellQuote(options.who)} || { if [ -n "$held" ]; then say_out locked "$held"; else say_out failed "cannot write to $state (read-only or full?)"; fi; exit 75; }
dir=$state/runs/${options.run}.${options.segment}
mkdir -p "$state/runs" && mkdir "$dir" && : >"$dir/events" || { say_out failed "cannot write to $dir"; free_lock ${options.run}; exit 1; }
printf '%s' '${base64FromBytes(bytesFromText(inner))}' | base64 -d >"$dir/apply.sh" || { say_out failed "cannot write to $dir (is the disk full?)"; rm -rf -- "$dir"; free_lock ${options.run}; exit 1; }
if command -v setsid >/dev/null; then setsid sh "$dir/apply.sh" & else sh "$dir/apply.sh" & fi
wait $!`,
  )
}

/**
 * Reads what an apply has said, and waits for its end: for the runner that lost its connection. Whoever makes the
 * run's folder first has the say: where this one does, the apply has not begun, and never will.
 */
export function attachScript(options: Pick<ApplyOptions, 'nonce' | 'run' | 'segment'>): string {
  return hostScript(
    say(options.nonce),
    `nap() { sleep 0.1 2>/dev/null || sleep 1; }
dir=$state/runs/${options.run}.${options.segment}
mkdir -p "$state/runs" && chmod 700 "$state"
if mkdir "$dir" 2>/dev/null; then : >"$dir/absent"; fi
if [ -f "$dir/absent" ] || [ ! -d "$dir" ]; then say_out absent ''; exit 0; fi
n=0
until [ -s "$dir/pid" ] || [ -f "$dir/result" ] || [ "$n" -eq 50 ]; do n=$((n + 1)); nap; done
read -r p <"$dir/pid" || p=
while [ ! -f "$dir/result" ] && [ -n "$p" ] && kill -0 "$p" 2>/dev/null; do nap; done
cat "$dir/events"
[ -f "$dir/result" ] || say_out failed 'the script on the host was ended before it was done'`,
  )
}

/** `say_out` prints a frame; where nobody listens any more that must not end the script. */
const say = (nonce: string): string =>
  `say_out() { printf '\\n@${nonce} %s %s\\n%s\\n' "$1" "\${#2}" "$2" 2>/dev/null || :; }`

/** Argument order is what the lines of innerCommands write. */
const STEP_FUNCTIONS = (nonce: string): string => `${say(nonce)}
${BIND_FUNCTIONS}
say() { say_out "$1" "$2"; printf '\\n@${nonce} %s %s\\n%s\\n' "$1" "\${#2}" "$2" >>"$dir/events"; }
sha_of() { if [ -e "$1" ]; then sha256sum <"$1" | cut -c1-64; else echo absent; fi; }
end() { # ok|failed WHY
  [ "$1" = ok ] || put_back
  rm -f -- "$dir/apply.sh" "$dir/pid" "$dir/rc" "$dir/df" "$dir/space" "$dir/made" "$dir/told" "$dir/refused"
  drop_kept "$1"
  say "$1" "$2"
  printf '%s\\n' "$1" >"$dir/result"
}
fail() { end failed "$1"; free_lock "$run"; exit 1; }
target_of() { p=$root$1; [ -L "$p" ] && p=$(readlink -f -- "$p"); printf '%s' "$p"; }
check() { # PATH SHA [PROGRAM, which was to leave it so]; a link to /dev/null would have /dev/null replaced
  p=$(target_of "$1"); if [ -e "$p" ] && [ ! -f "$p" ]; then fail "$1 leads to $p, which is not a regular file: it is not written to"; fi
  [ "$(sha_of "$(target_of "$1")")" = "$2" ] && return
  [ -z "\${3-}" ] || fail "$3 made something else of $1 than was foreseen; nothing is written over that"
  fail "$1 was changed by someone else since it was looked at; nothing of that is overwritten"
}
keep() { # N PATH: the original goes to the journal before anything touches it; what later steps find there is none
  if [ -f "$dir/manifest" ]; then while read -r n q; do if [ "$q" = "$2" ]; then return 0; fi; done <"$dir/manifest"; fi
  p=$(target_of "$2")
  if [ -e "$p" ]; then cp -p -- "$p" "$dir/$1.original" || fail "cannot keep the original of $2 in $dir"; fi
  printf '%s %s\\n' "$1" "$2" >>"$dir/manifest" || fail "cannot keep the original of $2 in $dir"
}
safe_folder() {
  [ -d "$1" ] || { mkdir -p -- "$1" && chmod 755 "$1"; } || return 1
  case $(stat -L -c %a -- "$1") in *[2367]) return 1;; esac
}
put_file() { # PATH TEMPORARY: flushed to disk, then renamed over
  sync "$2" 2>/dev/null || sync
  mv -f -- "$2" "$1" && { sync "\${1%/*}" 2>/dev/null || sync; }
}
is_already() { [ "$(sha_of "$(target_of "$1")")" = "$2" ]; } # a program's own undoing may have put it back
write_file() { # N PATH SHA-BEFORE SHA-AFTER BASE64 PROGRAM [MODE OWNER GROUP]
  [ -z "\${7-}\${8-}\${9-}" ] && is_already "$2" "$4" && return
  check "$2" "$3" "\${6-}"
  p=$(target_of "$2"); f=\${p%/*}; t=$f/.vfio-run.$run.$1
  safe_folder "$f" || fail "$f cannot be written to safely: others may write there too, or it cannot be made"
  keep "$1" "$2"
  (set -C; : >"$t") 2>/dev/null || fail "cannot create a file in $f (read-only or full?)"
  if [ -e "$p" ]; then
    cp -p -- "$p" "$t" || { rm -f -- "$t"; fail "cannot copy $2 within $f (disk full?)"; }
    chcon --reference="$p" -- "$t" 2>/dev/null || :
  else chmod 644 "$t" || { rm -f -- "$t"; fail "cannot set the mode of $2"; }; fi
  # What is to be read by few is never to be read by others, not for a moment.
  m=; if [ -n "\${7-}\${8-}\${9-}" ]; then m=\${7:-$(stat -c %a -- "$t")}; chmod 600 "$t"; fi
  if printf '%s' "$5" | base64 -d >"$t" && [ "$(sha_of "$t")" = "$4" ] && give_attributes "$t" "$2" "\${8-}" "\${9-}" "$m" && put_file "$p" "$t"; then say wrote "$2"
  else rm -f -- "$t"; fail "cannot write $2 (disk full?)"; fi
}
give_attributes() { # FILE PATH OWNER GROUP MODE: chown(2) takes setuid bits away, so that the mode comes last
  [ -z "$3" ] || chown -- "$3" "$1" 2>/dev/null || { rm -f -- "$1"; fail "cannot give $2 to the user $3 (is there one?)"; }
  [ -z "$4" ] || chgrp -- "$4" "$1" 2>/dev/null || { rm -f -- "$1"; fail "cannot give $2 to the group $4 (is there one?)"; }
  [ -z "$5" ] || chmod "$5" "$1"
}
remove_file() { # N PATH SHA-BEFORE [PROGRAM]
  is_already "$2" absent && return
  check "$2" "$3" "\${4-}"; keep "$1" "$2"
  rm -f -- "$(target_of "$2")" || fail "cannot remove $2"
  say removed "$2"
}
sweep() { # PATH: what a run that was killed has left beside it; we hold the lock, so that nobody is at work there
  p=$(target_of "$1")
  for f in "\${p%/*}"/.vfio-run.*; do if [ -f "$f" ]; then rm -f -- "$f"; fi; done
}
sweep_tmp() { # looks unpack images there; one of them may be at work now
  find "$root/var/tmp" -maxdepth 1 -type d -name '.vfio-run.*' -mtime +0 2>/dev/null |
    while IFS= read -r f; do if [ -O "$f" ]; then rm -rf -- "$f"; fi; done
}
aside() { # N PATH: what a command will write; a copy, as some write over the same inode (dracut: cp(1))
  p=$(target_of "$2")
  for f in "$p" "$p.new" "$p.tmp"; do [ -e "$f" ] || printf '%s\\n' "$f" >>"$dir/made" || fail "cannot write to $dir (is the disk full?)"; done
  [ -e "$p" ] || return 0
  for k in "$dir/$1.kept" "\${p%/*}/.vfio-run.$run.kept.$1" ''; do
    [ -n "$k" ] || fail "cannot keep $2 aside (disk full?)"
    cp -p -- "$p" "$k" 2>/dev/null && break
    rm -f -- "$k"
  done
  printf '%s %s\\n' "$k" "$p" >>"$dir/kept" || { rm -f -- "$k"; fail "cannot keep $2 aside (disk full?)"; }
  if i=$(stat -c '%d %s' -- "$p"); then printf '%s %s\\n' "$i" "\${p%/*}" >>"$dir/space"; fi
}
check_space() { # the largest new file of each file system is made beside the old one
  [ -f "$dir/space" ] || return 0
  for d in $(cut -d ' ' -f 1 "$dir/space" | sort -u); do
    largest=0
    while read -r device s folder; do
      if [ "$device" = "$d" ]; then f=$folder; [ "$s" -le "$largest" ] || largest=$s; fi
    done <"$dir/space"
    need_space "$f" $(((largest + 1023) / 1024))
  done
}
need_space() { # FOLDER KB
  # Not the column of what is available: root may use what is reserved, too.
  df -P -k -- "$1" >"$dir/df" 2>/dev/null && { read -r l; read -r l size used l l at; } <"$dir/df" || return 0
  case $size$used in '' | *[!0-9]*) return 0;; esac
  free=$((size - used))
  [ "$free" -ge "$2" ] || fail "$at has $((free / 1024)) MB free, and what is rebuilt there needs about $((($2 + 1023) / 1024)) MB: make room there, for example by removing old kernels"
}
ran=
run_command() { # WHAT ARGV…
  what=$1; ran=1; shift
  say run "$what"
  # Files that their hooks make are for others to read, too.
  { (umask 022; "$@") 2>&1; echo $? >"$dir/rc"; } </dev/null | { trap : PIPE; while IFS= read -r l || [ -n "$l" ]; do say line "$l"; done; }
  read -r rc <"$dir/rc" || rc=1
  [ "$rc" = 0 ] || fail "$what failed with exit code $rc"
}
undos=
run_program() { # N WHAT UNDO ARGV…: it edits files of its own; UNDO, where not empty, is a command line of ours
  if [ -n "$3" ]; then
    printf '%s\\n' "$3" >"$dir/$1.undo" || fail "cannot keep in $dir how to undo $2"
    undos="$1 $undos"
  fi
  what=$2; shift 3
  run_command "$what" "$@"
}
put_back() { # devices and programs' own undoing first, that of the last one before the others; files that were not there go
  for n in $bound; do rebind "$n"; done
  for n in $undos; do sh "$dir/$n.undo" >/dev/null 2>&1 </dev/null || say unrestored "$(cat "$dir/$n.undo")"; done
  if [ -n "$ran" ] && [ -f "$dir/made" ]; then while IFS= read -r p; do
    if [ -f "$p" ]; then rm -f -- "$p" || say unrestored "$p"; fi
  done <"$dir/made"; fi
  if [ -f "$dir/kept" ]; then while read -r k p; do
    cmp -s -- "$k" "$p" || give_back "$k" "$p" || say unrestored "$p"
  done <"$dir/kept"; fi
  if [ -f "$dir/manifest" ]; then while read -r n q; do
    p=$(target_of "$q")
    if [ -e "$dir/$n.original" ]; then give_back "$dir/$n.original" "$p" || say unrestored "$q"
    else rm -f -- "$p" || say unrestored "$q"; fi
    say restored "$q"
  done <"$dir/manifest"; fi
  [ -z "$ran" ] || copy_again
}
give_back() { # ORIGINAL PATH: renamed over it, so that it is never half; where there is no room beside it, in its place
  b=\${2%/*}/.vfio-run.$run.back
  if cp -p -- "$1" "$b" 2>/dev/null && put_file "$2" "$b"; then return 0; fi
  rm -f -- "$b"
  cp -p -- "$1" "$2" 2>/dev/null
  sync "$2" 2>/dev/null || sync
  cmp -s -- "$1" "$2"
}
copied_by() { # WHAT ARGV…: makes copies that nobody but it reaches, of what is put back
  what=$1; shift
  say run "$what"
  (umask 022; "$@") >/dev/null 2>&1 </dev/null || say unrestored "what $what makes (run it by hand)"
}
drop_kept() { # but what could not be put back
  [ -f "$dir/kept" ] || return 0
  left=
  while read -r k p; do
    if [ "$1" = ok ] || cmp -s -- "$k" "$p"; then rm -f -- "$k"; else left=1; fi
  done <"$dir/kept"
  [ -n "$left" ] || rm -f -- "$dir/kept"
}`

function innerCommands(plan: Plan, look: Gather, { run, segment, release }: ApplyOptions): string {
  const writes = [...new Set([...plan.rebuilds.flatMap(rebuild => rebuild.writes), ...plan.keeps])]
  const makesImages = plan.rebuilds.some(({ kind }) => kind === 'initramfs')
  return [
    `run=${run}; dir=$state/runs/${run}.${segment}`,
    // Caught, not ignored: programs that we start must see their own broken pipes (exec resets caught signals only).
    "trap '' HUP INT; trap : PIPE TERM; ignores_hangup=1",
    'cd /; echo $$ >"$dir/pid"',
    `copy_again() {\n${[':', ...plan.restoredBy.map(argv => `copied_by ${commandWords(argv)}`)].join('\n')}\n}`,
    ...firstEdits(plan).map(edit => `check ${shellQuote(edit.path)} ${shaBefore(edit)}`),
    ...firstBinds(plan).map(checkDevice),
    ...[...pathsOf(plan.changes), ...writes].map(path => `sweep ${shellQuote(path)}`),
    'sweep_tmp',
    ...writes.map((path, n) => `aside ${n} ${shellQuote(path)}`),
    'check_space',
    ...plan.changes.flatMap((change, n) => step(change, n, plan.changes.slice(0, n))),
    ...plan.rebuilds.flatMap(({ commands }) => commands.map(argv => `run_command ${commandWords(argv)}`)),
    ...(makesImages ? ['say run "read the images back"', 'remember_images'] : ['remember_images new']),
    ': >"$state/rebuilt"',
    ...plan.rebuilds.map(
      ({ fingerprint, writes }) =>
        `paths=${shellQuote(writes.join(' '))}; echo "${fingerprint} $(stamps_of $paths) $paths" >>"$state/rebuilt"`,
    ),
    ...(release ? [`free_lock ${run}`] : []),
    "end ok ''",
    look.body.commands,
  ].join('\n')
}

/** What the user sees of a command, and its words. */
const commandWords = (argv: Argv): string => `${shellQuote(argv.join(' '))} ${argv.map(shellQuote).join(' ')}`

/** Of each file the first edit: what comes later counts on it. */
function firstEdits(plan: Plan): FileEdit[] {
  const edits = plan.changes.flatMap(editsOf)
  return edits.filter(({ path }, n) => edits.findIndex(edit => edit.path === path) === n)
}

/** The same of devices. */
function firstBinds(plan: Plan): Extract<Change, { kind: 'bind' }>[] {
  const binds = plan.changes.filter(change => change.kind === 'bind')
  return binds.filter(({ address }, n) => binds.findIndex(bind => bind.address === address) === n)
}

const shaBefore = ({ before }: FileEdit): string => (before === undefined ? 'absent' : sha256(before))

function step(change: Change, n: number, earlier: readonly Change[]): string[] {
  if (change.kind === 'run') return runSteps(change, n)
  if (change.kind === 'bind') return [bindDevice(change, n)]
  const path = shellQuote(change.path)
  const program = shellQuote(programBefore(change.path, earlier))
  if (change.kind === 'remove')
    return [`remove_file ${n} ${path} ${shaBefore({ ...change, after: undefined })} ${program}`]
  const { mode = '', owner = '', group = '' } = change
  const attributes = mode + owner + group === '' ? [] : [mode, owner, group].map(shellQuote)
  const words = [
    n,
    path,
    shaBefore(change),
    sha256(change.after),
    `'${base64FromBytes(change.after)}'`,
    program,
  ]
  return [['write_file', ...words, ...attributes].join(' ')]
}

/** The program that was the last to edit a file, where nothing else of ours has since; '' where none was. */
function programBefore(path: string, earlier: readonly Change[]): string {
  const last = earlier.findLast(change => editsOf(change).some(edit => edit.path === path))
  return last?.kind === 'run' ? last.argv.join(' ') : ''
}

/** The originals of all that it writes are in the journal before it starts. */
const runSteps = ({ argv, edits, undo }: Extract<Change, { kind: 'run' }>, n: number): string[] => [
  ...edits.map(({ path }, i) => `keep ${n}.${i} ${shellQuote(path)}`),
  `run_program ${n} ${shellQuote(argv.join(' '))} ${shellQuote(undo?.map(shellQuote).join(' ') ?? '')} ${argv.map(shellQuote).join(' ')}`,
]
