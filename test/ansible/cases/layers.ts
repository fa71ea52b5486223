import type { Case } from '../case.ts'
import { HOSTS } from './inventory.ts'
import { playbookOf, playOf } from './play.ts'

const TELL = `- {name: tell, debug: {msg: "{{ [a | default('-'), b | default('-'), c | default('-'), d | default('-')] | join(' ') }}"}}`
const told = (name: string, files: Readonly<Record<string, string>>, more: Partial<Case> = {}): Case => ({
  name,
  files: { 'play.yaml': `- hosts: all\n  gather_facts: false\n  tasks:\n    ${TELL}\n`, ...files },
  ...more,
})
const one = (name: string, body: string, head = '', more: Parameters<typeof playOf>[2] = {}): Case =>
  playOf(name, body, { head, ...more })
const LOCAL = 'ansible_connection: local'

/** Which of several values a variable has. */
export const layers: readonly Case[] = [
  told('a grandchild over a child over a parent, whatever their names', {
    'hosts.yaml': `all: {vars: {${LOCAL}, a: all}, children: {z: {vars: {a: z, b: z}, children: {y: {vars: {a: y, b: y, c: y}, children: {x: {vars: {a: x, d: x}, hosts: {h: }}}}}}}}`,
  }),
  told('depth beats the alphabet between branches', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, children: {b: {vars: {a: b, c: b}, hosts: {h: }}, p: {children: {a: {vars: {a: a, b: a}, hosts: {h: }}}, vars: {b: p, c: p}}}}`,
  }),
  told('a priority counts among groups of one depth only', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, children: {p: {vars: {a: p, ansible_group_priority: 99}, children: {q: {vars: {a: q, b: q}, hosts: {h: }}, r: {vars: {b: r, ansible_group_priority: -1}, hosts: {h: }}}}}}`,
  }),
  told('a priority in group_vars counts for nothing', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, children: {p: {hosts: {h: }}, q: {hosts: {h: }}}}`,
    'group_vars/p.yml': 'a: p\nansible_group_priority: 10\n',
    'group_vars/q.yml': 'a: q\n',
  }),
  told('group_vars of children over those of parents', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, children: {p: {children: {q: {hosts: {h: }}}}}}`,
    'group_vars/p.yml': 'a: p\nb: p\n',
    'group_vars/q.yml': 'a: q\n',
    'group_vars/all.yml': 'a: all\nb: all\nc: all\n',
  }),
  told('vars in the inventory of a child against group_vars of its parent', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, children: {p: {children: {q: {vars: {a: inventory}, hosts: {h: }}}}}}`,
    'group_vars/p.yml': 'a: group_vars of the parent\n',
  }),
  told('host_vars in the inventory against group_vars of a file', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, children: {q: {hosts: {h: {a: host}}}}}`,
    'group_vars/q.yml': 'a: group\nb: group\n',
    'group_vars/all.yml': 'b: all\n',
  }),
  told('a folder of group_vars with files in folders', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, hosts: {h: }}`,
    'group_vars/all/a.yml': 'a: a\nb: a\n',
    'group_vars/all/b/c.yml': 'b: c\nc: c\n',
    'group_vars/all/z.json': '{"c": "z"}',
    'group_vars/all/.hidden.yml': 'd: hidden\n',
    'group_vars/all/back.yml~': 'd: backup\n',
    'group_vars/all/notes.txt': 'd: notes\n',
  }),
  told('files of group_vars without a suffix', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, children: {q: {hosts: {h: }}}}`,
    'group_vars/all': 'a: all\nb: all\n',
    'group_vars/q': 'a: q\n',
    'host_vars/h': 'c: host\n',
  }),
  told('an empty file of group_vars', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, hosts: {h: {a: 1}}}`,
    'group_vars/all.yml': '---\n# nothing yet\n',
  }),
  told('group_vars of ungrouped', {
    'hosts.yaml': `all: {vars: {${LOCAL}}, hosts: {h: }, children: {q: {hosts: {k: }}}}`,
    'group_vars/ungrouped.yml': 'a: ungrouped\n',
  }),
  told(
    'an INI inventory: types of values',
    {
      'hosts.ini': `h ansible_connection=local a=1 b=yes c="quoted text" d='[1, 2]'\nk ansible_connection=local a=0x10 b=None c=1.50 d={'x':1}\n[all:vars]\n`,
    },
    { inventories: ['hosts.ini'] },
  ),
  told(
    'an INI inventory: types of group variables',
    {
      'hosts.ini': `h ansible_connection=local\n[all:vars]\na=1\nb = two words # not a comment\nc="quoted"\nd=True\n`,
    },
    { inventories: ['hosts.ini'] },
  ),
  told(
    'an INI inventory: children before their own lines',
    {
      'hosts.ini': `[p:children]\nq\nr\n[p:vars]\na=p\nb=p\n[q]\nh ansible_connection=local\n[r]\nh\n[r:vars]\na=r\n[q:vars]\na=q\nb=q\n`,
    },
    { inventories: ['hosts.ini'] },
  ),
  told(
    'an INI inventory: ranges and the later line',
    {
      'hosts.ini': `[q]\nh[1:3] ansible_connection=local a=first\nh2 a=second\n[r]\nh[01:02]x ansible_connection=local b=range\n`,
    },
    { inventories: ['hosts.ini'] },
  ),
  told(
    'two inventories in one order',
    {
      'one.yaml': `all: {vars: {${LOCAL}, a: one, b: one}, children: {q: {hosts: {h: {c: one}}, vars: {d: one}}}}`,
      'two.ini': `[q]\nh c=two\nk\n[q:vars]\nd=two\n[all:vars]\nb=two\n`,
    },
    { inventories: ['one.yaml', 'two.ini'] },
  ),
  told(
    'two inventories in the other order',
    {
      'one.yaml': `all: {vars: {${LOCAL}, a: one, b: one}, children: {q: {hosts: {h: {c: one}}, vars: {d: one}}}}`,
      'two.ini': `[q]\nh c=two\nk\n[q:vars]\nd=two\n[all:vars]\nb=two\n`,
    },
    { inventories: ['two.ini', 'one.yaml'] },
  ),
  told(
    'group_vars beside two inventories, the later over the earlier',
    {
      'x/hosts.yaml': `all: {vars: {${LOCAL}}, children: {q: {hosts: {h: }}}}`,
      'y/hosts.yaml': 'q: {hosts: {k: }}',
      'x/group_vars/all.yml': 'a: x all\nb: x all\n',
      'y/group_vars/all.yml': 'a: y all\n',
      'x/group_vars/q.yml': 'c: x q\nd: x q\n',
      'y/group_vars/q.yml': 'c: y q\n',
      'group_vars/q.yml': 'd: play q\n',
      'group_vars/all.yml': 'c: play all\n',
    },
    { inventories: ['x/hosts.yaml', 'y/hosts.yaml'] },
  ),
  told(
    'group_vars beside two inventories, in the other order',
    {
      'x/hosts.yaml': `all: {vars: {${LOCAL}}, children: {q: {hosts: {h: }}}}`,
      'y/hosts.yaml': 'q: {hosts: {k: }}',
      'x/group_vars/all.yml': 'a: x all\nb: x all\n',
      'y/group_vars/all.yml': 'a: y all\n',
      'x/group_vars/q.yml': 'c: x q\nd: x q\n',
      'y/group_vars/q.yml': 'c: y q\n',
    },
    { inventories: ['y/hosts.yaml', 'x/hosts.yaml'] },
  ),
  told(
    'a folder as an inventory, its files in order',
    {
      'inv/20.yaml': `q: {hosts: {h: {a: twenty}}, vars: {b: twenty}}`,
      'inv/10.ini': `[q]\nh a=ten ansible_connection=local\nk ansible_connection=local\n[q:vars]\nb=ten\nc=ten\n`,
      'inv/group_vars/q.yml': 'd: group_vars\n',
    },
    { inventories: ['inv'] },
  ),
  told(
    'a list of hosts instead of a file',
    {},
    { inventories: ['h,k,'], args: ['-e', LOCAL.replace(': ', '=')] },
  ),
  one(
    'vars of a block over vars of a play, of a task over a block',
    `- vars: {a: block, b: block}\n  block:\n    - {name: tell, debug: {msg: "{{ a }} {{ b }} {{ c }}"}, vars: {a: task}}\n    - vars: {c: inner}\n      block:\n        - {name: in, debug: {msg: "{{ a }} {{ b }} {{ c }}"}}\n- {name: out, debug: {msg: "{{ a }} {{ c }}"}}`,
    'vars: {a: play, c: play}',
  ),
  one(
    'set_fact in a block outlives it',
    `- vars: {a: block}\n  block:\n    - {name: set, set_fact: {a: fact, b: "{{ a }}"}}\n    - {name: in, debug: {msg: "{{ a }} {{ b }}"}}\n- {name: out, debug: {msg: "{{ a }} {{ b }}"}}`,
    'vars: {a: play}',
  ),
  one(
    'register over vars of a play, under -e',
    `- {name: x, debug: {msg: m}, register: a}\n- {name: y, debug: {msg: n}, register: b}\n- {name: tell, debug: {msg: "{{ a.msg | default(a) }} {{ b.msg | default(b) }}"}}`,
    'vars: {a: play}',
    { args: ['-e', 'b=extra'] },
  ),
  one('set_fact under -e', `- {name: x, set_fact: {a: fact}}\n- {name: tell, debug: {msg: "{{ a }}"}}`, '', {
    args: ['-e', 'a=extra'],
  }),
  one(
    'include_vars against set_fact and task vars',
    `- {name: x, set_fact: {a: fact, b: fact}}\n- {name: y, include_vars: more.yml}\n- {name: z, set_fact: {b: later}}\n- {name: tell, debug: {msg: "{{ a }} {{ b }} {{ c }} {{ d }}"}, vars: {c: task, d: task}}`,
    '',
    { files: { 'more.yml': 'a: file\nb: file\nc: file\n' } },
  ),
  one(
    'include_vars of a folder',
    `- {name: x, include_vars: {dir: more}}\n- {name: tell, debug: {msg: "{{ a }} {{ b }} {{ c | default('-') }}"}}`,
    '',
    { files: { 'more/1.yml': 'a: one\nb: one\n', 'more/2.yaml': 'b: two\n', 'more/3.txt': 'c: text\n' } },
  ),
  one(
    'include_vars of a folder, some of it',
    `- {name: x, include_vars: {dir: more, files_matching: "^1", name: box}}\n- {name: tell, debug: {msg: "{{ box | to_json }}"}}`,
    '',
    { files: { 'more/1.yml': 'a: one\n', 'more/2.yaml': 'b: two\n' } },
  ),
  one(
    'include_vars by a template',
    `- {name: x, include_vars: "{{ which }}.yml"}\n- {name: tell, debug: {msg: "{{ a }}"}}`,
    'vars: {which: more}',
    { files: { 'vars/more.yml': 'a: in vars\n' } },
  ),
  one('vars_files: the first that is there', TELL, 'vars_files: [[none.yml, more.yml, other.yml]]', {
    files: { 'more.yml': 'a: more\n', 'other.yml': 'a: other\nb: other\n' },
  }),
  one('vars_files by a template of a host', TELL, 'vars_files: ["{{ inventory_hostname }}.yml"]', {
    files: { 'lab.yml': 'a: of lab\n' },
  }),
  one('vars_files that read vars', TELL, 'vars: {x: one}\nvars_files: [more.yml]', {
    files: { 'more.yml': 'a: "{{ x }}"\nb: "{{ a }}!"\n' },
  }),
  one('vars_files over host_vars', TELL, 'vars_files: [more.yml]', {
    files: { 'more.yml': 'a: file\n', 'host_vars/lab.yml': 'a: host\nb: host\n' },
  }),
  one(
    'vars over set_fact never',
    `- {name: x, set_fact: {a: "{{ a }}!"}}\n- {name: y, set_fact: {a: "{{ a }}!"}}\n- {name: tell, debug: {msg: "{{ a }}"}}`,
    'vars: {a: play}',
  ),
  one(
    'names are rendered lazily',
    `- {name: x, set_fact: {base: two}}\n- {name: tell, debug: {msg: "{{ derived }}"}}\n- {name: own, debug: {msg: "{{ derived }}"}, vars: {base: task}}`,
    'vars: {base: one, derived: "{{ base }}-d"}',
  ),
  one(
    'set_fact is not rendered again',
    `- {name: x, set_fact: {a: "{{ '{{' }} b {{ '}}' }}"}}\n- {name: tell, debug: {msg: "{{ a | length }}"}}`,
    'vars: {b: x}',
    { differs: 'data_is_data' },
  ),
  one('-e in several forms', TELL, '', {
    args: ['-e', 'a=1 b="two words"', '-e', '{"c": [1, 2]}', '-e', '@more.yml'],
    files: { 'more.yml': 'd: file\n' },
  }),
  one(
    '-e in YAML, and types of key=value',
    `- {name: tell, debug: {msg: "{{ a | type_debug }} {{ b | type_debug }} {{ c }} {{ d }}"}}`,
    '',
    { args: ['-e', 'a=1 d=x=y', '-e', '{b: 1, c: yes}'] },
  ),
  one('-e that is a template', `- {name: tell, debug: {msg: "{{ a }}"}}`, 'vars: {b: play}', {
    args: ['-e', 'a={{ b }}!'],
  }),
  one('-e of a file in JSON', TELL, '', {
    args: ['-e', '@more.json'],
    files: { 'more.json': '{"a": {"b": 1}, "b": null, "c": true}' },
  }),
  one(
    'default and default(…, true)',
    `- {name: tell, debug: {msg: "{{ a | default('x') }}|{{ b | default('x') }}|{{ b | default('x', true) }}|{{ c.d.e | default('deep') }}|{{ (c.d | default({})).e | default('y') }}"}}`,
    'vars: {b: "", c: {}}',
  ),
  one(
    'default(omit) in several arguments',
    `- {name: tell, debug: {msg: "{{ nothing | default(omit) }}", verbosity: "{{ nothing | default(omit) }}"}}`,
  ),
  one(
    'mandatory with what is there',
    `- {name: tell, debug: {msg: "{{ a | mandatory }}"}}`,
    'vars: {a: here}',
  ),
  one(
    'vars and lookups by name',
    `- {name: tell, debug: {msg: "{{ vars['a'] }} {{ lookup('vars', 'a') }} {{ lookup('vars', 'none', default='d') }} {{ hostvars[inventory_hostname].ansible_connection }}"}}`,
    'vars: {a: here}',
    { differs: 'lookups' },
  ),
  one(
    'environment lookups',
    `- {name: tell, debug: {msg: "{{ lookup('env', 'NO_SUCH_THING_HERE') | length }}"}}`,
    '',
    { differs: 'lookups' },
  ),
  one(
    'a file lookup beside the playbook',
    `- {name: tell, debug: {msg: "{{ lookup('file', 'text.txt') }}|{{ lookup('file', 'files.txt') }}"}}`,
    '',
    { files: { 'text.txt': 'one\ntwo\n', 'files/files.txt': 'in files' }, differs: 'lookups' },
  ),
  one(
    'a template lookup',
    `- {name: tell, debug: {msg: "{{ lookup('template', 't.j2') }}"}}`,
    'vars: {a: 1}',
    {
      files: { 'templates/t.j2': '{% for i in [1, 2] %}\n{{ a }}{{ i }}\n{% endfor %}\nend\n' },
      differs: 'lookups',
    },
  ),
  playbookOf(
    'facts live on in the next play, vars do not',
    `
- hosts: all
  gather_facts: false
  vars: {a: play}
  tasks:
    - {name: set, set_fact: {b: "{{ a }}"}}
    - {name: reg, debug: {msg: m}, register: c}
    - {name: inc, include_vars: more.yml}
- hosts: all
  gather_facts: false
  tasks:
    - {name: tell, debug: {msg: "{{ a | default('-') }} {{ b }} {{ c.msg }} {{ d }}"}}
`,
    { files: { 'more.yml': 'd: file\n' } },
  ),
  playbookOf(
    'import_playbook with vars, tags and a condition',
    `
- import_playbook: other.yml
  vars: {a: given, b: given}
- import_playbook: other.yml
  when: not (skip | default(true))
- import_playbook: other.yml
  tags: t
- hosts: all
  gather_facts: false
  tasks:
    - {name: own, debug: {msg: "{{ a | default('-') }}"}}
`,
    {
      files: {
        'other.yml':
          '- hosts: all\n  gather_facts: false\n  vars: {b: own}\n  tasks:\n    - {name: other, debug: {msg: "{{ a | default(\'-\') }} {{ b }}"}}\n',
      },
    },
  ),
  playbookOf('import_playbook of a folder that imports', '- import_playbook: sub/one.yml\n', {
    files: {
      'sub/one.yml': '- import_playbook: two.yml\n',
      'sub/two.yml':
        '- hosts: all\n  gather_facts: false\n  vars_files: [v.yml]\n  tasks:\n    - import_tasks: t.yml\n',
      'sub/v.yml': 'a: beside the playbook\n',
      'sub/t.yml': '- {name: tell, debug: {msg: "{{ a }} {{ playbook_dir | basename }}"}}\n',
    },
  }),
  {
    name: 'variables of other hosts and groups in templates',
    files: {
      'hosts.yaml': HOSTS,
      'group_vars/gpu.yml':
        'peers: "{{ groups.gpu | difference([inventory_hostname]) }}"\nfirst: "{{ hostvars[groups.gpu[0]].slot | default(\'no slot\') }}"\n',
      'play.yaml': `- hosts: gpu\n  gather_facts: false\n  tasks:\n    - {name: tell, debug: {msg: "{{ peers | join(',') }} {{ first }} {{ hostvars.lab02.level }} {{ hostvars['gpu1'].peers | join(',') }} {{ 'gpu' in group_names }} {{ groups['spare'] | length }}"}}\n`,
    },
  },
]
