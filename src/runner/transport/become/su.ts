import { NO_SUCH_USER, NOT_INSTALLED, type Program, WRONG_PASSWORD } from './program.ts'

/**
 * Asks in PAM's words, which LC_ALL=C keeps to English, and reads the answer from stdin where there is no terminal
 * (Linux-PAM, libpam_misc/misc_conv.c; BusyBox, libbb/bb_askpass.c). It asks for the password of the other user.
 */
export const su: Program = {
  name: 'su',
  // -s: root's own shell may be fish or csh, and that of a service none at all. su takes it where it may.
  argv: ({ marker }, { user, exe, flags }) => [
    ...(['env', 'LC_ALL=C', exe, ...flags, '-s', '/bin/sh'] as const),
    ...['-c', `echo ${marker};read x;exec sh -s`, user],
  ],
  // A question waits for its answer: nothing follows it on its line.
  afterPrompt: (_, heard) => (/password[^\n:]*: ?$/i.test(heard) ? '' : undefined),
  // The line for `read`: a password that a chatty profile has drawn out of us would go there, not to the shell.
  before: '\n',
  trial: 'su -c true',
  noPassword: {
    why: 'su asks for a password',
    hint: 'pass -K to be asked for it, or set ansible_become_password: the one of become_user, not of the login',
  },
  wrongPassword: ({ user }) => ({
    why: `su: wrong password for ${user}`,
    hint: `su asks for the password that ${user} has, not the login; run again with -K, or mend ansible_become_password`,
  }),
  refusals: [
    {
      says: /required to change your password|password (has )?expired|account (has )?expired/i,
      hint: 'log in and change it, or use become_method: sudo',
    },
    { says: /does not exist|No passwd entry|unknown user/, hint: NO_SUCH_USER },
    {
      says: /must be run from a terminal/,
      hint: 'this su takes no password from us: use become_method: sudo',
    },
    {
      says: /account is currently not available/,
      hint: 'the user has no login shell: use become_method: sudo',
    },
    {
      says: /Permission denied/,
      hint: 'its PAM rules (/etc/pam.d/su) keep the login out: it may have to be in the group wheel',
    },
    { says: /Authentication failure|incorrect password/, hint: WRONG_PASSWORD },
    { says: NOT_INSTALLED, hint: 'install su on the machine, or connect as root (ansible_user: root)' },
  ],
}
