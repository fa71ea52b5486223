import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { findBootloader } from '../src/backends/bootloaders/index.ts'
import { isShellProblem, parseShellConfig } from '../src/backends/shell/config.ts'
import { RULES_FILE } from '../src/host/address_binding.ts'
import { boot } from '../src/host/boot.ts'
import { type Bytes, bytesFromBuffer } from '../src/host/bytes.ts'
import { applyChanges, type Change, editsOf } from '../src/host/change.ts'
import { FilesMoved } from '../src/host/facts/files.ts'
import { FramesBroken, gather, readFrames } from '../src/host/gather.ts'
import type { Host } from '../src/host/host.ts'
import { keyOf, splitArgs } from '../src/host/kernel_args.ts'
import { moduleName, parseModprobe } from '../src/host/modprobe.ts'
import { isRefusal } from '../src/refusal.ts'
import { type Plan, planTasks } from '../src/runner/plan.ts'
import { recordedHosts } from './hosts/index.ts'
import { type Scenario, scenariosFor } from './laws/calls.ts'
import { EFFORT } from './laws/effort.ts'
import { anyBytes, fileBytes, hostLike } from './laws/hosts.ts'

/**
 * What must hold of every plan, over all recorded hosts, hosts made by varying each of their facts, and the example
 * playbooks under many sets of variables. The laws that need a real shell are in laws/*.test.ts.
 */
interface Case {
  readonly host: Host
  readonly scenario: Scenario
  /** Of the tasks up to the reboot. */
  readonly plan: Plan
}

const recorded = recordedHosts()
let scenarios: ReadonlyMap<string, readonly Scenario[]> = new Map()

beforeAll(async () => {
  const found = recorded.map(async ({ name, host }) => [name, await scenariosFor(host)] as const)
  scenarios = new Map(await Promise.all(found))
})

/** Each recorded host as it is under every scenario, then `varied` generated ones. */
function forAllHosts(law: string, varied: number, check: (one: Case) => void): void {
  const seen = { plans: 0, changing: 0, blocked: 0, hosts: new Set<Host>() }
  const counted = ({ host, scenario }: Pick<Case, 'host' | 'scenario'>) => {
    const plan = planTasks(host, scenario.prepare)
    seen.plans++
    if (isBlocked(plan)) seen.blocked++
    else if (plan.changes.length > 0) seen.changing++
    seen.hosts.add(host)
    check({ host, scenario, plan })
  }
  for (const { name, host } of recorded) {
    for (const scenario of scenarios.get(name) ?? []) counted({ host, scenario })
  }
  const anyCase = fc.constantFrom(...recorded).chain(({ name, host }) =>
    fc.tuple(hostLike(host), fc.constantFrom(...(scenarios.get(name) ?? []))).map(([varied, scenario]) => ({
      host: varied,
      scenario,
      [fc.toStringMethod]: () => `${scenario.name} on ${name} with ${showVaried(host, varied)}`,
    })),
  )
  fc.assert(fc.property(anyCase, counted), { numRuns: varied * EFFORT })
  console.log(
    `${law}: ${seen.plans} plans over ${recorded.length} recorded and ${seen.hosts.size - recorded.length} generated hosts; ${seen.changing} change something, ${seen.blocked} are blocked`,
  )
}

/** A counterexample in a few lines: the facts in which it differs from the machine that was recorded. */
function showVaried(host: Host, varied: Host): string {
  const names = (Object.keys(host) as (keyof Host)[]).filter(
    name => name !== 'files' && name !== 'devices' && host[name] !== varied[name],
  )
  const devices = varied.devices.filter(device => !host.devices.includes(device))
  const files = Object.entries(varied.files).filter(([path, file]) => host.files[path] !== file)
  return JSON.stringify({
    ...Object.fromEntries(names.map(name => [name, varied[name]])),
    devices,
    files: Object.fromEntries(files),
  })
}

const isBlocked = (plan: Plan): boolean => plan.outcomes.some(({ kind }) => kind === 'blocked')

