import { UserError } from '../errors.ts'
import { readAnsibleCfg } from './ansible_cfg/file.ts'
import { type IniEntry, parseIni } from './ansible_cfg/ini.ts'
import {
  asCount,
  asPath,
  asPaths,
  asSwitch,
  asText,
  asWords,
  oneOf,
  placeOf,
  type Read,
  type Surroundings,
  type Written,
} from './ansible_cfg/readings.ts'
import { readMethod } from './playbook/become_words.ts'

/**
 * What ansible.cfg and the environment say, as far as it is honoured: the environment over the file, both under the
 * command line. Throws UserError where a setting cannot be understood.
 */
export function readAnsibleConfiguration(
  env: Surroundings['env'],
  cwd: string,
  home: string,
): AnsibleConfiguration {
  const surroundings = { env, cwd, home }
  const { path, text, warnings } = readAnsibleCfg(surroundings)
  const entries = path === undefined ? [] : parseIni(text, path)
  const settings = Object.entries(SETTINGS).flatMap(([name, setting]) => {
    const written = writtenIn(setting, env, entries)
    return written ? [[name, { value: setting.read(written, surroundings), from: placeOf(written.at) }]] : []
  })
  return { ...Object.fromEntries(settings), path, warnings, ignored: ignoredIn(env, entries) }
}

/** A value, and where it is set: file:line:column, or a variable's name. */
export interface Setting<T> {
  readonly value: T
  readonly from: string
}

export type AnsibleConfiguration = {
  readonly [Name in keyof typeof SETTINGS]?: Setting<ReturnType<(typeof SETTINGS)[Name]['read']>>
} & {
  /** The file that was read. */
  readonly path: string | undefined
  /** Sentences for people. */
  readonly warnings: readonly string[]
  /** `[section] key`, and names of variables. */
  readonly ignored: readonly string[]
}

/** One line that names all that has no effect; undefined where everything has one. */
export const ignoredLine = ({ path, ignored }: AnsibleConfiguration): string | undefined =>
  ignored.length === 0
    ? undefined
    : `${path ?? 'the environment'}: these settings of Ansible have no effect here: ${ignored.join(', ')}`

/** Throws UserError where Ansible is told to trust every host key, and we are not told which to trust instead. */
export function refuseUncheckedHostKeys(
  { hostKeyChecking }: AnsibleConfiguration,
  acceptNewHostKeys: boolean,
): void {
  if (hostKeyChecking?.value !== false || acceptNewHostKeys) return
  throw new UserError({
    where: hostKeyChecking.from,
    why: 'host keys are always checked: host_key_checking cannot be turned off',
    hint: 'pass --accept-new-host-keys: it adds unknown keys to known_hosts, and refuses changed ones',
  })
}

interface Source<T> {
  readonly keys: readonly `[${string}] ${string}`[]
  /** Of several that are set, the last one counts (config/manager.py, _loop_entries). */
  readonly env: readonly string[]
  readonly read: Read<T>
}

const setting = <T>(read: Read<T>, keys: Source<T>['keys'], env: readonly string[]): Source<T> => ({
  read,
  keys,
  env,
})

