import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import {
  advance,
  becomeArgv,
  checkBecome,
  commandLine,
  type Heard,
  type Say,
  startDialogue,
} from '../../../src/runner/transport/become.ts'
import type { Become, BecomeMethod } from '../../../src/runner/transport/transport.ts'

const PROMPT = 'vfio-run-asks-00ff'
const MARKER = 'vfio-run-listens-00ff'
const out = (text: string): Heard => ({ stdout: Buffer.from(text) })
const err = (text: string): Heard => ({ stderr: Buffer.from(text) })
const exit = (exitCode: number | undefined): Heard => ({ exitCode })

const toRoot = (method: BecomeMethod, password: string | undefined = 'secret'): Become => ({
  method,
  user: 'root',
  password,
})

/** What is said after each thing heard, up to the end of the dialogue. */
function talk(heard: readonly Heard[], become: Become = toRoot('sudo')): readonly string[] {
  const said: string[] = []
  let dialogue = startDialogue('00ff', 'deploy', become)
  for (const piece of heard) {
    const [next, say] = advance(dialogue, piece)
    dialogue = next
    if (say.kind !== 'nothing') said.push(inWords(say))
    if (say.kind === 'script' || say.kind === 'give up') break
  }
  return said
}

const inWords = (say: Say): string =>
  say.kind === 'give up'
    ? say.why
    : say.kind === 'script'
      ? `script, rest ${JSON.stringify(`${say.rest}`)}`
      : say.kind

const THROUGH = 'script, rest ""'
const WRONG = 'sudo: wrong password for deploy'
const lineOf = (become: Become) => commandLine(becomeArgv(startDialogue('00ff', 'deploy', become), become))
const echoed = lineOf(toRoot('sudo'))

