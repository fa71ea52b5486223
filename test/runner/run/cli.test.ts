import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modules } from '../../../src/modules/index.ts'
import type { RunEvent } from '../../../src/runner/events.ts'
import { vfioRun } from '../../cli/vfio_run.ts'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import { differences, hostTree } from './host_tree.ts'
import { oneKernel } from './members.ts'
import { sandboxOf } from './on_host.ts'
import { writePlaybook } from './play_fleet.ts'

const HOST = 'z170-a'
const FLAGSHIP = 'playbooks/gpu.yaml'

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet({ [HOST]: oneKernel })
})
afterAll(() => fleet?.[Symbol.asyncDispose]())

const onFleet = (...flags: string[]): string[] => [
  FLAGSHIP,
  ...['-i', fleet.inventory, '--known-hosts', fleet.knownHosts],
  ...flags,
]

const jsonEvents = (stdout: string): RunEvent[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

describe.concurrent('--help', () => {
  test('fits into 80 columns, and has every exit code, every flag and an example', async () => {
    const { exitCode, stdout, stderr } = await vfioRun('--help')
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([])
    const codes = [...stdout.matchAll(/^ {2}(\d+) {2}\S/gm)].map(([, code]) => Number(code))
    expect(codes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 130])
    const source = ['run', 'options'].map(file => readFileSync(`src/cli/${file}.ts`, 'utf8')).join('')
    const flags = [...source.matchAll(/[(]\s*'(?:-\w, )?(--[a-z-]+)/g)].map(([, flag]) => flag ?? '')
    expect(flags.length).toBeGreaterThan(30)
    // What is accepted for the sake of those who have it in their scripts.
    expect(flags.filter(flag => !stdout.includes(flag))).toEqual(['--flush-cache'])
    expect(stdout).toMatch(/^Example:\n {2}vfio-run playbooks\/gpu\.yaml -i hosts\.yaml/m)
  })

  test('of the modules: a list, and the documentation of each', async () => {
    const list = await vfioRun('modules')
    expect([list.exitCode, [...modules.keys()].filter(name => !list.stdout.includes(name))]).toEqual([0, []])
    const one = await vfioRun('modules', 'vfio_ids')
    expect([one.exitCode, one.stderr]).toEqual([0, ''])
    for (const word of ['devices', 'state', 'file', 'notify: reboot']) expect(one.stdout).toContain(word)
  })

  test('--version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(await vfioRun('--version')).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe.concurrent('exit code 5, a short message and no stack trace follow', () => {
  const inventoryWith = (text: string): string => {
    const path = join(fleet.folder, `hosts-${text.length}.yaml`)
    writeFileSync(path, text)
    return path
  }

  test.for([
    ['an unknown flag', () => onFleet('--chek'), /unknown option '--chek'\n\(Did you mean --check\?\)/],
    ['no playbook', () => [], /missing required argument 'playbook'/],
    ['no inventory', () => [FLAGSHIP], /no inventory\n.*-i hosts\.yaml/],
    [
      'an inventory that is not there',
      () => [FLAGSHIP, '-i', '/none/hosts.yaml'],
      /\/none\/hosts\.yaml {2}no such file/,
    ],
    [
      'a playbook that is not there',
      () => ['none.yaml', '-i', fleet.inventory],
      /none\.yaml {2}no such file/,
    ],
    [
      'an inventory that is no YAML',
      () => [FLAGSHIP, '-i', inventoryWith('all: [')],
      /hosts-\d+\.yaml:1:7\n {2}not YAML: /,
    ],
    [
      'an unknown key',
      () => [FLAGSHIP, '-i', inventoryWith('all:\n  host:\n    a:\n')],
      /:2:3\n {2}unknown key "host" in a group\n {2}did you mean "hosts"\?/,
    ],
    [
      'a playbook with an unknown module',
      () => [writePlaybook(fleet, '- hosts: all\n  tasks:\n    - vfio_idz: {}\n'), '-i', fleet.inventory],
      /play-\d+\.yaml:3:7\n[\s\S]*vfio_idz[\s\S]*vfio_ids/,
    ],
    [
      "a module of Ansible's that there is not",
      () => ['modules', 'apt'],
      /apt is not supported: one module serves all package managers\n *use package/,
    ],
    [
      'documentation of an unknown module',
      () => ['modules', 'vfio_idz'],
      /there is no module "vfio_idz"\n.*did you mean "vfio_ids"\?/,
    ],
    ['an unknown host', () => onFleet('--limit', 'z170-b'), /z170-b[\s\S]*z170-a/],
    [
      'a variable with a slip',
      () => onFleet('-e', '{"vfio_blacklst": ["nouveau"]}'),
      /^-e:1:2 {2}nothing reads the variable "vfio_blacklst"\n +did you mean "vfio_blacklist"\?/,
    ],
    [
      'no device at all',
      () => onFleet('-e', '{"vfio_devices": []}'),
      /vfio_ids\.devices: must name at least one/,
    ],
    ['an inventory without a host', () => [FLAGSHIP, '-i', inventoryWith('all:')], /names no host/],
    [
      'a pattern that leaves no host',
      () => onFleet('--limit', '!all'),
      /--limit {2}leaves no host of any play/,
    ],
    ['a number of forks that is none', () => onFleet('--forks', '0'), /a whole number from 1/],
    ['-K without a terminal', () => onFleet('-K'), /no terminal to ask for the become password/],
    [
      'an id that is no vendor:device',
      () => onFleet('-e', '{"vfio_devices": ["10de-1aef"]}'),
      /^-e:1:19 {2}[\s\S]*"10de-1aef" is neither[\s\S]*write it as 10de:1aef[\s\S]*playbooks\/gpu\.yaml:\d+:\d+/,
    ],
    [
      'a variable that nothing defines',
      () => [FLAGSHIP, '-i', inventoryWith('all:\n  hosts:\n    lone:\n')],
      /vfio_devices/,
    ],
  ] as const)('%s', async ([, args, message], context) => {
    const { expect } = context
    const { exitCode, stdout, stderr } = await vfioRun(...args())
    expect([exitCode, stdout]).toEqual([5, ''])
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^\s+at .*[:(]\d+|node:internal|UserError/m)
  })
})

describe.concurrent('without touching a host', () => {
  test.for([
    [
      '--list-hosts',
      "\nplaybook: playbooks/gpu.yaml\n\n  play #1 (all): PCI passthrough\tTAGS: []\n    pattern: ['all']\n    hosts (1):\n      z170-a\n",
    ],
    [
      '--list-tasks',
      /^ {2}play #1 \(all\): PCI passthrough\tTAGS: \[\]\n {4}tasks:\n {6}Turn the IOMMU on\tTAGS: \[\]\n[\s\S]* {4}handlers:\n {6}reboot\tTAGS: \[\]\n$/m,
    ],
    ['--syntax-check', 'playbooks/gpu.yaml: no mistakes found\n'],
    ['--list-tags', /TASK TAGS: \[\]\n$/],
  ] as const)('%s does what it says', async ([flag, expected], context) => {
    const { exitCode, stdout, stderr } = await vfioRun(FLAGSHIP, '-i', fleet.inventory, '-K', flag)
    context.expect([exitCode, stderr]).toEqual([0, ''])
    if (typeof expected === 'string') context.expect(stdout).toBe(expected)
    else context.expect(stdout).toMatch(expected)
  })

  test('a host that cannot be reached gives exit code 4, in the recap and in words', async () => {
    const inventory = join(fleet.folder, 'closed.yaml')
    writeFileSync(
      inventory,
      readFileSync(fleet.inventory, 'utf8').replace(/ansible_port: \d+/, 'ansible_port: 1'),
    )
    const { exitCode, stdout } = await vfioRun(FLAGSHIP, '-i', inventory, '--known-hosts', fleet.knownHosts)
    expect(exitCode).toBe(4)
    expect(stdout).toMatch(/127\.0\.0\.1:1\s+refuses\s+the\s+connection/)
    expect(stdout).toMatch(/^z170-a +: ok=0 +changed=0 +unreachable=1 +failed=0/m)
  })
})

test('a reader that goes away early is no defect', async () => {
  const child = spawn(process.execPath, ['src/cli.ts', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let said = ''
  child.stderr.on('data', piece => {
    said += String(piece)
  })
  const [exitCode] = await once(child, 'close')
  expect([exitCode, said]).toEqual([0, ''])
})

describe('on a host', () => {
  test('--check --diff shows the files, exits 0, with --detailed-exitcode 3, and changes nothing', async () => {
    const before = hostTree(sandboxOf(fleet))
    const dry = await vfioRun(...onFleet('--check', '--diff'))
    expect([dry.exitCode, dry.stderr]).toEqual([0, ''])
    expect(dry.stdout).toContain('+options vfio-pci ids=10de:13c2,10de:0fbb,1b73:1100')
    expect((await vfioRun(...onFleet('--check', '--detailed-exitcode'))).exitCode).toBe(3)
    expect(differences(before, hostTree(sandboxOf(fleet)))).toEqual([])
  })

  test('a host that is blocked gives exit code 2', async () => {
    const { exitCode, stdout } = await vfioRun(...onFleet('-e', '{"vfio_devices": ["01:00.0"]}'))
    expect(exitCode).toBe(2)
    expect(stdout).toMatch(/is\s+the\s+boot\s+display/)
  })

  test('one Ctrl-C ends the run after the step it is in: exit code 130, the work whole, no reboot', async () => {
    const { bootId } = sandboxOf(fleet).running
    const child = spawn(process.execPath, ['src/cli.ts', ...onFleet('--output', 'json')])
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', line => {
      lines.push(line)
      const event: RunEvent = JSON.parse(line)
      if (event.event === 'output' && event.step.startsWith('update-initramfs') && event.line === '')
        child.kill('SIGINT')
    })
    expect(await once(child, 'close')).toEqual([130, null])
    const events = jsonEvents(lines.join('\n'))
    expect(events.find(({ event }) => event === 'warning')).toMatchObject({
      why: expect.stringContaining('interrupted'),
    })
    expect(events.at(-1)).toMatchObject({ event: 'recap', exitCode: 130 })
    const sandbox = sandboxOf(fleet)
    expect(sandbox.running.bootId).toBe(bootId)
    expect(sandbox.read('/boot/grub/grub.cfg')).toContain('intel_iommu=on')
    expect(sandbox.read('/var/lib/vfio-run/lock')).toBe('')
  })

  test('--output json is one object a line, and the last is the recap', async () => {
    const { exitCode, stdout, stderr } = await vfioRun(...onFleet('--output', 'json'))
    const events = jsonEvents(stdout)
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(events[0]).toMatchObject({ event: 'run', playbook: FLAGSHIP, hosts: [HOST] })
    expect(events.at(-1)).toEqual({
      event: 'recap',
      exitCode: 0,
      hosts: { [HOST]: expect.objectContaining({ failed: 0, unreachable: 0, rebootPending: '' }) },
    })
  })

  test('another run that holds the lock gives exit code 7', async () => {
    const sandbox = sandboxOf(fleet)
    sandbox.write('/var/lib/vfio-run/lock', `other ${Math.floor(Date.now() / 1000) + 600} eve@elsewhere\n`)
    const { exitCode, stdout } = await vfioRun(...onFleet('-e', 'vfio_state=absent'))
    expect(exitCode).toBe(7)
    expect(stdout).toMatch(/run\s+other\s+by\s+eve@elsewhere\s+holds\s+the\s+lock/)
  })
})
