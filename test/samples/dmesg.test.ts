import { expect, it } from 'vitest'
import { isFromTheStart, messagesIn } from '../../src/host/log_lines.ts'
import { groupCount, type KernelMessages, readMessages } from '../../src/verdict/messages.ts'
import { checkConclusion, countOf, type Rule, rulesFor } from './conclusions.ts'
import { type Sample, sampleSuite, samplesOf } from './index.ts'

interface Read {
  readonly sample: Sample
  readonly lines: readonly string[]
  readonly messages: KernelMessages
}

function read(sample: Sample): Read {
  const lines = messagesIn(sample.bytes)
  return { sample, lines, messages: readMessages({ lines, truncated: !isFromTheStart(lines) }) }
}

/** All that the sample has of the IOMMU is that an argument for it was read, which proves no hardware. */
const tellsOfTheArgumentOnly = ({ lines }: Read): boolean =>
  lines.length > 0 && lines.every(line => /IOMMU enabled|Intel-IOMMU: enabled|ommand line: /.test(line))

const isOn = (subject: Read): void => {
  const { is } = subject.messages.iommu
  expect(is).toBe(tellsOfTheArgumentOnly(subject) ? 'asked for' : 'set up')
}
const isNotOn = ({ messages }: Read): void => expect(messages.iommu.is).not.toBe('set up')
const vendorIs =
  (vendor: string) =>
  (subject: Read): void =>
    expect(subject.messages.vendor?.value).toBe(tellsOfTheArgumentOnly(subject) ? undefined : vendor)
const remapping = ({ messages }: Read) => messages.interruptRemapping
const devicesOf = ({ messages }: Read, group: number): string[] =>
  messages.members.filter(one => one.group === group).map(({ device }) => device)
const bugLines = ({ messages }: Read): number => messages.firmwareBugs.flatMap(({ lines }) => lines).length
const printed = (subject: Read): string => (subject.messages.commandLine ?? []).join(' ')

