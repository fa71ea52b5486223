import { NO_SUCH_USER, NOT_INSTALLED, type Program, WRONG_PASSWORD } from './program.ts'

const ASKS = {
  why: 'doas asks for a password',
  hint: 'it reads one from a terminal only: write "permit nopass" for the login into /etc/doas.conf, or use become_method: su or sudo',
}

/**
 * Is never asked to ask: it opens /dev/tty for a password (OpenDoas, pam.c and shadow.c, RPP_REQUIRE_TTY), and a
 * script's bytes do not survive a terminal.
 */
export const doas: Program = {
  name: 'doas',
  argv: ({ marker }, { user, exe, flags }) => [
    ...([exe, '-n', ...flags, '-u', user] as const),
    ...['sh', '-c', `echo ${marker};exec sh -s`],
  ],
  afterPrompt: () => undefined,
  before: '',
  trial: 'doas -n true',
  noPassword: ASKS,
  wrongPassword: () => ASKS,
  refusals: [
    { says: /(Authentication|Authorization) (required|failed)|tty is required/, hint: WRONG_PASSWORD },
    { says: /Operation not permitted/, hint: 'permit it for the login in /etc/doas.conf' },
    { says: /not enabled|doas\.conf/, hint: 'write a rule for the login into /etc/doas.conf' },
    { says: /unknown user/, hint: NO_SUCH_USER },
    { says: NOT_INSTALLED, hint: 'install doas on the machine, or connect as root (ansible_user: root)' },
  ],
}
