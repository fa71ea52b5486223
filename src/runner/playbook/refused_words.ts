/**
 * Modules and lookups of Ansible's that are refused, each with why and with what to use instead. The documentation of
 * what carries over from Ansible is generated from these tables and from the vocabulary.
 */

/** For people: `X is not supported: BECAUSE`, and below it the way out. */
export interface Refused {
  readonly because: string
  readonly instead: string
}
export type RefusedWords = Readonly<Record<string, Refused>>

const refusedLookup = (because: string, instead: string): Refused => ({ because, instead })

/** Lookups that are refused after `with_`. */
export const REFUSED_LOOKUPS: RefusedWords = {
  cartesian: refusedLookup('it is with_nested under another name', 'use with_nested'),
  config: refusedLookup('it reads settings of Ansible', 'put the value into a variable'),
  csvfile: refusedLookup('a run reads YAML and JSON', 'put the rows into a file of variables'),
  env: refusedLookup('it is one value', 'use loop: with the values'),
  file: refusedLookup('it makes a loop of files of the controller', 'use loop: with the names'),
  fileglob: refusedLookup(
    'what a run does must be known before it begins, not follow from the files that happen to lie there',
    'name the files: loop: [a.conf, b.conf]',
  ),
  filetree: refusedLookup('it copies whole trees', 'name the files: loop: [a.conf, b.conf]'),
  first_found: refusedLookup(
    'what a run does must be known before it begins, not follow from the files that happen to lie there',
    'name the file by a variable, or list the candidates in vars_files',
  ),
  inventory_hostnames: refusedLookup(
    'expressions know the inventory already',
    'use loop: "{{ groups.NAME }}"',
  ),
  ini: refusedLookup('a run reads YAML and JSON', 'put the values into a file of variables'),
  lines: refusedLookup('it runs a program on the controller', 'use command with delegate_to and register'),
  password: refusedLookup('a run makes no secrets', 'put it into a file closed with ansible-vault'),
  pipe: refusedLookup('it runs a program on the controller', 'use command with delegate_to and register'),
  random_choice: refusedLookup('a dry run could not tell what the run will do', 'use one fixed item'),
  template: refusedLookup('it is one text', 'use the module template'),
  unvault: refusedLookup(
    'it makes a loop of files of the controller',
    'name a file that ansible-vault has closed in vars_files',
  ),
  url: refusedLookup('it reads the network on the controller', 'put the values into a file of variables'),
  varnames: refusedLookup('it makes a loop of the names of variables', 'use loop: with the names'),
  vars: refusedLookup('it makes a loop of the values of variables', 'use loop: with the variables'),
}

const packages: Refused = {
  because: 'one module serves all package managers',
  instead: 'use package',
}
const editing: Refused = {
  because: 'files are written whole, or edited by the module that knows their format',
  instead: 'use template or copy; kernel arguments and modprobe options have modules of their own',
}
const including: Refused = {
  because: 'all of a run is known and checked before it begins',
  instead: 'use import_tasks, with when beside it',
}
const roles: Refused = {
  because: 'there are no roles',
  instead: "name the role's tasks with import_tasks and its defaults with vars_files",
}
const elsewhere: Refused = {
  because: 'it has nothing to do with passthrough',
  instead: 'leave it to Ansible, or use command with creates or removes',
}
const waiting: Refused = {
  because: 'what is waited for must be asked on the host',
  instead: 'use command with until, retries and delay, or wait_for_connection',
}

/** Modules of Ansible's that are refused; others are not known at all. */
export const REFUSED_MODULES: RefusedWords = {
  add_host: {
    because: 'all of a run is known and checked before it begins',
    instead: 'put the host into the inventory',
  },
  apt: packages,
  apt_key: elsewhere,
  apt_repository: elsewhere,
  assemble: editing,
  async_status: { because: 'there is no async', instead: 'leave it out' },
  blockinfile: editing,
  cron: elsewhere,
  debconf: elsewhere,
  dpkg_selections: elsewhere,
  dnf: packages,
  dnf5: packages,
  expect: {
    because: 'nobody answers programs in a run',
    instead: 'use command with the options that ask nothing',
  },
  fetch: { because: 'nothing is copied from hosts', instead: 'use command: cat FILE and register' },
  file: {
    because: 'files come with what writes them',
    instead: 'use copy or template, or command with creates or removes',
  },
  find: elsewhere,
  get_url: elsewhere,
  getent: { because: 'ansible_facts is a fixed set', instead: 'use command and register' },
  git: elsewhere,
  group: elsewhere,
  group_by: {
    because: 'all of a run is known and checked before it begins',
    instead: 'put the hosts into groups of the inventory, or use when',
  },
  hostname: elsewhere,
  import_role: roles,
  include: including,
  include_role: roles,
  include_tasks: including,
  iptables: elsewhere,
  known_hosts: elsewhere,
  lineinfile: editing,
  mount_facts: elsewhere,
  package_facts: { because: 'ansible_facts is a fixed set', instead: 'use command and register' },
  pip: elsewhere,
  raw: { because: 'hosts need no Python here in any case', instead: 'use shell' },
  replace: editing,
  rpm_key: elsewhere,
  script: { because: 'a program is not carried to hosts', instead: 'use copy and command, or shell' },
  service: { because: 'it has nothing to do with passthrough', instead: 'use command: systemctl …' },
  service_facts: { because: 'ansible_facts is a fixed set', instead: 'use command and register' },
  set_stats: { because: 'a run ends with its recap', instead: 'use debug' },
  slurp: { because: 'nothing is copied from hosts', instead: 'use command: cat FILE and register' },
  stat: {
    because: 'what a module needs it looks at itself',
    instead: 'use command: test -e FILE and register',
  },
  subversion: elsewhere,
  systemd: { because: 'it has nothing to do with passthrough', instead: 'use command: systemctl …' },
  systemd_service: { because: 'it has nothing to do with passthrough', instead: 'use command: systemctl …' },
  sysvinit: elsewhere,
  tempfile: elsewhere,
  unarchive: elsewhere,
  uri: elsewhere,
  user: elsewhere,
  validate_argument_spec: { because: 'there are no roles', instead: 'use assert' },
  wait_for: waiting,
  yum: packages,
  yum_repository: elsewhere,
}
