import type { Case } from '../case.ts'
import { HOSTS, ONE } from './inventory.ts'

const TELL = `    - {name: tell, debug: {msg: "{{ who | default('nobody') }}"}}`

/** Every place that can set a variable, lowest first: each case leaves out the last of the one before. */
const PLACES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['group_vars/all of the inventory', { 'inventory/group_vars/all.yaml': 'who: group_vars all' }],
  ['group_vars/all of the playbook', { 'group_vars/all.yml': 'who: playbook group_vars all' }],
  ['group_vars of the inventory', { 'inventory/group_vars/lab.yml': 'who: group_vars lab' }],
  ['group_vars of the playbook', { 'group_vars/lab/main.yml': 'who: playbook group_vars lab' }],
  ['group_vars of a child group', { 'inventory/group_vars/gpu.json': '{"who": "group_vars gpu"}' }],
  ['host_vars of the inventory', { 'inventory/host_vars/lab03.yml': 'who: host_vars' }],
  ['host_vars of the playbook', { 'host_vars/lab03': 'who: playbook host_vars' }],
]

const layered = (n: number): Case => ({
  name: `of all places up to ${PLACES[n - 1]?.[0] ?? 'the inventory'} the last wins`,
  files: Object.assign(
    {
      'inventory/hosts.yaml': HOSTS,
      'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n${TELL}\n`,
    },
    ...PLACES.slice(0, n).map(([, files]) => files),
  ),
  inventories: ['inventory/hosts.yaml'],
})

const tasks = (
  name: string,
  head: string,
  text: string,
  more: Partial<Case> & { more?: Record<string, string> } = {},
): Case => ({
  name,
  files: {
    'hosts.yaml': ONE,
    'play.yaml': `- hosts: all\n  gather_facts: false\n${head}  tasks:\n${text}\n`,
    ...more.more,
  },
  ...(more.args && { args: more.args }),
  ...(more.differs && { differs: more.differs }),
})