describe('what is said to sudo', () => {
  it.each<[string, Heard[], string[]]>([
    ['sudo does not ask: no password', [out(`${MARKER}\n`)], [THROUGH]],
    ['sudo asks: the password, then the script', [err(PROMPT), out(`${MARKER}\n`)], ['password', THROUGH]],
    ['it asks on stdout', [out(PROMPT), out(`\n${MARKER}\n`)], ['password', THROUGH]],
    [
      'after a lecture',
      [err(`With great power comes …\n\n${PROMPT}`), out(`${MARKER}\n`)],
      ['password', THROUGH],
    ],
    [
      'sudo-rs wraps the prompt',
      [err(`[sudo: ${PROMPT}] Password: `), out(`${MARKER}\n`)],
      ['password', THROUGH],
    ],
    ['after noise of a profile', [out('welcome\n'), err('motd\n'), out(`bye\n${MARKER}\n`)], [THROUGH]],
    [
      'what the shell prints behind the marker is kept',
      [out(`x${MARKER}\nab\nc`)],
      ['script, rest "ab\\nc"'],
    ],
    ['it asks twice', [err(PROMPT), err(`Sorry, try again.\n${PROMPT}`)], ['password', WRONG]],
    [
      'one try only',
      [err(PROMPT), err('sudo: 1 incorrect password attempt\n'), exit(1)],
      ['password', WRONG],
    ],
    ['the marker alone in a longer line is none', [out(`${MARKER};exec sh -s`)], []],
    ['the marker on stderr is none', [err(`${MARKER}\n`)], []],
    [
      'a login shell that echoes our command line has not asked',
      [err(`+ ${echoed}\n`), out(`${MARKER}\n`)],
      [THROUGH],
    ],
    [
      'nor has one that cannot run it',
      [err(`fish: Unknown command: sudo\n${echoed}\n`), exit(127)],
      ['fish: Unknown command: sudo'],
    ],
    [
      'silence',
      [err('hm'), { silentFor: 60 }],
      ['sudo neither asked for a password nor started a shell within 60 s: its last words were "hm"'],
    ],
    ['no word at all', [exit(1)], ['sudo ended with 1']],
    ['a signal', [exit(undefined)], ['sudo ended with a signal']],
    ['its last word', [err('first\nsudo: pam broke\n\n'), exit(1)], ['sudo: pam broke']],
    [
      'no rights',
      [err(PROMPT), err('deploy is not in the sudoers file.\nThis incident has been reported.\n'), exit(1)],
      ['password', 'deploy is not in the sudoers file.'],
    ],
    [
      'not for this command',
      [
        err(
          `Sorry, user deploy is not allowed to execute '/usr/bin/sh -c echo ${MARKER};exec sh -s' as root on vm.\n`,
        ),
        exit(1),
      ],
      ["Sorry, user deploy is not allowed to execute '/usr/bin/sh -c …' as root on vm."],
    ],
    ['no sudo', [err('sh: 1: sudo: not found\n'), exit(127)], ['sh: 1: sudo: not found']],
    [
      'no terminal',
      [err('sudo: sorry, you must have a tty to run sudo\n'), exit(1)],
      ['sudo: sorry, you must have a tty to run sudo'],
    ],
  ])('%s', (_title, heard, said) => {
    expect(talk(heard)).toEqual(said)
  })

  it('without a password, a question ends the try', () => {
    expect(talk([err(PROMPT), out(`${MARKER}\n`)], { ...toRoot('sudo'), password: undefined })).toEqual([
      'sudo asks for a password',
    ])
  })

  it('an empty password is a password', () => {
    expect(talk([err(PROMPT)], { ...toRoot('sudo'), password: '' })).toEqual(['password'])
  })

  it('pieces of any size say the same', () => {
    const whole = [err(`lecture\n${PROMPT}`), out(`noise\n${MARKER}\n`)]
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), size => {
        expect(talk(whole.flatMap(piece => cut(piece, size)))).toEqual(['password', THROUGH])
      }),
    )
  })

  it('whatever is heard, the password is said at most once, and never before the prompt', () => {
    const words = fc.constantFrom(PROMPT, MARKER, '\n', 'Sorry', echoed, PROMPT.slice(0, 9), PROMPT.slice(9))
    const heard = fc.oneof(words.map(out), words.map(err))
    fc.assert(
      fc.property(fc.array(heard), pieces => {
        const said = talk(pieces).filter(words => words === 'password')
        expect(said.length).toBeLessThanOrEqual(1)
        // Whole on one of the streams; what the other says may come between its pieces.
        const stdout = pieces.map(piece => ('stdout' in piece ? piece.stdout : '')).join('')
        const stderr = pieces.map(piece => ('stderr' in piece ? piece.stderr : '')).join('')
        if (!stdout.includes(PROMPT) && !stderr.includes(PROMPT)) expect(said).toEqual([])
      }),
    )
  })
})

const cut = (piece: Heard, size: number): Heard[] => {
  if (!('stdout' in piece) && !('stderr' in piece)) return [piece]
  const [text, wrap] = 'stdout' in piece ? [`${piece.stdout}`, out] : [`${piece.stderr}`, err]
  return (text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []).map(wrap)
}

describe('what is said to su', () => {
  it.each<[string, Heard[], string[]]>([
    ['it does not ask: no password', [out(`${MARKER}\n`)], [THROUGH]],
    [
      'it asks: the password, then the script',
      [err('Password: '), out(`${MARKER}\n`)],
      ['password', THROUGH],
    ],
    ['BusyBox asks on stdout', [out('Password: '), out(`\n${MARKER}\n`)], ['password', THROUGH]],
    [
      'the blank of its question comes late',
      [err('Password:'), err(' '), out(`${MARKER}\n`)],
      ['password', THROUGH],
    ],
    [
      'a line that ends is no question',
      [err('Password: expires in 3 days\n'), out(`${MARKER}\n`)],
      [THROUGH],
    ],
    ['a line of a profile', [out('Your password:\n'), out(`${MARKER}\n`)], [THROUGH]],
    [
      'wrong password',
      [err('Password: '), err('\nsu: Authentication failure\n'), exit(1)],
      ['password', 'su: wrong password for root'],
    ],
    [
      'wrong in BusyBox',
      [err('Password: '), err('\nsu: incorrect password\n'), exit(1)],
      ['password', 'su: wrong password for root'],
    ],
    [
      'a password that is over',
      [err('Password: '), err('You are required to change your password immediately.\nCurrent password: ')],
      ['password', 'You are required to change your password immediately.'],
    ],
    [
      'it wants another factor',
      [err('Verification code: '), { silentFor: 60 }],
      [
        'su neither asked for a password nor started a shell within 60 s: its last words were "Verification code:"',
      ],
    ],
    [
      'no such user',
      [
        err('su: user root does not exist or the user entry does not contain all the required fields\n'),
        exit(1),
      ],
      ['su: user root does not exist or the user entry does not contain all the required fields'],
    ],
    [
      'not in wheel',
      [err('Password: '), err('\nsu: Permission denied\n'), exit(1)],
      ['password', 'su: Permission denied'],
    ],
    [
      'no su',
      [err("env: 'su': No such file or directory\n"), exit(127)],
      ["env: 'su': No such file or directory"],
    ],
  ])('%s', (_title, heard, said) => {
    expect(talk(heard, toRoot('su'))).toEqual(said)
  })

  it('without a password, a question ends the try', () => {
    expect(talk([err('Password: ')], { ...toRoot('su'), password: undefined })).toEqual([
      'su asks for a password',
    ])
  })
})

