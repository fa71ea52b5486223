import type { Difference } from '../differences.ts'

/** A difference that one load shows: what is told of these files. */
export interface ShownDifference extends Difference {
  readonly files?: Readonly<Record<string, string>>
  readonly told?: RegExp
}

const EMPTY = '- hosts: all\n  tasks: [{debug: {msg: x}}]\n'
const ONE_HOST = 'all: {hosts: {lab01: }}\n'
const SLIP = 'a slip would look like success'

/** Those that the comparison of plays and of expressions does not hold. */
export const MORE_DIFFERENCES: Readonly<Record<string, readonly ShownDifference[]>> = {
  Inventories: [
    {
      what: 'An unknown key in a group',
      ansible: 'warns, and leaves it out',
      ours: 'is an error with the nearest key',
      because: SLIP,
      files: { 'hosts.yaml': 'all: {hots: {lab01: }}\n', 'play.yaml': EMPTY },
      told: /unknown key "hots" in a group \(did you mean "hosts"\?\)/,
    },
    {
      what: '`hosts`, `vars` or `children` at the top',
      ansible: 'takes it for the name of a group',
      ours: 'is an error',
      because: 'it was meant for the group all',
      files: { 'hosts.yaml': 'hosts: {lab01: }\n', 'play.yaml': EMPTY },
      told: /at the top of an inventory stand groups/,
    },
    {
      what: 'A range that ends before it begins, such as `lab[5:1]`',
      ansible: 'stands for no host',
      ours: 'is an error',
      because: SLIP,
      files: { 'hosts.yaml': 'all: {hosts: {"lab[5:1]": }}\n', 'play.yaml': EMPTY },
      told: /ends before it begins/,
    },
    {
      what: 'Two files of variables for one name, such as `all.yml` and `all.yaml`',
      ansible: 'reads one of them',
      ours: 'is an error',
      because: 'the other one was written to be read',
      files: {
        'hosts.yaml': ONE_HOST,
        'play.yaml': EMPTY,
        'group_vars/all.yml': 'x: 1\n',
        'group_vars/all.yaml': 'x: 2\n',
      },
      told: /holds the same variables/,
    },
    {
      what: 'A file in a folder of inventories that is in no form',
      ansible: 'warns, and goes on without its hosts',
      ours: 'is an error',
      because: 'hosts would be missing, and nobody would see it',
      files: { 'hosts.yaml/a.yaml': ONE_HOST, 'hosts.yaml/b.yaml': 'all: [\n', 'play.yaml': EMPTY },
      told: /b\.yaml/,
    },
    {
      what: 'A host and a group of one name',
      ansible: 'warns',
      ours: 'are allowed; a pattern that means both is an error if the group has other hosts',
      because: 'it would run on hosts that were not meant',
      files: {
        'hosts.yaml': 'all:\n  hosts: {lab: , b: }\n  children: {lab: {hosts: {b: }}}\n',
        'play.yaml': EMPTY.replace('all', 'lab'),
      },
      told: /"lab" is a host and a group/,
    },
    {
      what: 'The order of the hosts of a group whose children have children',
      ansible: 'may change from one run to the next',
      ours: 'is that of the inventory',
      because: 'a rolling run should take the same hosts first each time',
    },
    {
      what: '`02:00.0` and `0644` without quotes',
      ansible: 'are the numbers 120 and 420, as in YAML 1.1',
      ours: 'are texts; words such as yes and off are booleans, as in Ansible',
      because: 'they are an address and a mode',
    },
    {
      what: 'Values closed with ansible-vault in `inventory --graph --vars`',
      ansible: 'are printed',
      ours: 'are not',
      because: 'a tree of hosts is made to be shown around',
    },
  ],
  Runs: [
    {
      what: 'The order of tasks on several hosts',
      ansible: 'has all hosts at one task (the strategy linear)',
      ours: 'lets each host go on at its own pace; a batch of `serial` ends for all',
      because: 'one slow host need not hold the others up',
    },
    {
      what: '`run_once`, `throttle`, `no_log`, `any_errors_fatal` and `delegate_to` that are templates',
      ansible: 'are read on each host, or on the first',
      ours: 'must come to the same on all hosts of the play',
      because: 'they are about the play, and not about one host',
    },
    {
      what: '`command` and `shell` in a dry run',
      ansible: 'are skipped, and what follows runs as if they had said nothing',
      ours: 'are `unknown`, and so is what depends on them',
      because: 'nobody can know what they would have done',
    },
    {
      what: 'A program that is not there',
      ansible: 'has rc 2',
      ours: 'has rc 127, as in a shell',
      because: '2 is an answer of many programs',
    },
    {
      what: 'A program that a signal ends',
      ansible: 'has rc -15',
      ours: 'has rc 143, as in a shell',
      because: 'it is started by one',
    },
    {
      what: 'Output of a program beyond 1 MiB',
      ansible: 'is kept',
      ours: 'is cut, and the run says so',
      because: 'a program that never stops talking would fill the memory',
    },
    {
      what: 'Hosts at a time, and seconds for connecting, where nobody says',
      ansible: '5 and 10',
      ours: '20, and what ssh_config says, or 30',
      because: 'a host costs one connection here, and no process',
    },
  ],
  SSH: [
    {
      what: 'A host key that is not known',
      ansible: 'is asked about, or taken with `host_key_checking = False`',
      ours: 'is refused with its fingerprint; `--accept-new-host-keys` adds it',
      because: 'a run changes how hosts boot, as root',
    },
    {
      what: '`ConnectTimeout` of ssh_config',
      ansible: 'never holds, as ssh is always given another',
      ours: 'holds where neither -T nor a variable says otherwise',
      because: 'it was written down for this host',
    },
    {
      what: 'A password for `ansible_connection: openssh`',
      ansible: 'is given by sshpass',
      ours: 'is refused: `ssh` takes passwords, `openssh` keys',
      because: 'the ssh of the system asks at a terminal only',
      files: {
        'hosts.yaml': 'all: {hosts: {lab01: {ansible_connection: openssh, ansible_password: x}}}\n',
        'play.yaml': EMPTY,
      },
      told: /password/,
    },
    {
      what: 'A `ProxyCommand` that is not `ssh -W`',
      ansible: 'is run by ssh',
      ours: 'is refused with the way out: `ansible_connection: openssh`, or ProxyJump',
      because: 'the library has connections of its own',
      files: {
        'hosts.yaml': 'all: {hosts: {lab01: {ansible_ssh_common_args: \'-o ProxyCommand="nc %h %p"\'}}}\n',
        'play.yaml': EMPTY,
      },
      told: /ProxyCommand.*openssh/,
    },
  ],
}
