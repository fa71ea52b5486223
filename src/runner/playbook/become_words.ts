import { didYouMean } from '../../nearest.ts'
import { isProgram } from '../transport/become.ts'
import { BECOME_METHODS, type BecomeMethod } from '../transport/transport.ts'
import type { Entry } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import { asText, describe } from './shape.ts'
import { type Templated, templated } from './templated.ts'

/** The become words of a play, a block or a task, as far as it has them. */
export interface Become {
  readonly become?: Templated
  readonly user?: Templated
  readonly method?: Templated
  readonly exe?: Templated
  readonly flags?: Templated
}

/** What a word may be: `why` says what is wrong with it. */
export type Reading<T> = { readonly value: T } | { readonly why: string; readonly hint: string | undefined }

/** become, become_user, become_method, become_exe, become_flags; literals are checked here, templates on each host. */
export function readBecome(keys: ReadonlyMap<string, Entry>, problems: Problems): Become {
  const words = Object.entries(KEYS).flatMap(([word, key]) => {
    const node = keys.get(key)?.value
    if (node === undefined) return []
    const value = templated(node, problems)
    const isLiteral = value.templates.length === 0
    if (word === 'become') {
      if (isLiteral && typeof value.render({}) !== 'boolean')
        problems.add(node.at, `become must be true or false, not ${describe(node)}`)
    } else {
      const text = asText(node, key, problems)
      if (text === undefined) return []
      const reading = isLiteral && word === 'method' ? readMethod(text) : undefined
      if (reading && 'why' in reading) problems.add(node.at, `${key} ${reading.why}`, reading.hint)
    }
    return [[word, value] as const]
  })
  return Object.fromEntries(words)
}

const KEYS = {
  become: 'become',
  user: 'become_user',
  method: 'become_method',
  exe: 'become_exe',
  flags: 'become_flags',
} satisfies Record<keyof Become, string>

/** `sudo`, `ansible.builtin.sudo`, `community.general.doas`. */
export function readMethod(text: string): Reading<BecomeMethod> {
  const short = text.replace(/^(ansible\.(builtin|legacy)|community\.general)\./, '')
  const method = BECOME_METHODS.find(each => each === short)
  if (method) return { value: method }
  const isKnown = ANSIBLES_OTHER_METHODS.includes(short)
  return {
    why: isKnown ? `${short} is not supported` : `"${text}" is not a way to become another user`,
    hint: (isKnown ? undefined : didYouMean(short, BECOME_METHODS)) ?? 'use sudo, su or doas',
  }
}

/** `ansible-doc --type become --list`, with the collections that come with Ansible. */
const ANSIBLES_OTHER_METHODS = [
  ...['runas', 'dzdo', 'ksu', 'machinectl', 'pbrun', 'pfexec', 'pmrun', 'run0', 'sesu', 'sudosu', 'enable'],
]

export const readProgram = (text: string): Reading<string> =>
  isProgram(text)
    ? { value: text }
    : {
        why: `${JSON.stringify(text)} is not the name or the path of a program`,
        hint: 'options belong into become_flags',
      }

/** The flags that are passed on: the others are meaningless here, or would come between us and the shell. */
export function readFlags(text: string, method: BecomeMethod): Reading<readonly string[]> {
  const words = text.trim().split(/\s+/).filter(Boolean)
  const { pass, leaveOut } = FLAGS[method]
  const single = words.flatMap(word => (/^-[A-Za-z]{2,}$/.test(word) ? apart(word) : [word]))
  const shells = method === 'su' ? withoutShell(single) : single
  const odd = shells.find(word => !Object.hasOwn(pass, word) && !leaveOut.includes(word))
  if (odd === undefined)
    return { value: shells.flatMap(word => (Object.hasOwn(pass, word) ? (pass[word] ?? []) : [])) }
  const taken = [...Object.keys(pass), ...leaveOut].filter(each => !each.startsWith('--')).join(', ')
  return {
    why: `${odd} cannot be passed to ${method}`,
    hint: `scripts run in sh without a terminal; it takes ${taken}`,
  }
}

const apart = (word: string): readonly string[] => [...word.slice(1)].map(letter => `-${letter}`)

/** su gets `-s /bin/sh` from us: every script is one for sh. */
const withoutShell = (words: readonly string[]): readonly string[] =>
  words.filter((word, n) => word !== '-s' && !(words[n - 1] === '-s' && /^\/[a-z/]*\/(ba|da|)sh$/.test(word)))

const FLAGS: Readonly<
  Record<
    BecomeMethod,
    { readonly pass: Readonly<Record<string, string>>; readonly leaveOut: readonly string[] }
  >
> = {
  // -S is always passed, and -n would keep sudo from asking for the password that we have.
  sudo: {
    pass: { '-H': '-H', '--set-home': '-H', '-E': '-E', '--preserve-env': '-E', '-k': '-k' },
    leaveOut: ['-S', '--stdin', '-n', '--non-interactive'],
  },
  su: {
    pass: {
      ...{ '-': '-l', '-l': '-l', '--login': '-l' },
      ...{ '-m': '-p', '-p': '-p', '--preserve-environment': '-p' },
    },
    leaveOut: [],
  },
  doas: { pass: {}, leaveOut: ['-n'] },
}
