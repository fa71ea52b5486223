import { shortAddress } from '../host/pci.ts'
import { clockTime, counted, cut, hang, type Paint, visible, widthOf } from '../runner/report/text.ts'
import type { Finding, StageResult } from '../verdict/finding.ts'
import type { Candidate } from './candidates.ts'
import type { InspectDocument, InspectedHost } from './document.ts'
import type { HostMap, MappedDevice } from './map.ts'
import type { Standing } from './standing.ts'

export interface RenderOptions {
  readonly paint: Paint
  readonly columns: number
  /** From 1 on: every group and every device, the board's own too. */
  readonly verbose: number
}

/** What `vfio-run inspect` prints for people: each host with its map, and of several a line each at the end. */
export function renderInspection({ hosts }: InspectDocument, options: RenderOptions): string {
  const entries = Object.entries(hosts)
  const maps = entries.map(([name, host]) => renderHost(name, host, options))
  const summary = entries.length > 1 ? [renderSummary(entries, options)] : []
  return [...maps, ...summary].join('\n')
}

function renderHost(name: string, host: InspectedHost, options: RenderOptions): string {
  const { paint, columns } = options
  const heading = paint('bold', visible(name))
  if (host.status !== 'seen') {
    const { why, hint } = host.error
    return `${heading}\n${hang(`  ${paint('red', host.status)}: `, why, columns)}${hint === '' ? '' : hang('  ', hint, columns)}`
  }
  return [
    `${heading}${host.snapshot === null ? '' : `, as it was on ${clockTime(new Date(host.snapshot))}`}\n`,
    ...headLines(host.map, options),
    ...STATES.map(state => section(host.map, state, options)),
    groupsSection(host.map, options),
  ].join('')
}

const LABEL_WIDTH = 12
const INDENT = ' '.repeat(LABEL_WIDTH)

function labelled(
  label: string,
  text: string,
  colour: Parameters<Paint>[0],
  { paint, columns }: RenderOptions,
): string {
  const padding = ' '.repeat(Math.max(1, LABEL_WIDTH - 2 - label.length))
  return hang(`  ${paint(colour, label)}${padding}`, text, columns)
}

function headLines(map: HostMap, options: RenderOptions): string[] {
  const { machine, standing } = map
  const line = (label: string, text: string, colour: Parameters<Paint>[0] = 'dim') =>
    text === '' ? '' : labelled(label, text, colour, options)
  return [
    line('machine', listed([machineName(machine), machine.cpu])),
    line('system', listed([machine.os, machine.kernel === null ? '' : `kernel ${machine.kernel}`])),
    line('boots', bootsText(map)),
    machine.seenAsRoot ? '' : line('warning', NOT_ROOT, 'yellow'),
    line('verdict', verdictText(standing), STANDING_COLOURS[standing.state]),
    details(standing, options),
    ...(options.verbose > 0 ? standing.stages.map(stage => stageLine(stage, options)) : []),
    ...standing.findings.map(finding => findingLine(finding, options)),
  ]
}

const verdictText = ({ state, stage, says }: Standing): string =>
  `${stage ?? STANDING_WORDS[state]}${says === '' ? '' : `: ${says}`}`

const STANDING_WORDS = { ready: 'ready', on: 'not ready', failed: 'not ready', unknown: 'unknown' } as const

function details(
  { evidence, next }: { readonly evidence: string; readonly next: string },
  { columns }: RenderOptions,
): string {
  const seen = evidence === '' ? '' : hang(`${INDENT}seen: `, evidence, columns)
  return seen + (next === '' ? '' : hang(`${INDENT}next: `, next, columns))
}

/** Every rung of the ladder, for who wants to know by what it was judged. */
function stageLine(stage: StageResult, options: RenderOptions): string {
  const says = stage.is === 'failed' ? stage.finding.what : stage.is === 'passed' ? stage.says : stage.why
  return labelled(stage.is, `${stage.stage}: ${says}`, STAGE_COLOURS[stage.is], options)
}

const STAGE_COLOURS = { passed: 'green', failed: 'red', unknown: 'yellow' } as const

/** Notes, and what is as it must be, are for -v. */
function findingLine(finding: Finding, options: RenderOptions): string {
  const { severity, what } = finding
  const isPressing = severity === 'problem' || severity === 'warning'
  if (!isPressing && options.verbose === 0) return ''
  return labelled(severity, what, SEVERITY_COLOURS[severity], options) + details(finding, options)
}

