import { expect, test } from 'vitest'
import { LiveVariables } from '../../../src/runner/live_variables.ts'
import type { Run, Step, Task } from '../../../src/runner/run_types.ts'
import { Project, scopeOn } from '../project.ts'

const HOSTS = 'all: {vars: {v: inventory}, hosts: {lab:, lub:}}'
const loaded = async (files: Record<string, string>, options = {}): Promise<Run> => {
  using project = new Project({ 'hosts.yaml': HOSTS, ...files })
  return await project.load(options)
}
const mistakesIn = async (files: Record<string, string>, options = {}) => {
  using project = new Project({ 'hosts.yaml': HOSTS, ...files })
  return await project.mistakes(options)
}

const tasksIn = (steps: readonly Step[]): readonly Task[] =>
  steps.flatMap(step => {
    if (step.kind === 'task') return [step.task]
    if (step.kind === 'flush_handlers') return []
    return [...tasksIn(step.block.steps), ...tasksIn(step.block.rescue), ...tasksIn(step.block.always)]
  })
const tasksOf = (run: Run): readonly Task[] => run.plays.flatMap(play => tasksIn(play.steps))
function taskOf(run: Run, name: string): Task {
  const found = tasksOf(run).find(task => task.name === name)
  if (found === undefined) throw new Error(`no task ${name}`)
  return found
}

test('blocks with rescue or always stay, others stand open; all say things for what is in them', async () => {
  const run = await loaded({
    'play.yaml': `
- hosts: all
  become: yes
  become_user: adm
  environment: {A: play, B: play}
  tasks:
    - block:
        - name: inner
          command: "true"
          when: v == 'task'
          environment: {B: task}
          vars: {v: task}
        - block:
            - {name: deep, command: "true", ignore_errors: no}
          become_user: low
      when: v is defined
      vars: {v: block, w: block}
      ignore_errors: yes
    - name: Try
      block:
        - {name: tried, command: "true"}
      rescue:
        - {name: mend, debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_result.msg }}"}}
      always:
        - {name: last, debug: {msg: x}}
`,
  })
  const kinds = run.plays[0]?.steps.map(step => step.kind)
  expect(kinds).toEqual(['task', 'task', 'block', 'flush_handlers', 'flush_handlers'])
  const [inner, deep] = [taskOf(run, 'inner'), taskOf(run, 'deep')]
  const scope = scopeOn(inner, 'lab')
  expect([scope.v, scope.w]).toEqual(['task', 'block'])
  expect(inner.when(scope)).toMatchObject({ run: true })
  expect(inner.environment(scope)).toEqual({ A: 'play', B: 'task' })
  expect([inner.ignoreErrors(scope), deep.ignoreErrors(scopeOn(deep, 'lab'))]).toEqual([true, false])
  expect(inner.identity(scope).become?.user).toBe('adm')
  expect(deep.identity(scopeOn(deep, 'lab')).become?.user).toBe('low')
})

test('variables stand over each other as in Ansible', async () => {
  const files = {
    'play.yaml': `
- hosts: all
  vars: {v: play}
  vars_files: ["{{ inventory_hostname }}.yaml", [none.yaml, more.yaml]]
  tasks:
    - {name: a, debug: {msg: "{{ v }}"}}
    - {name: b, debug: {msg: "{{ v }}"}, vars: {v: task}}
`,
    'vars/lab.yaml': 'v: file of lab\n',
    'lub.yaml': 'v: file of lub\n',
    'vars/more.yaml': 'x: 1\n',
  }
  const run = await loaded(files)
  const [a, b] = [taskOf(run, 'a'), taskOf(run, 'b')]
  expect([scopeOn(a, 'lab').v, scopeOn(a, 'lub').v, scopeOn(b, 'lab').v]).toEqual([
    'file of lab',
    'file of lub',
    'task',
  ])
  const live = new LiveVariables()
  live.set('lab', { v: 'set {{ x }}' })
  expect(b.scope('lab', { facts: {}, live }).v).toBe('set {{ x }}')
  expect(b.scope('lub', { facts: {}, live }).hostvars).toMatchObject({ lab: { v: 'set {{ x }}' } })
  expect(b.scope('lab', { facts: {}, live, locals: { v: 'round' } }).v).toBe('round')
  const extra = taskOf(await loaded(files, { extraVars: ['v=extra'] }), 'b')
  expect(extra.scope('lab', { facts: {}, live, locals: { v: 'round' } }).v).toBe('extra')
})