/** ansible/ansible, lib/ansible/config/base.yml and plugins/connection/ssh.py */
const SETTINGS = {
  inventory: setting(asPaths, ['[defaults] inventory'], ['ANSIBLE_INVENTORY']),
  remoteUser: setting(asText, ['[defaults] remote_user'], ['ANSIBLE_REMOTE_USER']),
  privateKeyFile: setting(asPath, ['[defaults] private_key_file'], ['ANSIBLE_PRIVATE_KEY_FILE']),
  forks: setting(asCount, ['[defaults] forks'], ['ANSIBLE_FORKS']),
  timeout: setting(
    asCount,
    ['[defaults] timeout', '[ssh_connection] timeout'],
    ['ANSIBLE_TIMEOUT', 'ANSIBLE_SSH_TIMEOUT'],
  ),
  hostKeyChecking: setting(
    asSwitch,
    ['[defaults] host_key_checking', '[ssh_connection] host_key_checking'],
    ['ANSIBLE_HOST_KEY_CHECKING', 'ANSIBLE_SSH_HOST_KEY_CHECKING'],
  ),
  vaultPasswordFile: setting(asPath, ['[defaults] vault_password_file'], ['ANSIBLE_VAULT_PASSWORD_FILE']),
  /** `label@file`, as --vault-id takes them. */
  vaultIdentities: setting(asWords, ['[defaults] vault_identity_list'], ['ANSIBLE_VAULT_IDENTITY_LIST']),
  askVaultPass: setting(asSwitch, ['[defaults] ask_vault_pass'], ['ANSIBLE_ASK_VAULT_PASS']),
  forceHandlers: setting(asSwitch, ['[defaults] force_handlers'], ['ANSIBLE_FORCE_HANDLERS']),
  tags: setting(asWords, ['[tags] run'], ['ANSIBLE_RUN_TAGS']),
  skipTags: setting(asWords, ['[tags] skip'], ['ANSIBLE_SKIP_TAGS']),
  diff: setting(asSwitch, ['[diff] always'], ['ANSIBLE_DIFF_ALWAYS']),
  noColor: setting(asSwitch, ['[defaults] nocolor'], ['ANSIBLE_NOCOLOR']),
  forceColor: setting(asSwitch, ['[defaults] force_color'], ['ANSIBLE_FORCE_COLOR']),
  become: setting(asSwitch, ['[privilege_escalation] become'], ['ANSIBLE_BECOME']),
  becomeMethod: setting(
    oneOf(readMethod),
    ['[privilege_escalation] become_method'],
    ['ANSIBLE_BECOME_METHOD'],
  ),
  becomeUser: setting(asText, ['[privilege_escalation] become_user'], ['ANSIBLE_BECOME_USER']),
  becomeAskPass: setting(asSwitch, ['[privilege_escalation] become_ask_pass'], ['ANSIBLE_BECOME_ASK_PASS']),
  becomePasswordFile: setting(asPath, ['[defaults] become_password_file'], ['ANSIBLE_BECOME_PASSWORD_FILE']),
  sshArgs: setting(asText, ['[ssh_connection] ssh_args'], ['ANSIBLE_SSH_ARGS']),
  sshCommonArgs: setting(asText, ['[ssh_connection] ssh_common_args'], ['ANSIBLE_SSH_COMMON_ARGS']),
  sshExtraArgs: setting(asText, ['[ssh_connection] ssh_extra_args'], ['ANSIBLE_SSH_EXTRA_ARGS']),
}

/** What is honoured, as `[section] key` and as names of variables: the documentation lists it. */
export const HONOURED: readonly { readonly keys: readonly string[]; readonly env: readonly string[] }[] =
  Object.values(SETTINGS)

function writtenIn(
  { keys, env: names }: Source<unknown>,
  env: Surroundings['env'],
  entries: readonly IniEntry[],
): Written | undefined {
  // An empty variable is how a shell takes one back.
  const name = names.findLast(each => env[each])
  if (name !== undefined) return { text: env[name] ?? '', what: name, at: name }
  const entry = keys
    .flatMap(key => entries.filter(each => titleOf(each) === key))
    .findLast(({ value }) => value !== '')
  return entry && { text: entry.value, what: entry.key, at: entry.at }
}

const titleOf = ({ section, key }: IniEntry): string => `[${section}] ${key}`

function ignoredIn(env: Surroundings['env'], entries: readonly IniEntry[]): readonly string[] {
  const sources: readonly Source<unknown>[] = Object.values(SETTINGS)
  const keys = new Set<string>(sources.flatMap(source => source.keys))
  const names = new Set(['ANSIBLE_CONFIG', 'ANSIBLE_BECOME_PASS', ...sources.flatMap(source => source.env)])
  return [
    ...entries.map(titleOf).filter(title => !keys.has(title)),
    ...Object.keys(env)
      .filter(name => name.startsWith('ANSIBLE_') && !names.has(name))
      .toSorted(),
  ]
}
