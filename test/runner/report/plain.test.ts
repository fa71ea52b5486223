import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/runner/events.ts'
import { createPlainReport } from '../../../src/runner/report/plain.ts'
import { counts, exampleRun, paper } from './example_run.ts'

function plain(
  events: readonly RunEvent[],
  settings: { verbose?: number; columns?: number; color?: boolean } = {},
) {
  const { verbose = 0, columns = 80, color = false } = settings
  const stdout = paper({ columns })
  let time = 0
  const report = createPlainReport({ stdout, color, verbose, now: () => time })
  for (const event of events) {
    // Every reboot takes 41 s.
    if (event.event === 'phase' && event.phase === 'prove') time += 41_000
    report.onEvent(event)
  }
  return stdout.text()
}

test('a run reads as lines that each name their host', () => {
  expect(plain(exampleRun)).toBe(`\
playbooks/gpu.yaml on 3 hosts

PLAY [GPU passthrough] lab1, lab2, far-away
far-away: unreachable  no answer from 192.0.2.7 port 22 within 10 s
                       is it switched on?
lab2:     blocked  Claim the devices for vfio-pci: 0000:00:17.0 is the
                   controller of / and has the id of a chosen device
                   choose the device by its address
lab1:     ok       Turn the IOMMU on: intel_iommu=on is in effect
lab1:     changed  Claim the devices for vfio-pci: vfio-pci claims 10de:13c2,
                   10de:0fbb, which nouveau and snd_hda_intel hold now
lab1:     boots    by GRUB (BOOT_IMAGE= is on the command line, update-grub is
                   installed); its images are made by initramfs-tools
lab1:     create   /etc/modprobe.d/vfio.conf
--- (absent)
+++ /etc/modprobe.d/vfio.conf
@@ -0,0 +1,1 @@
+options vfio-pci ids=10de:13c2,10de:0fbb
lab1:     edit     /etc/motd
--- /etc/motd
+++ /etc/motd
@@ -1,1 +1,1 @@
-\\xe9t\\xe9
+été
lab1:     remove   /etc/modprobe.d/old.conf
--- /etc/modprobe.d/old.conf
+++ (absent)
@@ -1,1 +0,0 @@
-blacklist x
lab1:     run      update-initramfs -u -k all: the images lack
                   /etc/modprobe.d/vfio.conf
lab1:     warning  kernel messages of this boot are truncated
warning: ansible.cfg: remote_tmp is ignored
lab1:     reboot   started
lab1:     reboot   back after 41 s
lab1:     ok       Prove the binding: 02:00.0 and 02:00.1 are on vfio-pci
lab1:       warning  02:00.0 VGA controller [10de:13c2] runs at PCIe x1, and it
                     can do x16
                     seen: /sys/bus/pci/devices/0000:02:00.0/current_link_width
                           is 1
                     next: seat it anew

FAILURES
far-away: unreachable  no answer from 192.0.2.7 port 22 within 10 s
                       is it switched on?
lab2:     blocked  Claim the devices for vfio-pci: 0000:00:17.0 is the
                   controller of / and has the id of a chosen device
                   choose the device by its address

PLAY RECAP
lab1                       : ok=2    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   
lab2                       : ok=0    changed=0    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0   
far-away                   : ok=0    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0   
`)
})

test('a dry run says that nothing is changed, and what would be run', () => {
  const events: RunEvent[] = [
    { event: 'run', playbook: 'gpu.yaml', check: true, hosts: ['lab1'] },
    { event: 'play', play: 'GPU', hosts: ['lab1'] },
    { event: 'command', host: 'lab1', argv: ['sh', '-c', "echo it's"], reason: 'it must', check: true },
  ]
  expect(plain(events)).toBe(
    "gpu.yaml on 1 host, dry run: nothing is changed\n\nPLAY [GPU] lab1\nlab1: would    run sh -c 'echo it'\\''s': it must\n",
  )
})

test('a device that moves to another driver is named with both', () => {
  const bind = { event: 'bind', host: 'lab1', address: '0000:02:00.0', id: '10de:13c2' } as const
  expect(
    plain([
      { ...bind, from: 'nouveau', to: 'vfio-pci', check: true },
      { ...bind, from: 'vfio-pci', to: '', check: false },
      { ...bind, from: '', to: 'vfio-pci', check: false },
    ]),
  ).toBe(`lab1: would    bind 0000:02:00.0 [10de:13c2] from nouveau to vfio-pci
lab1: bind     0000:02:00.0 [10de:13c2] from vfio-pci to the kernel's own choice
lab1: bind     0000:02:00.0 [10de:13c2] from no driver to vfio-pci
`)
})