test('imports are resolved, as seen from the file they stand in, and hand on what stands beside them', async () => {
  const run = await loaded({
    'play.yaml': `
- import_playbook: sub/other.yaml
  vars: {v: import}
  tags: far
- hosts: all
  tasks:
    - import_tasks: "{{ file }}.yaml"
      vars: {w: given}
      when: v == 'inventory'
      become: yes
  vars: {file: tasks/one}
`,
    'tasks/one.yaml': '- import_tasks: two.yaml\n- {name: one, debug: {msg: "{{ w }}"}}\n',
    'tasks/two.yaml': '- {name: two, debug: {msg: "{{ w }}"}, tags: t}\n',
    'sub/other.yaml': '- hosts: all\n  vars: {v: own}\n  tasks:\n    - import_tasks: near.yaml\n',
    'sub/near.yaml': '- {name: near, debug: {msg: "{{ v }}"}}\n',
  })
  expect(tasksOf(run).map(({ name, tags }) => [name, tags])).toEqual([
    ['near', ['far']],
    ['two', ['t']],
    ['one', []],
  ])
  expect(scopeOn(taskOf(run, 'near'), 'lab').v).toBe('import')
  const two = taskOf(run, 'two')
  expect(two.when(scopeOn(two, 'lab'))).toMatchObject({ run: true })
  expect(two.args(scopeOn(two, 'lab'))).toMatchObject({ msg: 'given' })
  expect(two.identity(scopeOn(two, 'lab')).become?.user).toBe('root')
})

const task = (text: string): Record<string, string> => ({
  'play.yaml': `- hosts: all\n  tasks:\n    - ${text.replaceAll('\n', '\n      ')}\n`,
})

