import { CLOSED, CLOSED_FILE, tagged } from '../yaml/closed.ts'

/** Inventories that ansible-inventory reads without a word, each about one thing. */
export interface Sample {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly inventories: readonly string[]
  /** Executable files. */
  readonly programs?: readonly string[]
  readonly playbookFolder?: string
}

const one = (name: string, text: string, file = 'hosts.yaml'): Sample => ({
  name,
  files: { [file]: text },
  inventories: [file],
})

/** What ansible-vault closed with the word "lab" stays closed in the listings. */
export const VAULTED: Sample = {
  name: 'values and files of ansible-vault',
  files: {
    'hosts.yaml': `all: {hosts: {a: , b: }}\ng:\n  hosts: {a: }\n  vars:\n    key: ${tagged(CLOSED, '      ')}    raw: !unsafe "{{ x }}"\n`,
    'group_vars/g.yml': CLOSED_FILE,
    password: 'lab\n',
  },
  inventories: ['hosts.yaml'],
}

export const INVENTORIES: readonly Sample[] = [
  one(
    'groups at the top and below all, hosts of both and of none',
    `gpu: {hosts: {one: , two: {slot: 2}}}
all:
  hosts: {alone: , three: }
  vars: {site: lab}
  children:
    gpu: {hosts: {three: }, vars: {driver: vfio-pci}}
    store: {children: {disk: {hosts: {d1: , d2: }}, tape: }}
`,
  ),
  one(
    'ranges',
    `all:
  hosts: {"lab[01:03]": {a: 1}, "r[1:2]-[a:b].lan": , "x[1:9:4]": , "[01:02]": , "p[8:11]:2222": {b: 1}, "[fe80::1]:22": }
`,
  ),
  one(
    'children before hosts, diamonds and deep groups',
    `top:
  children:
    left: {children: {deep: {hosts: {z: , y: }}}, vars: {v: left}}
    right: {children: {deep: }, hosts: {x: , y: }, vars: {v: right, w: right}}
  hosts: {x: {w: host}, w: }
deep: {vars: {d: 1}}
other: {hosts: {w: }, children: {right: }}
`,
  ),
  one(
    'priorities and names decide between groups of one depth',
    `a: {hosts: {h: }, vars: {ansible_group_priority: 10, v: a, w: a}}
b: {hosts: {h: }, vars: {v: b, w: b, x: b}}
c: {hosts: {h: }, vars: {x: c}, children: {d: {hosts: {h: }, vars: {w: d, ansible_group_priority: 0}}}}
`,
  ),
  one('ungrouped hosts', 'ungrouped: {hosts: {a: , b: }}\ng: {hosts: {b: }}\nall: {hosts: {c: , b: }}\n'),
  one('a host named as a group', 'all: {children: {bastion: {hosts: {bastion: , b2: }}}}\n'),
  one('lone names', 'all: {hosts: one, children: {g: {hosts: two, children: k}}}\n'),
  one(
    'values of every kind',
    `all:
  hosts:
    h:
      number: 42
      negative: -7
      float: 1.5
      whole: 2.0
      truth: yes
      nothing:
      quoted: "yes"
      digits: "0644"
      empty: ""
      list: [1, [2, 3], {a: 1, b: [x]}, []]
      map: {b: 1, a: {c: d, e: []}, z: {}}
      template: "{{ number + 1 }}"
      text: "two words"
      colon: "a: b"
      hash: "a #b"
      quote: it's "so"
      lines: "a\\nb\\n"
      spaces: " x "
      tab: "a\\tb"
      bell: "a\\x07b \\\\ and so on, for a long, long line that must be folded somewhere, as it has a bell in it"
      umlaut: Zürich 日本
      emoji: 😀 is beyond the basic plane, and this is a line that goes on and on until it is  too long for one
      long: aaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccc ddddddddddddddddd eeeeeeeeeeeee fffffffffff
      longer: "it's aaaaaaaaaa: bbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccc ddddddddddddddddd eeeeeeeeeeeee fffffffffff"
      dash: "- x"
      date: "2020-01-02"
      address: "8086:15"
      function: "0000:02:00.0"
      question: "?x"
      at: "@x"
      percent: "%x"
      tilde: "~"
      equals: "="
      "10": ten
      "9": nine
      dots: "..."
      block: |
        one
        two
`.replace(/ {6}"(10|9)": .*\n/g, ''),
  ),
  one(
    'the INI form',
    `; of the lab
alone ansible_host=10.0.0.9
[gpu]
lab[01:03].lan slot=1 name="two words" # a comment
odd:2222 list="[1, 2]" pair="{'a': 1}" t=True f=false n=None o=0644 h=0x1f e='' x=a#b
192.168.0.[1:2]
[gpu:vars]
driver=vfio-pci
count = 3
text=two words # no comment
literal="quoted" # a comment
sum=1+1
pci=0000:02:00.0
float=1.50
dict={"a": [1, 'b', None]}
empty=

[site:children]
gpu
later   # declared below

[later]
zoe
[later:vars]
ansible_group_priority=5
`,
    'hosts',
  ),
  one('the INI form of a plain list', 'lab1\nlab2\nlab3 a=1\n', 'hosts.ini'),
  one('JSON', '{"gpu": {"hosts": {"a": {"x": 1}, "b": null}, "vars": {"y": [1.5, "z"]}}}\n', 'hosts.json'),
  {
    name: 'several inventories, of which the later win',
    files: {
      'a.yaml': 'g: {hosts: {one: {v: 1, w: 1}}, vars: {x: 1, y: 1}}\n',
      'b.ini': '[g]\ntwo v=2\none v=2\n[g:vars]\nx=2\n[k:children]\ng\n',
      'c.yaml': 'all: {hosts: {three: }, vars: {y: 3}}\nk: {vars: {x: 3}}\n',
    },
    inventories: ['a.yaml', 'b.ini', 'c.yaml'],
  },
  {
    name: 'a folder of inventories',
    files: {
      'inv/01-first': '[g]\none\n',
      'inv/02-second.yaml': 'g: {hosts: {two: {a: 1}}}\n',
      'inv/03-third.ini': '[ignored]\nx\n',
      'inv/README.md': 'words\n',
      'inv/.hidden': 'words\n',
      'inv/deeper/hosts': '[k]\nthree\n',
      'inv/group_vars/all.yml': 'site: lab\n',
      'inv/group_vars/g': 'v: g\n',
      'inv/group_vars/k/one.yml': 'v: k\nw: 1\n',
      'inv/group_vars/k/two.yaml': 'w: 2\n',
      'inv/group_vars/k/sub/three.yml': 'u: 3\n',
      'inv/group_vars/k/sub.d/four.yml': 'u: 4\n',
      'inv/group_vars/k/not.txt': 'u: 5\n',
      'inv/host_vars/two.json': '{"a": 2, "b": 3}\n',
      'inv/deeper/group_vars/all.yml': 'site: not read\n',
    },
    inventories: ['inv'],
  },
  {
    name: 'variables beside the inventories and the playbook',
    files: {
      'a/hosts.yaml': 'g: {hosts: {h: {v: host, a: host}}, vars: {v: group, b: group, c: group, d: group}}\n',
      'b/hosts.yaml': 'g: {hosts: {h: }}\nall: {vars: {e: all, f: all, b: all}}\n',
      'a/group_vars/all.yml': 'b: a-all\ne: a-all\nc: a-all\n',
      'a/group_vars/g.yml': 'c: a-g\n',
      'b/group_vars/g.yml': 'd: b-g\n',
      'b/group_vars/all.yml': 'f: b-all\n',
      'play/group_vars/all.yml': 'f: play-all\nc: play-all\n',
      'play/group_vars/g.yml': 'd: play-g\n',
      'a/host_vars/h.yml': 'v: a-h\n',
      'play/host_vars/h.yml': 'a: play-h\n',
    },
    inventories: ['a/hosts.yaml', 'b/hosts.yaml'],
    playbookFolder: 'play',
  },
  { name: 'a list of hosts', files: {}, inventories: ['lab1,lab2:2222, lab3'] },
  {
    name: 'a program that knows all hosts',
    files: {
      inv: `#!/bin/sh
[ "$1" = --list ] || exit 9
cat <<END
{"_meta": {"hostvars": {"a": {"x": 1, "y": "{{ x }}"}, "unknown": {"z": 1}}},
 "g": {"hosts": ["a", "b"], "vars": {"v": true}, "children": ["k"]}, "k": ["c"], "all": {"vars": {"w": 1.5}},
 "solo": {"ansible_host": "10.0.0.1"}}
END
`,
    },
    inventories: ['inv'],
    programs: ['inv'],
  },
  {
    name: 'a program that is asked for each host',
    files: {
      'inv.sh': `#!/bin/sh
case $1 in
  --list) echo '{"g": {"hosts": ["a", "b"]}, "k": {"children": ["g"]}}' ;;
  --host) echo "{\\"name\\": \\"$2\\"}" ;;
esac
`,
    },
    inventories: ['inv.sh'],
    programs: ['inv.sh'],
  },
  one(
    'the INI form: words, quotes and literals of every kind',
    `# comment
  ; another
ungrouped1
ungrouped2:2200 ansible_user=root

[web]
web[01:03:2].lan a=1   b='x y'   c="q # not"  # a comment
web1 a="it's"  b=it\\ s
[db:vars]
x = {"a": 1}
y=[1,2
z=0755
w=1e3
v=1_000
u=true
t=False
r='single'
q=a b c
p=
o = x=y
l=-5
k=+5
j=0b11
i=1.
h=.5
g=None
f="None"
e=u'uni'
d=1L
[db]
db-[a:c]
10.0.0.[1:3]
[db:children]
web
[empty]
[parent:children]
db
empty
`,
    'hosts.ini',
  ),
  one(
    'the INI form: one host in several groups, the later line over the earlier',
    `host_a
[g1]
host_a v=1
host_b
[g2]
host_a v=2
[g1:vars]
k=g1
[g2:vars]
k=g2
[all:vars]
k=all
z=all
[g3:children]
g1
[g3:vars]
k=g3
ansible_group_priority=20
`,
    'hosts.ini',
  ),
  one(
    'hosts of a group at several depths',
    `all:
  hosts: {h1: {}, h2: {a: 1}, "h[03:05].x": {r: 1}}
  vars: {v: all}
  children:
    g1: {hosts: {h1: {b: 2}}, children: {g2: {hosts: {h2: , h9: }, vars: {v: g2}}}}
    g3: {children: {g2: }, vars: {v: g3}}
ungrouped: {hosts: {u1: }}
`,
  ),
  {
    name: 'a folder with inventories of every form, backups and folders below',
    files: {
      'inv/a.ini.txt': '[x]\na1 v=1\n[x:vars]\nn=1\n',
      'inv/b.yml': 'x: {hosts: {b1: {v: 2}}, vars: {n: 2}}\ny: {children: {x: }}\n',
      'inv/c/hosts': '[x]\nc1\n[z:children]\ny\n',
      'inv/d.yml~': 'x\n',
      'inv/e.orig': 'x\n',
      'inv/f.json': '{"j": {"hosts": {"j1": {"q": null}}}}',
      'inv/group_vars/all.json': '{"al": [1]}',
      'inv/group_vars/x/a.yml': 'gv: 1\n',
      'inv/host_vars/b1/m.yml': 'hv: 1\n',
    },
    inventories: ['inv'],
  },
  ...[
    ['one.ini', 'two.yml'],
    ['two.yml', 'one.ini'],
  ].map(inventories => ({
    name: `two inventories that disagree: ${inventories.join(', ')}`,
    files: {
      'one.ini': '[g]\na v=1\nb\n[g:vars]\nk=1\n[p:children]\ng\n',
      'two.yml': 'g: {hosts: {a: {v: 2}, c: }, vars: {k: 2}}\nq: {hosts: {a: {}}, children: {p: }}\n',
    },
    inventories,
  })),
]