describe('what is said to doas', () => {
  it.each<[string, Heard[], string[]]>([
    ['a rule with nopass', [out(`${MARKER}\n`)], [THROUGH]],
    ['a rule without it', [err('doas: Authentication required\n'), exit(1)], ['doas asks for a password']],
    ['an older one', [err('doas: Authorization required\n'), exit(1)], ['doas asks for a password']],
    ['no rule', [err('doas: Operation not permitted\n'), exit(1)], ['doas: Operation not permitted']],
    ['what looks like a question gets no answer', [err('Password: '), out(`${MARKER}\n`)], [THROUGH]],
  ])('%s', (_title, heard, said) => {
    expect(talk(heard, toRoot('doas'))).toEqual(said)
  })
})

describe('the command line', () => {
  it.each<[Become, string]>([
    [toRoot('su'), `env LC_ALL=C su -s /bin/sh -c 'echo ${MARKER};read x;exec sh -s' root`],
    [toRoot('doas'), `doas -n -u root sh -c 'echo ${MARKER};exec sh -s'`],
    [
      { ...toRoot('sudo'), exe: '/opt/bin/sudo', flags: ['-H', '-E'] },
      `/opt/bin/sudo -S -H -E -p ${PROMPT} -u root sh -c 'echo ${MARKER};exec sh -s'`,
    ],
    [
      { ...toRoot('su'), flags: ['-l'] },
      `env LC_ALL=C su -l -s /bin/sh -c 'echo ${MARKER};read x;exec sh -s' root`,
    ],
  ])('of %o', (become, line) => {
    expect(lineOf(become)).toBe(line)
  })

  it.each(['sudo -u x', '-s', 'a;b', '$(id)', ''])('refuses the program %j', exe => {
    expect(() => checkBecome('vm', { ...toRoot('sudo'), exe })).toThrow('become_exe')
  })

  it('is plain words and one quoted word, for any login shell', () => {
    expect(echoed).toBe(`sudo -S -p ${PROMPT} -u root sh -c 'echo ${MARKER};exec sh -s'`)
  })

  it.each(['root', 'www-data', '_apt', 'a.b', 'me@corp'])('takes the user %s', user => {
    expect(() => checkBecome('vm', { ...toRoot('sudo'), user })).not.toThrow()
  })

  it.each(['', '-i', 'a b', "a'b", 'a;b', '$USER', 'a\nb', '#0', '~x', '!x'])('refuses the user %j', user => {
    expect(() => checkBecome('vm', { ...toRoot('sudo'), user })).toThrow(UserError)
  })

  it.each(['secret\nid', 'secret\rid', 'secret\0', 'x'.repeat(256)])(
    'refuses a password of which sudo would leave a part to the script: %j',
    password => {
      expect(() => checkBecome('vm', toRoot('sudo', password))).toThrow('become password')
      expect(() => checkBecome('vm', toRoot('sudo', password))).not.toThrow(password)
    },
  )
})