describe('Idempotent', () => {
  it('planning on what a plan predicts changes and rebuilds nothing', () => {
    forAllHosts('Idempotent', 1500, ({ scenario, plan }) => {
      const again = planTasks(plan.predicted, scenario.prepare)
      expect(again.changes).toEqual([])
      expect(again.rebuilds).toEqual([])
      again.outcomes.forEach((outcome, n) => {
        if (outcome.kind === 'blocked') expect(plan.outcomes[n]?.kind).toBe('blocked')
        else if (outcome.kind === 'pending') expect(outcome.needs).toBe('reboot')
        else expect(['converged', 'unknown']).toContain(outcome.kind)
      })
    })
  })
})

describe('Resumable', () => {
  it('a run that was cut after any of its writes comes to the same end', () => {
    forAllHosts('Resumable', 600, ({ host, scenario, plan }) => {
      if (isBlocked(plan)) return
      plan.changes.forEach((_, n) => {
        const cut = applyChanges(host, plan.changes.slice(0, n))
        const rest = planTasks(cut, scenario.prepare)
        expect(isBlocked(rest)).toBe(false)
        expect(rest.predicted.files).toEqual(plan.predicted.files)
        expect(rest.rebuilds.map(({ kind }) => kind)).toEqual(plan.rebuilds.map(({ kind }) => kind))
      })
    })
  })
})

describe('Faithful', () => {
  it('the changes shown are exactly what differs between the observed and the predicted files', () => {
    forAllHosts('Faithful', 800, ({ host, plan }) => {
      const generated = new Set(plan.rebuilds.flatMap(({ writes }) => writes))
      const shown = [together(plan.changes), differences(host, plan.predicted)].map(all =>
        all.filter(([path]) => path !== undefined && !generated.has(path)).sort(byPath),
      )
      expect(shown[0]).toEqual(shown[1])
    })
  })
})

/** Of each file what the first change finds and the last one leaves: programs have changes of their own. */
function together(changes: readonly Change[]) {
  const edits = [...Map.groupBy(changes.flatMap(editsOf), ({ path }) => path)]
  for (const [path, own] of edits)
    own.slice(1).forEach(({ before }, n) => {
      expect(before, path).toBe(own[n]?.after)
    })
  return edits
    .map(([path, own]) => [path, own[0]?.before, own.at(-1)?.after])
    .filter(([, before, after]) => before !== after)
}

const byPath = (a: readonly unknown[], b: readonly unknown[]): number =>
  String(a[0]) < String(b[0]) ? -1 : 1

const differences = (before: Host, after: Host) =>
  [...new Set([...Object.keys(before.files), ...Object.keys(after.files)])]
    .map(path => [path, before.files[path]?.bytes, after.files[path]?.bytes])
    .filter(([, old, now]) => old !== now)

describe('Considerate', () => {
  it('everything in a file that is not ours stays, byte for byte', () => {
    forAllHosts('Considerate', 1000, ({ plan }) => {
      for (const { path, before, after } of plan.changes.flatMap(editsOf)) {
        if (SEEDED.has(path) && before === undefined) continue
        const [was, is] = [before, after].map(bytes => strangersPart(path, bytes ?? ''))
        expect(withoutLastNewlines(is ?? ''), path).toBe(withoutLastNewlines(was ?? ''))
      }
    })
  })

  it('taking away what was added gives back what was there', () => {
    forAllHosts('Considerate, there and back', 800, ({ host, scenario, plan }) => {
      const absent = scenario.prepare.map(({ module, args }) => ({
        module,
        args: { ...args, state: 'absent' },
      }))
      const already = planTasks(host, absent)
      if (isBlocked(plan) || isBlocked(already) || holdsOurs(host) || already.changes.length > 0) return
      const back = planTasks(plan.predicted, absent)
      expect(back.outcomes.filter(({ kind }) => kind === 'blocked')).toEqual([])
      for (const path of Object.keys({ ...host.files, ...back.predicted.files })) {
        if (isSeeded(path, host, back.predicted)) continue
        const [before, after] = [host, back.predicted].map(({ files }) =>
          path.startsWith('/etc/default/grub')
            ? strangersPart(path, files[path]?.bytes ?? '')
            : (files[path]?.bytes ?? ''),
        )
        expect(withoutLastNewlines(after ?? ''), path).toBe(withoutLastNewlines(before ?? ''))
      }
      expect(commandLineOf(back.predicted)).toEqual(commandLineOf(host))
    })
  })
})