test('-v shows what long steps print, and what the run cost', () => {
  const text = plain(exampleRun, { verbose: 1 })
  expect(text).not.toContain('lab1:     look\n')
  expect(text).toContain('lab1:     | update-initramfs: Generating /boot/initrd.img-6.1.0-44-amd64\n')
  expect(text).toContain('    cost: 2 connections, 3 scripts run\n')
})

test('-vv shows every phase', () => {
  expect(plain(exampleRun, { verbose: 2 })).toContain('lab1:     look\n')
})

test('a host that tries to connect after its reboot is not back yet', () => {
  const phases = (['reboot', 'reboot', 'connect', 'prove'] as const).map(
    phase => ({ event: 'phase', host: 'lab1', phase }) satisfies RunEvent,
  )
  expect(plain(phases)).toBe('lab1: reboot   started\nlab1: reboot   back after 41 s\n')
})

test('a failed command shows what it printed, and again at the end', () => {
  const events: RunEvent[] = [
    {
      event: 'host_failed',
      host: 'lab1',
      status: 'failed',
      why: 'update-grub ended with 1',
      output: ['Generating grub configuration file ...', 'error: \x1b[31mout of disk.'],
    },
    { event: 'recap', hosts: { lab1: counts({ failed: 1 }) }, exitCode: 2 },
  ]
  const shown =
    'lab1: failed   update-grub ended with 1\nlab1: | Generating grub configuration file ...\nlab1: | error: ^[[31mout of disk.\n'
  expect(plain(events).startsWith(`${shown}\nFAILURES\n${shown}\nPLAY RECAP\n`)).toBe(true)
})

test.each([
  ['the same is said once', 'do this', 1],
  ['another hint is said too', 'do that', 2],
])('a host that fails by its blocked task: %s', (_title, hint, times) => {
  const events: RunEvent[] = [
    {
      event: 'task',
      host: 'a',
      play: 'p',
      task: 't',
      module: 'm',
      status: 'blocked',
      why: 'no',
      hint: 'do this',
    },
    { event: 'host_failed', host: 'a', status: 'failed', why: 'no', hint },
  ]
  expect(plain(events).match(/do th/g)).toHaveLength(times)
})

const checked = (status: 'ok' | 'blocked', why: string, hint?: string): RunEvent => ({
  event: 'task',
  host: 'lab1',
  play: 'GPU',
  task: 'Check the hardware',
  module: 'check_hardware',
  status,
  why,
  ...(hint === undefined ? {} : { hint }),
})
const found = (
  severity: 'ok' | 'note' | 'warning' | 'problem',
  what: string,
  evidence: string,
  next: string,
): RunEvent => ({
  event: 'finding',
  host: 'lab1',
  play: 'GPU',
  task: 'Check the hardware',
  stage: 'usable',
  severity,
  what,
  evidence,
  next,
})
const report: readonly RunEvent[] = [
  checked('ok', 'Intel Core i7-6700K, VT-d on, 17 groups, 2 graphics cards: 1 warning, 1 note'),
  found(
    'warning',
    '02:00.0 VGA controller [10de:13c2] runs at PCIe x1, and it can do x16',
    '/sys/bus/pci/devices/0000:02:00.0/current_link_width is 1',
    "seat it anew, or look for what shares its lanes (the board's manual says which slots do)",
  ),
  found('note', '01:00.0 VGA controller [10de:1c03] is the boot display', 'boot_vga is 1', ''),
  found('ok', 'VT-d is on (dmar0)', '/sys/class/iommu', ''),
]

test('what a task found out stands below it: what must be acted on says what shows it, and what to do', () => {
  expect(plain(report)).toBe(`\
lab1: ok       Check the hardware: Intel Core i7-6700K, VT-d on, 17 groups, 2
               graphics cards: 1 warning, 1 note
lab1:   warning  02:00.0 VGA controller [10de:13c2] runs at PCIe x1, and it can
                 do x16
                 seen: /sys/bus/pci/devices/0000:02:00.0/current_link_width is 1
                 next: seat it anew, or look for what shares its lanes (the
                       board's manual says which slots do)
lab1:   note     01:00.0 VGA controller [10de:1c03] is the boot display
`)
})

test('with -v notes say so too, and what is as it must be is listed', () => {
  expect(plain(report, { verbose: 1 })).toMatch(
    /\nlab1: {3}note {5}01:00\.0 .*\n {17}seen: boot_vga is 1\nlab1: {3}ok {7}VT-d is on \(dmar0\)\n {17}seen: \/sys\/class\/iommu\n$/,
  )
})

