import { distance } from 'fastest-levenshtein'

/**
 * Variables that Ansible itself reads
 * (https://docs.ansible.com/ansible/latest/reference_appendices/special_variables.html and the ssh connection's page).
 */
export const ANSIBLE_VARIABLES: Readonly<
  Record<'connection' | 'become' | 'ordering' | 'meaningless', readonly string[]>
> = {
  /** How to reach a host: the same for all plays of a run. */
  connection: [
    'ansible_connection',
    'ansible_host',
    'ansible_port',
    'ansible_user',
    'ansible_ssh_private_key_file',
    'ansible_private_key_file',
    'ansible_timeout',
    'ansible_ssh_timeout',
    'ansible_ssh_host',
    'ansible_ssh_port',
    'ansible_ssh_user',
    'ansible_password',
    'ansible_ssh_pass',
    'ansible_ssh_password',
    'ansible_ssh_args',
    'ansible_ssh_common_args',
    'ansible_ssh_extra_args',
    'ansible_host_key_checking',
    'ansible_ssh_host_key_checking',
  ],
  become: [
    'ansible_become',
    'ansible_become_user',
    'ansible_become_method',
    'ansible_become_exe',
    'ansible_become_flags',
    'ansible_become_password',
    'ansible_become_pass',
    ...['sudo', 'su', 'doas'].flatMap(method =>
      ['user', 'exe', 'flags', 'pass'].map(option => `ansible_${method}_${option}`),
    ),
  ],
  ordering: ['ansible_group_priority'],
  /** Accepted and ignored: we need no Python on the host, and are always pipelined. */
  meaningless: [
    'ansible_python_interpreter',
    'ansible_pipelining',
    'ansible_ssh_pipelining',
    'ansible_remote_tmp',
  ],
}

/** Those that would have an effect in Ansible and cannot have one here: what to do instead. */
export const REFUSED_VARIABLES: Readonly<Record<string, string>> = {
  ansible_scp_extra_args: 'leave it out: neither scp nor sftp is used',
  ansible_sftp_extra_args: 'leave it out: neither scp nor sftp is used',
  ansible_shell_executable: 'leave it out: scripts run in sh',
  ansible_shell_type: 'leave it out: scripts run in sh',
  ansible_ssh_executable: 'leave it out: ansible_connection: openssh runs ssh',
  ansible_ssh_pkcs11_provider: 'set ansible_connection: openssh, and PKCS11Provider in ~/.ssh/config',
}

/** Slips of the fingers; a name farther off is a variable of the user's own. */
const NEAR = 2

/** Why a name that begins with ansible_ cannot be set. */
export function judgeAnsibleName(name: string): { why: string; hint?: string } | undefined {
  if (!name.startsWith('ansible_')) return undefined
  const instead = Object.hasOwn(REFUSED_VARIABLES, name) ? REFUSED_VARIABLES[name] : undefined
  if (instead !== undefined) return { why: `${name} is not supported: nothing would read it`, hint: instead }
  const known = Object.values(ANSIBLE_VARIABLES).flat()
  const near = known.includes(name) ? undefined : known.find(each => distance(name, each) <= NEAR)
  return near ? { why: `unknown variable "${name}"`, hint: `did you mean "${near}"?` } : undefined
}
