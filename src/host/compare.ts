import { isStanding } from './facts/files.ts'
import type { Host } from './host.ts'

/** How a prediction did against what was then observed, field by field. */
export interface Comparison {
  readonly compared: number
  /** Fields the prediction called unknown. */
  readonly unknown: number
  readonly wrong: readonly {
    readonly field: string
    readonly predicted: unknown
    readonly observed: unknown
  }[]
}

/**
 * What no plan foretells. Our own bookkeeping is written by the run itself; the user's word is no fact of the host, and
 * what is looked for on demand depends on who asks. The kernel writes to its log whatever it likes. Programs come and go
 * between two looks, and so do the guests that virtual functions and vGPUs were made for.
 */
const NOT_COMPARED = new Set([
  ...['journal', 'bootloader', 'acsPatch', 'pciNames', 'fqdn', 'log'],
  ...['holders', 'framebuffers', 'mediatedParents'],
])

/**
 * The same of a device: its link goes to low speed when idle, its nodes are named in the order in which drivers came,
 * windows are laid out anew at each boot, and what it can be divided into is for its driver of the moment to say.
 */
const NOT_COMPARED_OF_DEVICES = /^devices\.\d+\.(link|nodes|bars|sriov|physicalFunction|vfioDev|mediated)$/

/**
 * Groups are numbered anew at each boot. Remapping is settled with the IOMMU, by what firmware allows; and anybody may
 * write to a module's parameter.
 */
const NOT_COMPARED_OF_IOMMU = /^iommu\.(directGroups|interruptRemapping|unsafeInterrupts)$/

/** Addresses are given by the network, and memory can be plugged and ballooned; who looks is the task's own choice. */
const NOT_COMPARED_OF_ANSIBLE = /^ansible\.(ipv4|memory|user|environment)\b/

const LEAVES_NOT_COMPARED = [NOT_COMPARED_OF_DEVICES, NOT_COMPARED_OF_IOMMU, NOT_COMPARED_OF_ANSIBLE]

/** Every field of the observed Host, down to the leaves, against the prediction. */
export function compareHosts(predicted: Host, observed: Host): Comparison {
  const result = {
    compared: 0,
    unknown: 0,
    wrong: [] as { field: string; predicted: unknown; observed: unknown }[],
  }
  const visit = (field: string, expected: unknown, seen: unknown): void => {
    if (LEAVES_NOT_COMPARED.some(fields => fields.test(field))) return
    if (isKnown(expected)) {
      if (expected.is === 'unknown') result.unknown++
      else visit(field, expected.value, isKnown(seen) ? seen.value : seen)
      return
    }
    if (isRecord(expected) && isRecord(seen)) {
      for (const key of new Set([...Object.keys(expected), ...Object.keys(seen)]))
        visit(`${field}.${key}`, expected[key], seen[key])
      return
    }
    result.compared++
    if (expected !== seen) result.wrong.push({ field, predicted: expected, observed: seen })
  }
  const [foreseen, seen] = [lookedAtBy(predicted, observed), lookedAtBy(observed, predicted)]
  for (const key of Object.keys(predicted) as (keyof Host)[]) {
    if (!NOT_COMPARED.has(key)) visit(key, foreseen[key], seen[key])
  }
  return result
}

/** Without what was only looked at here, as a task has named it since, or has named it before. */
function lookedAtBy(host: Host, other: Host): Host {
  const isShared = ([name]: readonly [string, unknown]): boolean => name in other.places
  return {
    ...host,
    places: Object.fromEntries(Object.entries(host.places).filter(isShared)),
    files: Object.fromEntries(
      Object.entries(host.files).filter(
        ([path]) => isStanding(path) || isShared([path, '']) || !(path in host.places),
      ),
    ),
    packages: Object.fromEntries(Object.entries(host.packages).filter(([name]) => name in other.packages)),
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
const isKnown = (value: unknown): value is { is: string; value?: unknown } =>
  isRecord(value) && typeof value.is === 'string' && ('value' in value || 'why' in value)