/** Made from what else the loader would have taken, and kept: without it the next kernel would get another line. */
const SEEDED = new Set(['/etc/kernel/cmdline', '/etc/default/limine'])

const isSeeded = (path: string, before: Host, after: Host): boolean =>
  SEEDED.has(path) &&
  before.files[path] === undefined &&
  !splitArgs(after.files[path]?.bytes ?? '').some(token => OUR_KEYS.has(keyOf(token)))

/** A last line that had no end gets one. */
const withoutLastNewlines = (bytes: Bytes): Bytes => bytes.replace(/\n+$/, '')

const OUR_KEYS = new Set(['intel_iommu', 'amd_iommu', 'iommu', 'pcie_acs_override', 'vfio_pci.ids'])
const holdsOurs = (host: Host): boolean =>
  commandLineOf(host)?.some(token => OUR_KEYS.has(keyOf(token))) ?? true

function commandLineOf(host: Host): readonly string[] | undefined {
  const found = findBootloader(host)
  const configured = isRefusal(found) ? found : found.loader.configured(host)
  return isRefusal(configured) ? undefined : configured
}

/** A file without the values, directives and module names that are ours to set. */
function strangersPart(path: string, bytes: Bytes): Bytes {
  if (path === RULES_FILE) return bytes.replace(OUR_RULES, '')
  if (!FAMILIES.some(family => path.startsWith(family))) return withoutOurWords(bytes)
  const rest = rangesOfOurs(path, bytes)
    .toSorted((a, b) => b.start - a.start)
    .reduce((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), bytes)
  return path !== '/etc/default/grub' ? rest : rest.replace(/(\n?GRUB_CMDLINE_LINUX(_DEFAULT)?=)+\n?$/, '\n')
}