test('what a blocked task is blocked by is not told twice, but shown', () => {
  const why = 'VT-d is switched off in firmware'
  const events = [
    checked('blocked', why, 'switch it on'),
    found('problem', why, '/sys/firmware/acpi/tables has no DMAR', 'switch it on'),
    found('problem', 'kernel 6.12.0: no vfio-pci', 'modules.dep', 'install a full kernel'),
  ]
  expect(plain(events)).toBe(`\
lab1: blocked  Check the hardware: VT-d is switched off in firmware
               switch it on
               seen: /sys/firmware/acpi/tables has no DMAR
lab1:   problem  kernel 6.12.0: no vfio-pci
                 seen: modules.dep
                 next: install a full kernel
`)
})

test('what several tasks find is told below the first of them, for each host', () => {
  const warning = found('warning', 'the firmware has a fault', 'its own word', 'look for newer firmware')
  const other = found('warning', 'the firmware has a fault', 'another word of it', '')
  const events = [checked('ok', 'one'), warning, checked('ok', 'two'), warning, other]
  const elsewhere = { ...warning, host: 'lab2' }
  const text = plain([...events, { ...checked('ok', 'three'), host: 'lab2' }, elsewhere])
  expect(text.match(/^lab\d: .*$/gm)).toEqual([
    'lab1: ok       Check the hardware: one',
    'lab1:   warning  the firmware has a fault',
    'lab1: ok       Check the hardware: two',
    'lab1:   warning  the firmware has a fault',
    'lab2: ok       Check the hardware: three',
    'lab2:   warning  the firmware has a fault',
  ])
})

test('a finding is coloured by how much it matters, and never brings its own colours', () => {
  const [text] = plain([found('problem', 'a \x1b[31mmessage', '', '')], { color: true }).split('\n')
  expect(text).toBe('lab1:   \x1b[31mproblem\x1b[39m  a ^[[31mmessage')
})

test('more hosts than one reads are counted, and named as an inventory names them', () => {
  const hosts = Array.from({ length: 9 }, (_, index) => `lab${index}`)
  expect(plain([{ event: 'play', play: 'All', hosts }])).toBe('\nPLAY [All] 9 hosts: lab[0:8]\n')
})

test('lines keep to the width of the terminal, but words stay whole', () => {
  const why = `${'word '.repeat(30)}/a/path/that/is/longer/than/the/whole/terminal/is/wide/and/stays/in/one/piece`
  const event: RunEvent = { event: 'warning', host: 'lab1', why }
  const lines = plain([event], { columns: 50 }).trimEnd().split('\n')
  expect(lines.at(-1)?.trim()).toBe(
    '/a/path/that/is/longer/than/the/whole/terminal/is/wide/and/stays/in/one/piece',
  )
  for (const line of lines.slice(0, -1)) expect(line.length).toBeLessThanOrEqual(50)
})

test('a host cannot move the cursor or colour the terminal through any of its texts', () => {
  const evil = '\x1b]0;x\x07\u202e'
  const events: RunEvent[] = [
    { event: 'play', play: evil, hosts: [evil] },
    { event: 'task', host: evil, play: '', task: evil, module: '', status: 'blocked', why: evil, hint: evil },
    { event: 'diff', host: evil, path: evil, before: evil, after: undefined },
    { event: 'command', host: evil, argv: [evil], reason: evil, check: false },
    { event: 'bind', host: evil, address: evil, id: evil, from: evil, to: evil, check: false },
    { event: 'output', host: evil, step: evil, line: evil },
    { event: 'phase', host: evil, phase: 'apply', detail: evil },
    { event: 'host_failed', host: evil, status: 'failed', why: 'other', output: [evil] },
    { event: 'recap', hosts: { [evil]: counts({ rebootPending: evil }) }, exitCode: 2 },
  ]
  expect(plain(events, { verbose: 1 })).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/)
})

test('colours change no text', () => {
  const uncoloured = plain(exampleRun, { color: true }).replace(/\x1b\[\d+m/g, '')
  expect(uncoloured).toBe(plain(exampleRun))
  expect(plain(exampleRun, { color: true })).not.toBe(uncoloured)
})

test('without columns lines are 80 wide', () => {
  const stdout = paper()
  const report = createPlainReport({ stdout, color: false, verbose: 0, now: () => 0 })
  report.onEvent({ event: 'warning', why: 'word '.repeat(40) })
  const lines = stdout.text().trimEnd().split('\n')
  expect(Math.max(...lines.map(line => line.length))).toBeGreaterThan(70)
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80)
})