const RULES: readonly Rule<Read>[] = [
  // Whether there is one.
  {
    phrase: /IOMMU enabled: yes|AMD-Vi enabled|-> enabled\b|IOMMU active|IOMMU is enabled|\bDMAR active/i,
    check: isOn,
  },
  {
    phrase:
      /(?:DMA remapping|IOMMU)(?: is|:)? not (?:enabled|usable)|(?<!remapping )not enabled\b|^no IOMMU|\bIOMMU(?: enabled)?:? no\b/i,
    check: isNotOn,
  },
  { phrase: /parser line present/, check: isNotOn },
  {
    phrase: /no groups: IOMMU no|no DMAR table|no DMAR driver lines|^no IOMMU/,
    check: ({ messages }) => expect(messages.members).toEqual([]),
  },
  {
    phrase: /real state from AMD-Vi lines/,
    check: ({ messages }) =>
      expect(messages.iommu).toEqual({ is: 'set up', line: expect.stringContaining('AMD-Vi') }),
  },
  // Whose it is.
  { phrase: /vendor:? (?:is )?amd\b|\bAMD-Vi enabled|AMD-Vi present/i, check: vendorIs('amd') },
  { phrase: /vendor:? (?:is )?intel\b|\(intel, old wording/i, check: vendorIs('intel') },
  { phrase: /neither intel nor amd|ARM SMMU/i, check: vendorIs('arm') },
  {
    phrase:
      /AMD(?:-Vi| IOMMUv2) lines? (?:on Intel )?spurious|AMD IOMMUv2 line spurious|functionality not available".*on Intel/,
    check: ({ messages }) => expect(messages.vendor?.value).toBe('intel'),
  },
  {
    phrase: /is harmless|"AMD-Vi: Unknown option|"Unknown option/,
    applies: ({ conclusion }) => conclusion.includes('Unknown option'),
    check: ({ messages }) => expect(messages.unknownAmdOption).toBeDefined(),
  },
  // Interrupts.
  {
    phrase: /\bIR enabled|Interrupt remapping enabled|active with interrupt remapping/i,
    check: subject => expect(remapping(subject).is).toBe('on'),
  },
  {
    phrase: /\bIR (x2apic|xapic)\b/,
    check: (subject, [, mode]) => expect(remapping(subject)).toMatchObject({ is: 'on', mode }),
  },
  {
    phrase: /X2APIC enabled/,
    applies: ({ conclusion }) => /AMD-Vi enabled/.test(conclusion),
    check: subject => expect(remapping(subject)).toMatchObject({ is: 'on', mode: 'x2apic' }),
  },
  {
    phrase: /\bIR (?:disabled|off)\b|interrupt remapping (?:disabled|off|not enabled)/i,
    check: subject => expect(remapping(subject).is).toBe('off'),
  },
  {
    phrase:
      /\bIR unknown|not stated .*-> unknown|must not match interrupt remapping|"x2apic enabled" .* not evidence/,
    check: subject => expect(remapping(subject).is).toBe('not told'),
  },
  {
    phrase: /x2apic opt-out/,
    check: ({ messages }) => expect(messages.x2apicOptOut).toBeDefined(),
  },
  // Domains and groups.
  {
    phrase: /default domain(?: type)?:? (Passthrough|Translated)/i,
    check: ({ messages }, [, type]) => expect(messages.defaultDomain?.value).toBe(type),
  },
  {
    phrase: /(\d+)(\+?) (?:"Adding to iommu group"|group lines)/,
    check({ messages }, [, count, more]) {
      const seen = messages.members.length
      if (more === '+') expect(seen).toBeGreaterThanOrEqual(Number(count))
      else expect(seen).toBe(Number(count))
    },
  },
  {
    // Some who say groups have counted the lines, of which a group has several.
    phrase: /(?<=^|[,;:+(] ?|\band )(\d+)(\+?) groups(?=\s*(?:[,;.)(]|$))/,
    check({ messages }, [, count, more]) {
      const seen = [groupCount(messages), messages.members.length]
      if (more === '+') expect(Math.max(...seen)).toBeGreaterThanOrEqual(Number(count))
      else expect(seen).toContain(Number(count))
    },
  },
  {
    phrase: /groups present/,
    check: ({ messages }) => expect(groupCount(messages)).toBeGreaterThan(0),
  },
  {
    // `group 7 = 00:08.x + all of 06:00.x`, `group 8 = 60:07.x + 64:* + 65:*`
    phrase: /group (\d+) = ([^()]+)/,
    check(subject, [, group, places = '']) {
      const devices = devicesOf(subject, Number(group))
      const named = places.matchAll(/\b([0-9a-f]{2}):(?:([0-9a-f]{2})\.x|\*)/g)
      for (const [, bus, slot = ''] of named)
        expect(devices.join(' ')).toContain(slot === '' ? `:${bus}:` : `:${bus}:${slot}.`)
    },
  },
  {
    phrase: /platform devices \("(\S+) (\S+): Adding to iommu group (\d+)"\)/,
    check: (subject, [, , device, group]) => expect(devicesOf(subject, Number(group))).toContain(device),
  },
  {
    phrase: /PCI domains (\S+\.\d)/,
    check: ({ messages }, [, address]) =>
      expect(messages.members.map(({ device }) => device)).toContain(address),
  },
  {
    phrase: /no (\d\d:\d\d\.\d) in any group/,
    check({ messages }, [, address]) {
      expect(messages.members.map(({ device }) => device)).not.toContain(`0000:${address}`)
      expect(messages.graphicsExcluded).toBeDefined()
    },
  },
  // Firmware.
  {
    phrase: /(\d+) (?:AMD-Vi )?firmware[- ]bug(?! lines? of)|firmware bugs:? (\d+)/i,
    check: (subject, [, before, after]) => expect(bugLines(subject)).toBe(Number(before ?? after)),
  },
  {
    phrase: /\[Firmware Bug\] lines of one event/,
    check: ({ messages }) => expect(messages.firmwareBugs).toHaveLength(1),
  },
  // Faults.
  {
    phrase: /DMA faults from ([0-9a-f]{2}:[01][0-9a-f]\.[0-7])/,
    check: ({ messages }, [, address]) =>
      expect(messages.faults.map(({ value }) => value)).toContainEqual({
        kind: 'DMA',
        device: `0000:${address}`,
      }),
  },
  {
    phrase: /IO_PAGE_FAULT for (\S+\.[0-7])\/(\S+\.[0-7])/,
    check: ({ messages }, [, first, second]) =>
      expect(new Set(messages.faults.map(({ value }) => value.device))).toEqual(
        new Set([`0000:${first}`, `0000:${second}`]),
      ),
  },
  {
    phrase: /blocked .*interrupt from ([0-9a-f]{2}:[01][0-9a-f]\.[0-7])/,
    check: ({ messages }, [, address]) =>
      expect(messages.faults.map(({ value }) => value)).toContainEqual({
        kind: 'interrupt remapping',
        device: `0000:${address}`,
      }),
  },
  // ACS.
  {
    phrase: /ACS override active/i,
    check: ({ messages }) => expect(messages.acs.active).toMatch(/ACS overrides enabled/),
  },
  {
    phrase: /ACS override requested/i,
    check({ messages }) {
      expect(messages.acs.requested).not.toEqual([])
      expect(messages.acs.active).toBeUndefined()
    },
  },
  {
    phrase: /NOT the ACS override|must not match a search for ACS/,
    check: ({ lines, messages }) =>
      expect(messages.acs.active).toBe(lines.find(line => line.includes('ACS overrides enabled'))),
  },
  // The command line.
  {
    phrase: /Unknown kernel command line parameters" naming .* is normal|lists only/,
    check({ messages }) {
      expect(messages.unknownParameters?.value.all).not.toEqual([])
      expect(messages.unknownParameters?.value.ours).toEqual([])
    },
  },
  {
    phrase: /unknown-parameter line lists only (\S+) and (\S+)/,
    check({ messages }, [, first = '', second = '']) {
      const all = messages.unknownParameters?.value.all ?? []
      expect(all).toHaveLength(2)
      expect(all.filter(token => token.startsWith(first) || token.startsWith(second))).toHaveLength(2)
    },
  },
  {
    // What the conclusion says of the line stands on it: arguments with their values, and names.
    phrase: /on the cmdline|on cmdline|requested/,
    check(subject) {
      const said = subject.sample.conclusion.split(/[;,] (?=so |but )/)[0] ?? ''
      const named = [
        ...said.matchAll(/(?<!no )\b((?:intel_iommu|amd_iommu|iommu|acpi|crashkernel|DEEPIN_\w+)=[^\s;)]*)/g),
      ]
      for (const [, token = ''] of named) expect(printed(subject)).toContain(token.replace(/,$/, ''))
    },
  },
  {
    phrase: /vfio_pci\.ids \(underscore form\)/,
    check: subject => expect(printed(subject)).toMatch(/vfio_pci\.ids=/),
  },
  {
    phrase: /no intel_iommu= on the cmdline/,
    check: subject => expect(printed(subject)).not.toMatch(/intel_iommu=/),
  },
  // VFIO.
  {
    phrase: /\bids? ((?:include )?[0-9a-f]{4}:[0-9a-f]{4}(?:(?:, | and )[0-9a-f]{4}:[0-9a-f]{4})*)/,
    check({ messages }, [, list = '']) {
      const ids = messages.registeredIds.map(({ value }) => value)
      for (const [id] of list.matchAll(/[0-9a-f]{4}:[0-9a-f]{4}/g)) expect(ids).toContain(id)
    },
  },
  {
    phrase: /four GPU functions registered/,
    check: ({ messages }) =>
      expect(messages.registeredIds.filter(({ value }) => !value.startsWith('8086:'))).toHaveLength(4),
  },
  {
    phrase: /vfio-pci probe fails (-\d+) for (\d+) devices/,
    check({ messages }, [, error, count]) {
      const failed = messages.probeFailures.filter(({ value }) => value.error === Number(error))
      expect(new Set(failed.map(({ value }) => value.device)).size).toBe(Number(count))
      expect(failed.every(({ value }) => value.driver === 'vfio-pci')).toBe(true)
    },
  },
  {
    phrase: /must not be read as a vfio-pci probe failure/,
    check: ({ messages }) =>
      expect(messages.probeFailures.filter(({ value }) => value.driver === 'vfio-pci')).toEqual([]),
  },
  {
    phrase: /\bBAR (\d+) of ([0-9a-f:.]+\.[0-7])/,
    check: ({ messages }, [, bar, address]) =>
      expect(messages.heldBars.map(({ value }) => value)).toContainEqual({
        device: `0000:${address}`,
        bar: Number(bar),
      }),
  },
  {
    phrase: /IOMMU state unaffected/,
    check: ({ messages }) => expect(messages.iommu.is).toBe('not told'),
  },
  {
    phrase: /ROM unreadable (0x\w+)|ROM failure: signature (0x\w+)/,
    check: ({ messages }, [, first, second]) =>
      expect(messages.badRoms.map(({ value }) => value.got)).toContain(first ?? second),
  },
  {
    phrase: /Failed to find module '(\w+)'/,
    check: ({ messages }, [, module]) =>
      expect(messages.missingModules.map(({ value }) => value)).toContain(module),
  },
  {
    phrase: /hypervisor (VMware|KVM|Microsoft|Xen|QEMU|VirtualBox|Parallels|bhyve)\b|virtual machine/,
    applies: ({ bytes }) => bytes.includes('Hypervisor detected'),
    check: ({ messages }, [, name]) => expect(messages.hypervisor?.value).toMatch(name ?? /./),
  },
  {
    phrase: /\btruncated\b|begins mid-log|excerpt/,
    check: ({ messages }) => expect(messages.truncated).toBe(true),
  },
  {
    phrase: /CRLF line ends/,
    check: ({ lines }) => expect(lines.join('\n')).not.toContain('\r'),
  },
]

sampleSuite('kernel messages of real hosts', () => {
  const subjects = samplesOf('dmesg').map(read)
  const samples = subjects.map(({ sample }) => sample)

  it('all are read', () => {
    const told = Object.groupBy(subjects, ({ messages }) => messages.iommu.is)
    const counts = Object.entries(told).map(([is, some]) => `${some.length} ${is}`)
    console.log(`dmesg: ${samples.length} logs: ${counts.join(', ')}; ${countOf(RULES, samples)}`)
    for (const { sample, lines } of subjects)
      expect(lines.length > 0, sample.name).toBe(/[^\s`>]/.test(sample.bytes))
  })

  it.each(subjects)('$sample.name: no stamp is left on a message', ({ lines }) => {
    expect(lines.filter(line => /^\[\s*\d+\.\d+\]|^\w{3} \d\d \d\d:\d\d|\r|^\s|\s$/.test(line))).toEqual([])
  })

  it.each(subjects)('$sample.name: every line about a group is understood', ({ lines, messages }) => {
    expect(messages.members).toHaveLength(lines.filter(line => /to iommu group \d/i.test(line)).length)
  })

  it.each(subjects.filter(({ sample }) => rulesFor(RULES, sample).length > 0))(
    '$sample.name: $sample.conclusion',
    subject => {
      checkConclusion(RULES, subject.sample, subject)
    },
  )
})