export const variables: readonly Case[] = [
  ...PLACES.map((_, n) => layered(n + 1)),
  layered(0),
  {
    name: 'groups in the inventory: the child over the parent, the host over its groups',
    files: {
      'hosts.yaml': HOSTS,
      'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: tell, debug: {msg: "{{ level }} {{ rack | default('-') }} {{ group_names | join(' ') }}"}}\n`,
    },
  },
  {
    name: 'of two groups on one level the later name wins',
    files: {
      'hosts.yaml': `all: {vars: {ansible_connection: local}, children: {b: {vars: {x: b}, hosts: {h: }}, a: {vars: {x: a, y: a}, hosts: {h: }}, c: {vars: {y: c}, hosts: {h: }}}}`,
      'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: tell, debug: {msg: "{{ x }} {{ y }}"}}\n`,
    },
  },
  {
    name: 'ansible_group_priority decides between groups on one level',
    files: {
      'hosts.yaml': `all: {vars: {ansible_connection: local}, children: {b: {vars: {x: b}, hosts: {h: }}, a: {vars: {x: a, ansible_group_priority: 10}, hosts: {h: }}}}`,
      'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: tell, debug: {msg: "{{ x }}"}}\n`,
    },
  },
  {
    name: 'a deeper group wins over a higher one, whatever its name',
    files: {
      'hosts.yaml': `all: {vars: {ansible_connection: local}, children: {z: {vars: {x: z}, hosts: {h: }}, m: {vars: {x: m}, children: {a: {vars: {x: a}, hosts: {h: }}}}}}`,
      'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: tell, debug: {msg: "{{ x }}"}}\n`,
    },
  },
  {
    name: 'files of a group_vars folder are read in order',
    files: {
      'hosts.yaml': ONE,
      'group_vars/all/10.yml': 'x: ten\ny: ten',
      'group_vars/all/20.yml': 'x: twenty',
      'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: tell, debug: {msg: "{{ x }} {{ y }}"}}\n`,
    },
  },
  {
    name: 'two inventories: the later one wins',
    files: {
      'a.yaml': `all: {vars: {ansible_connection: local, x: a, y: a}, hosts: {h: {z: a}}}`,
      'b.yaml': `all: {vars: {x: b}, hosts: {h: {z: b}, k: }}`,
      'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: tell, debug: {msg: "{{ x }} {{ y }} {{ z | default('-') }}"}}\n`,
    },
    inventories: ['a.yaml', 'b.yaml'],
  },
  tasks('vars of a play over the inventory', '  vars: {who: play}\n', TELL),
  tasks('vars_files over vars', '  vars: {who: play}\n  vars_files: [more.yml]\n', TELL, {
    more: { 'more.yml': 'who: file' },
  }),
  tasks('the later of vars_files', '  vars_files: [a.yml, b.yml]\n', TELL, {
    more: { 'a.yml': 'who: a', 'b.yml': 'who: b' },
  }),
  tasks('vars_files with a template', '  vars: {name: more}\n  vars_files: ["{{ name }}.yml"]\n', TELL, {
    more: { 'more.yml': 'who: file' },
  }),
  tasks(
    'vars of a task over all of these',
    '  vars: {who: play}\n  vars_files: [more.yml]\n',
    `    - {name: tell, debug: {msg: "{{ who }}"}, vars: {who: task}}\n${TELL}`,
    { more: { 'more.yml': 'who: file' } },
  ),
  tasks(
    'set_fact over vars of a play',
    '  vars: {who: play}\n',
    `    - {name: set, set_fact: {who: fact}}\n${TELL}`,
  ),
  tasks(
    'set_fact over vars of a task',
    '',
    `    - {name: set, set_fact: {who: fact}}\n    - {name: tell, debug: {msg: "{{ who }}"}, vars: {who: task}}`,
  ),
  tasks(
    'include_vars over vars of a play',
    '  vars: {who: play}\n',
    `    - {name: include, include_vars: more.yml}\n${TELL}`,
    { more: { 'more.yml': 'who: included' } },
  ),
  tasks(
    'include_vars into a name',
    '',
    `    - {name: include, include_vars: {file: more.yml, name: box}}\n    - {name: tell, debug: {msg: "{{ box.who }}"}}`,
    { more: { 'more.yml': 'who: included' } },
  ),
  tasks(
    'set_fact over include_vars, whatever came last',
    '',
    `    - {name: set, set_fact: {who: fact}}\n    - {name: include, include_vars: more.yml}\n${TELL}`,
    { more: { 'more.yml': 'who: included' } },
  ),
  tasks(
    '-e over everything',
    '  vars: {who: play}\n',
    `    - {name: set, set_fact: {who: fact}}\n    - {name: tell, debug: {msg: "{{ who }}"}, vars: {who: task}}`,
    { args: ['-e', 'who=extra'] },
  ),
  tasks(
    '-e in JSON keeps types',
    '',
    '    - {name: tell, debug: {msg: "{{ n + 1 }} {{ l | join(\'-\') }}"}}',
    { args: ['-e', '{"n": 1, "l": ["a", "b"]}'] },
  ),
  tasks(
    '-e name=value is a string',
    '',
    '    - {name: tell, debug: {msg: "{{ n ~ 1 }} {{ n | type_debug == \'int\' }}"}}',
    { args: ['-e', 'n=1'] },
  ),
  tasks('-e @file', '', TELL, { args: ['-e', '@extra.yml'], more: { 'extra.yml': 'who: file' } }),
  tasks('the later -e wins', '', TELL, { args: ['-e', 'who=a', '-e', 'who=b'] }),
  tasks(
    'a variable of variables',
    '  vars: {a: "{{ b }}!", b: "{{ c }}", c: x}\n',
    '    - {name: tell, debug: {msg: "{{ a }}"}}',
  ),
  tasks(
    'a variable is rendered where it is read',
    '  vars: {a: "{{ item | default(\'no item\') }}"}\n',
    '    - {name: tell, debug: {msg: "{{ a }}"}, loop: [1, 2]}\n    - {name: none, debug: {msg: "{{ a }}"}}',
  ),
  tasks(
    'set_fact renders at once',
    '  vars: {a: one}\n',
    '    - {name: set, set_fact: {b: "{{ a }}"}}\n    - {name: tell, debug: {msg: "{{ b }}"}, vars: {a: two}}',
  ),
  tasks(
    'a registered value is data',
    '',
    '    - {name: a, debug: {msg: "{{ \'{{\' }} x }}"}, register: told}\n    - {name: b, debug: {msg: "{{ told.msg | length }}"}}',
  ),
  tasks(
    'register of a skipped task',
    '',
    '    - {name: a, debug: {msg: x}, register: told, when: false}\n    - {name: b, debug: {msg: "{{ told is skipped }} {{ told.skipped }} {{ told is changed }} {{ told is failed }}"}}',
  ),
  tasks(
    'register of a failed task',
    '',
    '    - {name: a, fail: {msg: x}, register: told, ignore_errors: true}\n    - {name: b, debug: {msg: "{{ told is failed }} {{ told.msg }} {{ told is succeeded }}"}}',
  ),
  tasks(
    'numbers, lists and mappings keep their types',
    '  vars: {n: 3, l: [1, 2], m: {a: 1}}\n',
    '    - {name: tell, debug: {msg: "{{ [n, l, m] | to_json }}"}}',
  ),
  tasks(
    'yes and no are true and false',
    '  vars: {a: yes, b: no, c: "yes"}\n',
    '    - {name: tell, debug: {msg: "{{ [a, b, c] | to_json }}"}}',
  ),
  tasks(
    'hostvars',
    '',
    "    - {name: tell, debug: {msg: \"{{ hostvars['lab'].ansible_connection }} {{ hostvars[inventory_hostname]['inventory_hostname'] }}\"}}",
  ),
  {
    name: 'hostvars of other hosts have what was set on them',
    files: {
      'hosts.yaml': HOSTS,
      'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: set, set_fact: {mine: "of {{ inventory_hostname }}"}}\n- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: tell, debug: {msg: "{{ hostvars['lab01'].mine }} {{ hostvars['gpu1'].level }}"}}\n`,
    },
  },
  {
    name: 'magic variables',
    files: {
      'hosts.yaml': HOSTS,
      'play.yaml': `- hosts: lab:!lab02
  gather_facts: false
  tasks:
    - {name: names, debug: {msg: "{{ inventory_hostname }} {{ inventory_hostname_short }} {{ group_names | join(',') }}"}}
    - {name: groups, debug: {msg: "{{ groups | dictsort | to_json }}"}}
    - {name: play, debug: {msg: "{{ ansible_play_hosts | join(' ') }} / {{ ansible_play_hosts_all | join(' ') }} / {{ ansible_play_batch | join(' ') }} / {{ ansible_play_name }}"}}
    - {name: modes, debug: {msg: "{{ ansible_check_mode }} {{ ansible_diff_mode }}"}}
    - {name: folders, debug: {msg: "{{ playbook_dir | basename == inventory_dir | basename }}"}}
`,
    },
  },
  tasks('environment and check mode', '', '    - {name: tell, debug: {msg: "{{ ansible_check_mode }}"}}', {
    args: ['--check'],
  }),
  tasks(
    'default and omit',
    '',
    '    - {name: tell, debug: {msg: "{{ nothing | default(omit) }}"}}\n    - {name: or, debug: {msg: "{{ nothing | default(\'x\') }}"}}',
  ),
  tasks(
    'an undefined variable fails the task',
    '',
    '    - {name: tell, debug: {msg: "{{ nothing_of_this_name | default(other_name_too) }}"}}',
    { differs: 'undefined' },
  ),
  {
    name: 'hosts of a play by a variable',
    files: {
      'hosts.yaml': HOSTS,
      'play.yaml': `- hosts: "{{ where }}"\n  gather_facts: false\n  tasks:\n${TELL}\n`,
    },
    args: ['-e', 'where=spare'],
  },
]