const SEVERITY_COLOURS = { problem: 'red', warning: 'yellow', note: 'cyan', ok: 'green' } as const

const NOT_ROOT =
  'looked at without root: kernel messages, images and some files could not be read; use -b, or sudo vfio-run inspect'

const STANDING_COLOURS = { ready: 'green', on: 'cyan', failed: 'red', unknown: 'yellow' } as const

const listed = (parts: readonly string[]): string => parts.filter(part => part !== '').join(', ')

function machineName({ vendor, product, board }: HostMap['machine']): string {
  const name = [vendor, product].filter(part => part !== '').join(' ')
  return name === '' ? board : name
}

const bootsText = ({ bootloader, bootloaderEvidence, initramfs }: HostMap): string =>
  (bootloader === null ? bootloaderEvidence : `by ${bootloader} (${bootloaderEvidence})`) +
  (initramfs === null ? '' : `; images made by ${initramfs}`)

const STATES = ['ready', 'free', 'possible', 'not'] as const
type State = (typeof STATES)[number]

const HEADINGS: Record<State, { title: string; colour: Parameters<Paint>[0] }> = {
  ready: { title: 'Ready: VFIO has it', colour: 'green' },
  free: { title: 'Free: could be passed through', colour: 'cyan' },
  possible: { title: 'Possible once the IOMMU is on', colour: 'yellow' },
  not: { title: 'Not: something stands in the way', colour: 'red' },
}

function section(map: HostMap, state: State, options: RenderOptions): string {
  const own = map.candidates.filter(candidate => candidate.state === state)
  if (own.length === 0) return ''
  const { title, colour } = HEADINGS[state]
  const byAddress = new Map(map.devices.map(device => [device.address, device]))
  const alike = [...Map.groupBy(own, candidate => likeness(candidate, byAddress)).values()]
  return `\n  ${options.paint(colour, title)}\n${alike.map(some => block(some, byAddress, options)).join('')}`
}

/** Candidates that differ in nothing but their place are told together. */
function likeness(candidate: Candidate, devices: Devices): string {
  const own = candidate.devices.map(address => devices.get(address))
  const obstacles = candidate.obstacles.map(({ device, what }) => [candidate.devices.indexOf(device), what])
  return JSON.stringify([own.map(device => [device?.id, device?.driver]), obstacles, candidate.company])
}

type Devices = ReadonlyMap<string, MappedDevice>

function block(alike: readonly Candidate[], devices: Devices, options: RenderOptions): string {
  const [first] = alike
  if (first === undefined) return ''
  const { columns } = options
  const lines = [...first.devices, ...first.company].flatMap(address => {
    const device = devices.get(address)
    return device === undefined ? [] : [deviceLine(device, columns)]
  })
  const others = alike.slice(1).flatMap(({ devices: own }) => own.slice(0, 1).map(shortAddress))
  const notes = [
    others.length === 0 ? '' : `and ${counted(others.length, 'other')} like it: ${shortened(others)}`,
    first.company.length === 0 ? '' : SHARED_GROUP[first.state],
    ...first.obstacles.map(({ device, what }) =>
      device === first.devices[0] ? what : `${shortAddress(device)} ${what}`,
    ),
    first.state === 'not' ? '' : selectorsText(alike),
  ]
  return [
    ...lines,
    ...notes.filter(note => note !== '').map(note => hang(' '.repeat(NOTE_INDENT), note, columns)),
  ].join('')
}

const TOGETHER = 'they share an IOMMU group, and can only go to one guest together'
const SHARED_GROUP: Record<State, string> = {
  ready: TOGETHER,
  free: TOGETHER,
  possible: TOGETHER,
  not: 'they share an IOMMU group',
}

/** All of a few, and the first and last of many: -v lists them. */
const shortened = (addresses: readonly string[]): string =>
  addresses.length <= MOST_ADDRESSES
    ? addresses.join(' ')
    : `${addresses.slice(0, MOST_ADDRESSES - 2).join(' ')} … ${addresses.at(-1)}`

const MOST_ADDRESSES = 12

function selectorsText(alike: readonly Candidate[]): string {
  const selectors = alike.slice(0, MOST_SELECTORS).map(({ selector }) => selector)
  return `devices: [${[...selectors, ...(alike.length > MOST_SELECTORS ? ['…'] : [])].join(', ')}]`
}