test.for([
  [
    'a circle of imports',
    {
      ...task('import_tasks: a.yaml'),
      'a.yaml': '- import_tasks: b.yaml\n',
      'b.yaml': '- import_tasks: a.yaml\n',
    },
    'b.yaml:1:17: files import each other in a circle: a.yaml → b.yaml → a.yaml',
  ],
  [
    'a file that is not there',
    task('import_tasks: none.yaml'),
    'play.yaml:3:21: none.yaml: no such file (name it as seen from the folder of this file)',
  ],
  [
    'a fact in the name of a file',
    task('import_tasks: "{{ ansible_facts.kernel }}.yaml"'),
    /^play\.yaml:3:25: .*ansible_facts.* \(this is read before the hosts are: only the vars of the play and -e are known\)$/,
  ],
  [
    'a loop over an import',
    { ...task('import_tasks: a.yaml\nloop: [1]'), 'a.yaml': '[]' },
    'play.yaml:4:7: loop is not supported: imported tasks are read once, before the run (give each of its tasks the loop)',
  ],
  [
    'include_tasks',
    task('include_tasks: a.yaml'),
    'play.yaml:3:7: the module include_tasks is not supported: all of a run is known and checked before it begins (use import_tasks, with when beside it)',
  ],
  [
    'rescue without a block',
    task('rescue: []'),
    'play.yaml:3:7: rescue and always need a block (put the tasks they are for below "block:")',
  ],
  [
    'a state module that is delegated',
    task('check: {what: x}\ndelegate_to: localhost'),
    'play.yaml:4:7: delegate_to beside check: it plans for the host it is of (name that host in hosts of a play of its own)',
  ],
  [
    'another host to delegate to',
    task('command: ls\ndelegate_to: lub'),
    'play.yaml:4:20: delegate_to: "lub" is not supported: only localhost can be delegated to (make a play of it whose hosts name that host)',
  ],
  [
    'check_mode: false beside a state module',
    task('check: {what: x}\ncheck_mode: no'),
    'play.yaml:4:19: check_mode: false beside check: a dry run would change the host (leave it out; it is for command and shell)',
  ],
  [
    'check_mode: false that a state module inherits',
    { 'play.yaml': '- hosts: lab\n  check_mode: no\n  tasks:\n    - check: {what: x}\n' },
    'play.yaml:2:15: check_mode: false beside check: a dry run would change the host (leave it out; it is for command and shell)',
  ],
  [
    'check_mode of a state module that comes to false',
    task('check: {what: x}\nvars: {dry: no}\ncheck_mode: "{{ dry }}"'),
    'play.yaml:5:19: check_mode: false beside check: a dry run would change the host (leave it out; it is for command and shell)',
  ],
  [
    'a state module that runs once',
    task('check: {what: x}\nrun_once: yes'),
    'play.yaml:4:17: run_once beside check: one host would be changed, and the others told that it is done (name that host in hosts of a play of its own, or use when: inventory_hostname == ansible_play_hosts[0])',
  ],
  [
    'a state module with a timeout',
    task('check: {what: x}\ntimeout: 5'),
    'play.yaml:4:16: timeout beside check: a host that is left in the middle of a change is neither as it was nor as it should be (leave it out; it is for command and other words that only run something)',
  ],
  [
    'a fact that there is none of, by another name of it',
    task('debug: {msg: "{{ ansible_date_time.iso8601 }}"}'),
    /^play\.yaml:3:\d+: the fact date_time is not supported: .* \(use command: date and register\)$/,
  ],
  [
    'a result that is read too early',
    {
      'play.yaml':
        '- hosts: lab\n  tasks:\n    - {debug: {msg: "{{ seen }}"}}\n    - {command: ls, register: seen}\n',
    },
    'play.yaml:3:25: "seen" is not defined for lab (play.yaml:4:31 sets it, and does not come before this task on this host)',
  ],
  [
    'a number of tries that is none',
    task('command: ls\nuntil: no\nretries: many'),
    'play.yaml:5:16: retries must be a number, 0 or more, not the string "many"',
  ],
  [
    'a result called as what the run knows',
    task('command: ls\nregister: groups'),
    'play.yaml:4:17: register: groups cannot be set: it tells what the run knows',
  ],
  [
    'a wrong kind of value',
    task('command: ls\nno_log: perhaps'),
    'play.yaml:4:15: no_log must be true or false, not the string "perhaps"',
  ],
  [
    'a file of variables that is not there',
    task('include_vars: none.yaml'),
    /^play\.yaml:3:21: none\.yaml: no such file \(looked for .*vars\/none\.yaml, .*none\.yaml\)$/,
  ],
] as const)('%s is refused at its place', async ([, files, expected]) => {
  const mistakes = await mistakesIn(files)
  if (typeof expected === 'string') expect(mistakes).toEqual([expected])
  else expect(mistakes).toEqual([expect.stringMatching(expected)])
})

test.for([
  ['serial: 2', [['a', 'b'], ['c', 'd'], ['e']]],
  ['serial: "40%"', [['a', 'b'], ['c', 'd'], ['e']]],
  ['serial: "1%"', [['a'], ['b'], ['c'], ['d'], ['e']]],
  ['serial: [1, "50%"]', [['a'], ['b', 'c'], ['d', 'e']]],
  ['serial: 0', [['a', 'b', 'c', 'd', 'e']]],
  [
    'serial: "{{ n }}"',
    [
      ['a', 'b', 'c'],
      ['d', 'e'],
    ],
  ],
  ['order: reverse_sorted', [['e', 'd', 'c', 'b', 'a']]],
  ['order: reverse_inventory', [['d', 'b', 'c', 'a', 'e']]],
  ['order: inventory', [['e', 'a', 'c', 'b', 'd']]],
] as const)('%s divides the hosts as Ansible does', async ([words, batches]) => {
  using project = new Project({
    'hosts.yaml': `all: {hosts: ${words.startsWith('order') ? '{e:, a:, c:, b:, d:}' : '{a:, b:, c:, d:, e:}'}}`,
    'play.yaml': `- hosts: all\n  vars: {n: 3}\n  ${words}\n  tasks: []\n`,
  })
  expect((await project.load()).plays[0]?.batches).toEqual(batches)
})