/** What is written to bind by address, and the comment above it. */
const OUR_RULES =
  /^(?:# Kept by vfio-run .*|ACTION=="add", SUBSYSTEM=="pci", KERNEL=="[^"]*", ATTR.*driver_override.*)(?:\n|$)/gm

const FAMILIES = ['/etc/default/', '/etc/modprobe.d/', '/etc/initramfs-tools/']

/** Of the file of any other loader or generator, where arguments and modules stand among others' with blanks between. */
const withoutOurWords = (bytes: Bytes): Bytes =>
  withoutOurTokens(bytes.replace(/[ \t]*\/etc\/udev\/rules\.d\/70-vfio-run\.rules/g, ''))
    .replace(/^install_items\+=" \/etc\/modprobe\.d\/\*\.conf "\n/gm, '')
    .replace(/^\w+(?:\+?=["'(][ \t]*["')]|:[ \t]*)(?:\n|$)/gm, '')
    // A block of GRUB's environment is filled up to its size.
    .replace(/\n#+$/, '\n')
    // Deployments are written as a set of their own, by turns.
    .replace(/\bostree=\/ostree\/boot\.[01]\//g, 'ostree=/ostree/boot./')

const withoutOurTokens = (bytes: Bytes): Bytes =>
  bytes
    // One that is an item of a JSON list goes with its quotes.
    .replace(/,?\n[ \t]*"(?:intel_iommu|amd_iommu|iommu|pcie_acs_override|vfio)\b[^"\n]*"(?=,?\n)/g, '')
    .replace(/[ \t\n,]*\b(?:intel_iommu|amd_iommu|iommu|pcie_acs_override|vfio[\w-]*)(?:[.=][^\s"')]*)?/g, '')

function rangesOfOurs(path: string, bytes: Bytes): readonly { start: number; end: number }[] {
  if (path.startsWith('/etc/default/')) {
    const parsed = parseShellConfig(bytes)
    if (isShellProblem(parsed)) return []
    return parsed.statements.flatMap(statement =>
      statement.kind === 'assign' && statement.name.startsWith('GRUB_CMDLINE_LINUX') ? [statement.word] : [],
    )
  }
  if (path.startsWith('/etc/modprobe.d/'))
    return parseModprobe(path, bytes).filter(
      ({ word, rest }) =>
        word === 'blacklist' ||
        (word === 'options' && moduleName(rest[0] ?? '') === 'vfio_pci') ||
        (word === 'softdep' && rest.includes('vfio-pci')),
    )
  return [...bytes.matchAll(/^[ \t]*vfio.*\n?/gm)].map(match => ({
    start: match.index,
    end: match.index + match[0].length,
  }))
}

describe('Total', () => {
  it('any host gets an answer, and what is not understood is blocked with a hint', () => {
    forAllHosts('Total', 1000, ({ scenario, plan }) => {
      const proof = planTasks(boot(plan.predicted), scenario.prove)
      for (const outcome of [...plan.outcomes, ...proof.outcomes]) {
        expect(outcome.why).not.toBe('')
        if (outcome.kind === 'blocked') expect(outcome.hint).not.toBe('')
      }
    })
  })

  it('any bytes that a look prints are read, or said to be broken', () => {
    const names = readdirSync(join(import.meta.dirname, 'hosts'), { withFileTypes: true })
    const outputs = names
      .filter(entry => entry.isDirectory())
      .map(({ name }) => ({
        name,
        output: readFileSync(join(import.meta.dirname, 'hosts', name, 'gather.txt')),
      }))
    const counts = { looks: 0, read: 0 }
    const mangled = fc.constantFrom(...outputs).chain(({ name, output }) =>
      fc.record({
        scenario: fc.constantFrom(...(scenarios.get(name) ?? [])),
        output: fc.oneof(
          fc
            .array(fc.tuple(fc.nat(), frameBody()), { minLength: 1, maxLength: 4 })
            .map(drops => reframed(output, drops)),
          fc.nat({ max: output.length }).map(end => output.subarray(0, end)),
          fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
        ),
      }),
    )
    const check = (one: { scenario: Scenario; output: Buffer }) => {
      counts.looks++
      const host = readLook(one.output)
      if (host === undefined) return
      counts.read++
      const plan = planTasks(host, one.scenario.prepare)
      planTasks(boot(plan.predicted), one.scenario.prove)
    }
    fc.assert(fc.property(mangled, check), { numRuns: 800 * EFFORT })
    console.log(`Total: ${counts.looks} mangled looks, ${counts.read} of them could be read and were planned`)
  })
})

function readLook(output: Buffer): Host | undefined {
  try {
    return gather('recorded').parse(output)
  } catch (error) {
    if (error instanceof FramesBroken || error instanceof FilesMoved) return undefined
    throw error
  }
}

const frameBody = (): fc.Arbitrary<Bytes> => fc.oneof(anyBytes(), fileBytes(), fc.constant(''))

/** The same look with other bytes in some of its frames, each of the right length. */
function reframed(output: Buffer, drops: readonly (readonly [number, Bytes])[]): Buffer {
  const frames = [...readFrames('recorded', bytesFromBuffer(output))]
  for (const [n, body] of drops) {
    const frame = frames[n % frames.length]
    if (frame === undefined || frame[0] === 'end') continue
    const at = frame[1].length === 0 ? 0 : n % frame[1].length
    // Half of them within what was there: that gets further than noise alone.
    frame[1] = n % 2 === 0 ? body : frame[1].slice(0, at) + body + frame[1].slice(at)
  }
  const text = frames.map(([name, body]) => `@recorded ${name} ${body.length}\n${body}\n`).join('')
  return Buffer.from(text, 'latin1')
}
