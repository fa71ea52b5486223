import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A folder for PATH with a `sudo` that plays one of sudo's dialogues: FAKE_SUDO names it
 * (by_user: the user's name does, as in asks-user), FAKE_PASSWORD is right.
 */
export async function fakeSudo(): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'vfio-run-sudo-'))
  await writeFile(join(folder, 'sudo'), SUDO)
  await chmod(join(folder, 'sudo'), 0o755)
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

// `exec` without a change of user: who runs the script is no matter of the dialogue.
const SUDO = `#!/bin/sh
while getopts Sp:u: flag; do
  case $flag in
    p) prompt=$OPTARG ;;
    u) FAKE_USER=$OPTARG; export FAKE_USER ;;
  esac
done
shift $((OPTIND - 1))
[ "$FAKE_SUDO" = by_user ] && FAKE_SUDO=\${FAKE_USER%-user}
ask() { printf %s "$prompt" >&2; IFS= read -r answer || exit 1; }
case $FAKE_SUDO in
  silent) ;;
  asks)
    echo 'We trust you have received the usual lecture.' >&2
    ask
    tries=1
    while [ "$answer" != "$FAKE_PASSWORD" ]; do
      [ $tries = 3 ] && { echo 'sudo: 3 incorrect password attempts' >&2; exit 1; }
      echo 'Sorry, try again.' >&2
      ask
      tries=$((tries + 1))
    done ;;
  one_try)
    ask
    [ "$answer" = "$FAKE_PASSWORD" ] || { echo 'sudo: 1 incorrect password attempt' >&2; exit 1; } ;;
  no_rights)
    ask
    echo 'deploy is not in the sudoers file.' >&2
    echo 'This incident has been reported to the administrator.' >&2
    exit 1 ;;
  no_tty) echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1 ;;
esac
exec "$@"
`