test('vars_prompt asks once for what -e does not give, and a template in hosts may read it', async () => {
  const files = {
    'play.yaml': `
- hosts: "{{ where }}"
  vars_prompt:
    - {name: where, prompt: Where, private: no}
    - {name: size, prompt: Size, default: 4, confirm: yes}
  tasks:
    - {name: t, debug: {msg: "{{ size }}"}}
`,
  }
  const asked: string[] = []
  const answers = ['lub', '', '']
  const ask = async (question: string) => {
    asked.push(question)
    return answers.shift()
  }
  const run = await loaded(files, { ask })
  expect(asked).toEqual(['Where: ', 'Size [default]: ', 'confirm Size: '])
  expect(run.plays[0]?.hosts).toEqual(['lub'])
  expect(scopeOn(taskOf(run, 't'), 'lub').size).toBe('4')
  expect(await mistakesIn(files, { ask: async () => undefined })).toEqual([
    'play.yaml:4:7: nobody can answer "Where": there is no terminal (give it with -e where=…)',
  ])
  expect((await loaded(files, { extraVars: ['where=lab size=1'] })).plays[0]?.hosts).toEqual(['lab'])
})

test('words of a task come to what the runner needs', async () => {
  const run = await loaded({
    'play.yaml': `
- hosts: all
  any_errors_fatal: yes
  force_handlers: yes
  max_fail_percentage: 30
  tasks:
    - name: t
      shell: make all creates=/x
      args: {chdir: /src, creates: /y}
      register: made
      until: made.rc == 0
      retries: 7
      changed_when: "'new' in made.stdout"
      failed_when: [made.rc != 0, made.rc != 3]
      run_once: yes
      throttle: 2
      delegate_to: "{{ here }}"
      no_log: yes
      timeout: 60
      notify: ["restart {{ v }}", topic]
      vars: {here: localhost}
    - {name: u, command: "true", environment: "{{ nothing | default(omit) }}", delegate_to: "{{ inventory_hostname }}"}
    - {name: w, claim: {file: "{{ nothing | default(omit) }}"}}
  handlers:
    - {name: "restart {{ v }}", command: "true"}
    - {name: other, command: "true", listen: topic}
`,
  })
  const [play] = run.plays
  expect(play).toMatchObject({ anyErrorsFatal: true, forceHandlers: true, maxFailPercentage: 30 })
  expect(play?.handlers.map(({ name }) => name)).toEqual(['restart inventory', 'other'])
  const t = taskOf(run, 't')
  expect(t).toMatchObject({ register: 'made', runOnce: true, throttle: 2, onController: true, noLog: true })
  const made = (result: { rc: number; stdout: string }) =>
    t.scope('lab', { facts: {}, live: new LiveVariables(), locals: { made: { ...result } } })
  const scope = made({ rc: 3, stdout: 'new' })
  expect(t.args(scope)).toMatchObject({ cmd: 'make all', creates: '/x', chdir: '/src' })
  expect(t.notify(scope)).toEqual(['restart inventory', 'topic'])
  expect([t.until?.holds(scope).run, t.until?.retries(scope), t.until?.delay(scope)]).toEqual([false, 7, 5])
  expect([t.changedWhen(scope)?.run, t.failedWhen(scope)?.run]).toEqual([true, false])
  expect(t.timeout?.(scope)).toBe(60)
  const u = taskOf(run, 'u')
  expect([u.onController, u.environment(scopeOn(u, 'lab'))]).toEqual([false, {}])
  const w = taskOf(run, 'w')
  expect(w.args(scopeOn(w, 'lab'))).toEqual({ devices: [], state: 'present' })
})

test('remote_user, port and connection of a play say how its hosts are reached, under the inventory', async () => {
  const run = await loaded({
    'hosts.yaml': 'all: {hosts: {lab:, lub: {ansible_user: own}}}',
    'play.yaml': '- hosts: all\n  remote_user: op\n  port: 2222\n',
  })
  expect([run.targets.get('lab'), run.targets.get('lub')]).toMatchObject([
    { user: 'op', port: 2222 },
    { user: 'own', port: 2222 },
  ])
  expect(
    await mistakesIn({
      'play.yaml': '- hosts: lab\n  remote_user: op\n- hosts: all\n  remote_user: other\n',
    }),
  ).toEqual([
    'play.yaml:4:3: lab is reached in one way throughout a run, and another play says remote_user, port or connection otherwise' +
      ' (say the same in both, or set ansible_user, ansible_port or ansible_connection in the inventory)',
  ])
})