const MOST_SELECTORS = 3
const NOTE_INDENT = 14

/** `    02:00.0   NVIDIA GM204 [GeForce GTX 970] [10de:13c2], nouveau, group 12`; the name gives way. */
function deviceLine(device: MappedDevice, columns: number): string {
  const head = `    ${shortAddress(device.address).padEnd(NOTE_INDENT - 5)} `
  const tail = ` [${device.id}]${driverText(device)}${groupText(device)}`
  const room = columns - widthOf(head) - widthOf(tail)
  return `${head}${cut(visible(device.name === '' ? device.kind : device.name), Math.max(8, room))}${tail}\n`
}

function driverText({ driver }: MappedDevice): string {
  if (driver === null) return ''
  return driver === '' ? ', no driver' : ` on ${visible(driver)}`
}

const groupText = ({ group }: MappedDevice): string => (group === null ? '' : `, group ${group}`)

function groupsSection(map: HostMap, options: RenderOptions): string {
  const { columns, verbose } = options
  const told = new Set(map.candidates.flatMap(({ devices, company }) => [...devices, ...company]))
  const left = map.devices.filter(({ address }) => !told.has(address))
  const bridges = left.filter(({ bridge }) => bridge).length
  const groups = map.groups.length === 0 ? 'no IOMMU groups' : counted(map.groups.length, 'IOMMU group')
  const summary = `${groups}; ${counted(map.devices.length, 'PCI device')}, of which ${counted(bridges, 'bridge')} and ${left.length - bridges} of the board stay with the host`
  if (verbose === 0) return `\n${hang('  ', `${summary} (-v lists them)`, columns)}`
  return `\n${hang('  ', summary, columns)}${allGroups(map, options)}`
}

function allGroups(map: HostMap, { columns, paint }: RenderOptions): string {
  const candidates = new Map(
    map.candidates.flatMap(one => [...one.devices, ...one.company].map(address => [address, one.state])),
  )
  const line = (device: MappedDevice, label: string) => {
    const state = candidates.get(device.address)
    const head = `    ${label.padStart(5)}  ${shortAddress(device.address).padEnd(9)}`
    const tail = ` [${device.id}]${driverText(device)}${state === undefined ? '' : `: ${state}`}`
    const room = Math.max(8, columns - widthOf(head) - widthOf(tail))
    const name = cut(visible(device.name === '' ? device.kind : device.name), room)
    const text = `${head}${name}${tail}`
    return `${state === undefined ? text : paint(HEADINGS[state].colour, text)}\n`
  }
  const byGroup = Map.groupBy(map.devices, ({ group }) => group ?? -1)
  return [...byGroup]
    .sort(([a], [b]) => a - b)
    .flatMap(([group, members]) =>
      members.map((device, index) => line(device, index > 0 ? '' : group < 0 ? 'none' : String(group))),
    )
    .join('')
}

/** Of many hosts: where each stands. */
function renderSummary(
  entries: readonly (readonly [string, InspectedHost])[],
  { paint, columns }: RenderOptions,
): string {
  const nameWidth = Math.min(24, Math.max(4, ...entries.map(([name]) => widthOf(visible(name)))))
  const row = (name: string, counts: readonly string[], text: string) => {
    const head = `${cut(name, nameWidth).padEnd(nameWidth)} ${counts.map(count => count.padStart(5)).join(' ')}  `
    return `${head}${cut(text, Math.max(8, columns - widthOf(head)))}\n`
  }
  const header = paint('bold', row('host', ['ready', 'free', 'poss.', 'not'], 'verdict').trimEnd())
  return `${header}\n${entries
    .map(([name, host]) =>
      host.status === 'seen'
        ? paint(
            STANDING_COLOURS[host.map.standing.state],
            row(visible(name), countsOf(host.map), visible(inBrief(host.map.standing))),
          )
        : paint(
            'red',
            row(visible(name), ['-', '-', '-', '-'], visible(`${host.status}: ${host.error.why}`)),
          ),
    )
    .join('')}`
}

/** Up to where it goes into particulars: a line is short. */
const inBrief = (standing: Standing): string => verdictText(standing).split('; ', 1).join('')

const countsOf = ({ candidates }: HostMap): string[] =>
  STATES.map(state => String(candidates.filter(candidate => candidate.state === state).length))
