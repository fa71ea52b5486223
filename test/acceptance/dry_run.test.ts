import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { differences, hostTree } from '../runner/run/host_tree.ts'
import { oneKernel } from '../runner/run/members.ts'
import { replaceProgram, sandboxOf } from '../runner/run/on_host.ts'
import { noSshd } from '../sandbox/sshd.ts'
import { type RealFleet, startRealFleet } from './fleet.ts'

const play = (tasks: string): string =>
  `- hosts: all\n  become: true\n  tasks:\n${tasks.replace(/^/gm, '    ')}\n`

/** Each goes by what those before it have brought about; only the last of three on one file leaves its bytes. */
const SIX = `- name: A file
  copy: {dest: /etc/modprobe.d/vfio.conf, content: "# Ours\\n"}
- name: A line in that file
  driver_blacklist: {drivers: [nouveau], file: /etc/modprobe.d/vfio.conf}
- name: More in that file
  vfio_ids: {devices: ["10de:13c2", "10de:0fbb"], file: /etc/modprobe.d/vfio.conf}
- name: The list of modules, anew
  copy: {dest: /etc/initramfs-tools/modules, content: "# By hand\\nloop"}
- name: Modules in that list, and images that carry all of it
  initramfs_rebuild:
- name: An argument that the loader's menu takes up
  iommu_kernel_args:
`

/** What was shown of files and commands. */
async function shownBy(fleet: RealFleet, playbook: string, ...flags: string[]) {
  const { exitCode, of } = await fleet.watch(playbook, '--diff', ...flags)
  const failures = of('host_failed').map(({ why }) => why)
  const tasks = of('task').map(({ task, status }) => `${status} ${task}`)
  const files = of('diff').map(({ path, before, after }) => ({ path, before, after }))
  return { exitCode, failures, tasks, files, commands: of('command').map(({ argv }) => argv) }
}

/** The dry run shows what the run does, does nothing itself, and what it showed is what is there in the end. */
async function expectTrueToRun(fleet: RealFleet, playbook: string) {
  const sandbox = sandboxOf(fleet)
  const untouched = hostTree(sandbox)
  const dry = await shownBy(fleet, playbook, '--check')
  expect(differences(untouched, hostTree(sandbox))).toEqual([])
  const real = await shownBy(fleet, playbook)
  expect(real).toEqual(dry)
  const last = new Map(dry.files.map(({ path, after }) => [path, after]))
  const there = [...last.keys()].map(path => [path, sandbox.read(path)] as const)
  expect(new Map(there)).toEqual(last)
  const again = await shownBy(fleet, playbook)
  return { dry, again }
}

/** ansible/ansible #31113, #72721: a task that builds on an earlier one fails in check mode, or shows something else. */
describe
  .skipIf(noSshd)
  .concurrent(`a dry run sees its own changes${noSshd ? ` (skipped: ${noSshd})` : ''}`, () => {
    test('six tasks that build on each other are shown byte for byte as the run writes them', async () => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      const { dry } = await expectTrueToRun(fleet, play(SIX))
      expect([dry.exitCode, dry.failures]).toEqual([0, []])
      expect(dry.tasks.filter(line => !line.startsWith('changed '))).toEqual([])
      expect(dry.tasks.length).toBe(6)
      const text = sandboxOf(fleet).read('/etc/modprobe.d/vfio.conf')
      for (const word of ['# Ours', 'blacklist nouveau', '10de:13c2,10de:0fbb']) expect(text).toContain(word)
    })

    test('a text that goes over one that an earlier task has made', async () => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      const { dry, again } = await expectTrueToRun(
        fleet,
        play(`- copy: {dest: /etc/guests, content: "one\\n", mode: "0600"}
- copy: {dest: /etc/guests, content: "one\\ntwo\\n", mode: "0640"}
- copy: {dest: /etc/guests, content: "never\\n", force: false}`),
      )
      expect(dry.tasks).toEqual(['changed copy', 'changed copy', 'ok copy'])
      // As Ansible counts: each of the two changes what the other leaves. The file itself stays as it is.
      expect([again.exitCode, again.tasks, again.files]).toEqual([0, dry.tasks, []])
    })

    test('a template for a program that an earlier task installs, and a text that builds on it', async () => {
      await using fleet = await startRealFleet({ lab: oneKernel })
      const sandbox = sandboxOf(fleet)
      sandbox.write('/var/lib/database', 'installed|libvirt|amd64|9.0|\n')
      replaceProgram(sandbox, 'dpkg-query', 'cat "$VFIO_RUN_ROOT/var/lib/database"')
      replaceProgram(
        sandbox,
        'apt-get',
        'for last; do :; done; echo "installed|$last|amd64|1:7.2|" >>"$VFIO_RUN_ROOT/var/lib/database"',
      )
      mkdirSync(join(fleet.folder, 'templates'))
      writeFileSync(
        join(fleet.folder, 'templates/guests.j2'),
        '{% for n in [1, 2] %}\nguest{{ n }}\n{% endfor %}\n',
      )
      const { dry, again } = await expectTrueToRun(
        fleet,
        play(`- package: {name: qemu, update_cache: false}
- template: {src: guests.j2, dest: /etc/guests}
- package: {name: [libvirt, qemu], update_cache: false}
- template: {src: guests.j2, dest: /etc/guests}`),
      )
      expect(dry.tasks).toEqual(['changed package', 'changed template', 'ok package', 'ok template'])
      expect(again.tasks).toEqual(['ok package', 'ok template', 'ok package', 'ok template'])
    })
  })
