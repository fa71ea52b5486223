import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The programs that a script finds in a sandbox: the stand-ins, and what every distribution has of those that do not
 * care which machine they run on. Not the rest of the machine that the tests run on: a program there that looks at
 * its hardware would answer for it, and a loader's or generator's tool make the sandbox another distribution.
 * @param distribution Shell scripts by name, or `true` for the one that is in stand_ins/.
 * @returns a value for PATH.
 */
export function installPrograms(folder: string, distribution: Programs): string {
  const standIns = join(folder, 'stand_ins')
  const programs = join(folder, 'programs')
  installStandIns(standIns, { ...EVERYWHERE, ...distribution })
  linkPrograms(
    programs,
    ORDINARY.filter(name => !(name in EVERYWHERE || name in distribution)),
  )
  return `${standIns}:${programs}`
}

const SOURCES = join(import.meta.dirname, 'stand_ins')

/** Name → the text of the program, or `true` for that of stand_ins/NAME.sh. */
export type Programs = Readonly<Record<string, string | true>>

/** Those of any machine, whatever is installed on it. */
const EVERYWHERE: Programs = {
  dmesg: true,
  id: true,
  journalctl: true,
  reboot: true,
  shutdown: true,
  sudo: true,
  systemctl: true,
  uname: true,
}

/** Copied, not linked: whether a checkout keeps executable bits is not ours to say. */
function installStandIns(folder: string, programs: Programs): void {
  mkdirSync(folder)
  copyFileSync(join(SOURCES, 'common.sh'), join(folder, '.common'))
  for (const [name, text] of Object.entries(programs)) {
    if (text === true) copyFileSync(join(SOURCES, `${name}.sh`), join(folder, name))
    else writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o755)
  }
}

/** Those that this machine has not are not there. */
function linkPrograms(folder: string, names: readonly string[]): void {
  mkdirSync(folder)
  for (const name of names) {
    const found = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']
      .map(place => join(place, name))
      .find(path => existsSync(path))
    if (found !== undefined) symlinkSync(found, join(folder, name))
  }
}

const ORDINARY = [
  // coreutils
  ...'[ b2sum base32 base64 basename cat chcon chgrp chmod chown cksum comm cp csplit cut date dd df dir dirname'.split(
    ' ',
  ),
  ...'du echo env expand expr factor false fmt fold head install join link ln logname ls md5sum mkdir mkfifo'.split(
    ' ',
  ),
  ...'mktemp mv nice nl nohup nproc numfmt od paste pathchk pinky pr printenv printf pwd readlink realpath rm'.split(
    ' ',
  ),
  ...'rmdir seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty'.split(
    ' ',
  ),
  ...'sum sync tac tail tee test timeout touch tr true truncate tsort tty unexpand uniq unlink vdir wc yes'.split(
    ' ',
  ),
  // shells, and the other essential packages
  ...'sh dash bash awk mawk gawk cmp diff egrep fgrep find flock getopt grep gunzip gzip kill logger'.split(
    ' ',
  ),
  ...'run-parts sed setsid tar which xargs xz zcat zstd'.split(' '),
]
