import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFromTheStart, messagesIn } from '../../src/host/log_lines.ts'

const MESSAGE = 'DMAR: Intel(R) Virtualization Technology for Directed I/O'

describe('the message is what is left of a line', () => {
  it.each([
    ['nothing before it', MESSAGE],
    ['dmesg', `[    2.085590] ${MESSAGE}`],
    ['a stamp without padding', `[2.085590] ${MESSAGE}`],
    ['blanks and a carriage return at the end', `[ 2.085590] ${MESSAGE} \r`],
    ['the caller of printk', `[    2.085590][    T1] ${MESSAGE}`],
    ['dmesg --ctime', `[Mon Jan  1 14:29:21 2024] ${MESSAGE}`],
    ['dmesg --decode', `kern  :info  : [    2.085590] ${MESSAGE}`],
    ['dmesg --raw', `<6>[    2.085590] ${MESSAGE}`],
    ['the journal', `Jan 01 14:29:21 pve kernel: ${MESSAGE}`],
    ['syslog with the kernel’s stamp', `May 30 17:32:17 localhost kernel: [    0.168655] ${MESSAGE}`],
    ['the journal, short-iso', `2024-01-01T14:29:21+0100 pve kernel: ${MESSAGE}`],
    ['the journal, short-monotonic', `[    2.085590] lab kernel: ${MESSAGE}`],
    ['dmesg --time-format=iso', `2024-01-01T14:29:21,123456+01:00 ${MESSAGE}`],
    ['dmesg --reltime', `[  +0.000123] ${MESSAGE}`],
    ['dmesg --reltime, the first of a minute', `[Jan 1 14:29] ${MESSAGE}`],
    ['a quoted mail', `>>      [    2.085590] ${MESSAGE}`],
    ['Markdown’s indented code', `    [    2.085590] ${MESSAGE}`],
    ['Markdown’s inline code', `\`[    2.085590] ${MESSAGE}\``],
  ])('%s', (_, line) => {
    expect(messagesIn(line)).toEqual([MESSAGE])
  })

  it.each([
    '[Firmware Bug]: AMD-Vi: No southbridge IOAPIC found',
    '[drm] DMAR active, disabling use of stolen memory',
    '[fault reason 05] PTE Write access is not set',
    'pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40',
  ])('%s is no stamp', message => {
    expect(messagesIn(message)).toEqual([message])
  })
})

it('fences and empty lines are no messages', () => {
  expect(messagesIn(`\`\`\`text\n\n${MESSAGE}\n\`\`\`\n`)).toEqual([MESSAGE])
})

it.each([
  [['Linux version 6.1.0', 'x'], true],
  [['-- Logs begin at Mon', 'Linux version 6.1.0'], true],
  // Kernels before 4.6 speak of three controllers first.
  [['Initializing cgroup subsys cpuset', 'x cpu', 'x cpuacct', 'Linux version 3.10.0-1160.el7.x86_64'], true],
  [['a', 'b', 'c', 'd', 'e', 'f', 'Linux version 6.1.0'], false],
  [[], false],
])('%j is from the start of a boot: %s', (messages, whole) => {
  expect(isFromTheStart(messages)).toBe(whole)
})

it('any text gives messages without line ends', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      for (const message of messagesIn(text)) expect(message).toBe(message.trim())
    }),
  )
})
