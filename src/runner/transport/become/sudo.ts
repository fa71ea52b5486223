import { NO_SUCH_USER, NOT_INSTALLED, type Program, WRONG_PASSWORD } from './program.ts'

/** Asks in our own words, and reads the answer from stdin. */
export const sudo: Program = {
  name: 'sudo',
  // -S: read the password from stdin, there is no terminal.
  argv: ({ prompt, marker }, { user, exe, flags }) => [
    ...([exe, '-S', ...flags, '-p', prompt, '-u', user] as const),
    ...['sh', '-c', `echo ${marker};exec sh -s`],
  ],
  afterPrompt({ prompt }, heard) {
    // fish quotes the line it cannot run, `set -x` in a profile every line: there the prompt's next word follows.
    const echoed = `${prompt} -u `
    const at = heard.replaceAll(echoed, ' '.repeat(echoed.length)).indexOf(prompt)
    return at === -1 ? undefined : heard.slice(at + prompt.length)
  },
  before: '',
  trial: 'sudo -S true',
  noPassword: {
    why: 'sudo asks for a password',
    hint: 'pass -K to be asked for it, or set ansible_become_password',
  },
  wrongPassword: ({ login }) => ({
    why: `sudo: wrong password for ${login}`,
    hint: 'run again with -K, or mend ansible_become_password',
  }),
  refusals: [
    // The password was wrong, and sudoers allows one try only.
    { says: /incorrect password attempt/, hint: WRONG_PASSWORD },
    {
      says: /is not in the sudoers file|is not allowed to|may not run sudo/,
      hint: 'give the user the right with visudo, or connect as one who has it',
    },
    { says: NOT_INSTALLED, hint: 'install sudo on the machine, or connect as root (ansible_user: root)' },
    { says: /must have a tty/, hint: 'take "Defaults requiretty" out of sudoers for this user' },
    { says: /unknown user|invalid user/, hint: NO_SUCH_USER },
  ],
}
