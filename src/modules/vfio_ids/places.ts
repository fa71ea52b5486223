import { findInitramfs } from '../../backends/initramfs/index.ts'
import { RULES_FILE } from '../../host/address_binding.ts'
import { applyChanges, type Change, placesOf } from '../../host/change.ts'
import type { Host, PciDevice } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import type { Lock } from '../../host/locks.ts'
import { describe } from '../../host/pci.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { type Outcome, rebuildsOf } from '../define.ts'
import { planKernelLine } from '../kernel_line.ts'
import { refuseHiding, refuseWriting } from '../modprobe_file.ts'
import { IDS_KEY, type LineChange, setOptions } from './options.ts'

/** What vfio-pci is to claim from now on, in all the places that say so. */
export interface Claims {
  readonly ids: readonly string[]
  /** For modprobe.d, behind the ids. */
  readonly lines: readonly LineChange[]
  /** To the rules that bind by address. */
  readonly rules: readonly Change[]
  /** Devices are bound by these rules: without them in the image the task is not done. */
  readonly needsRules: boolean
  /** For people. */
  readonly what: string
}

export interface Writing {
  /** For what no file of modprobe.d has yet. */
  readonly file: string
  /** What a change of the command line may cost. */
  readonly allow: readonly Lock[]
}

/** modprobe.d and the rules, what carries these into the image, then the command line on top of them. */
export function writeClaims(
  host: Host,
  { ids, lines, rules, needsRules, what }: Claims,
  { file, allow }: Writing,
): Outcome | Refusal {
  const options = setOptions(host, ids, file)
  if (isRefusal(options)) return options
  const inFile = [...options]
  for (const line of lines) inFile.push(...line(applyChanges(host, inFile)))
  inFile.push(...rules)
  const unfit = refuseWriting(host, inFile) ?? refuseHiding(host, inFile) ?? refuseMasked(host, rules)
  if (unfit !== undefined) return unfit
  const carried = carryRules(applyChanges(host, inFile), needsRules)
  if (isRefusal(carried)) return carried
  inFile.push(...carried)
  const edits = [{ op: 'set', key: IDS_KEY, values: ids }] as const
  const outcome = planKernelLine(applyChanges(host, inFile), edits, what, { allow })
  if (inFile.length === 0 || outcome.kind === 'blocked') return outcome
  const changes = outcome.kind === 'change' ? [...inFile, ...outcome.changes] : inFile
  const rebuild = rebuildsOf(outcome)
  return { kind: 'change', why: `${what}, in ${placesOf(changes)}`, changes, rebuild }
}

/** What puts the rules on the generator's list, or takes them off. */
function carryRules(host: Host, needsRules: boolean): readonly Change[] | Refusal {
  const found = findInitramfs(host)
  const carried = isRefusal(found) ? found : found.generator.carryRules(host)
  return isRefusal(carried) && !needsRules ? [] : carried
}

function refuseMasked(host: Host, rules: readonly Change[]): Refusal | undefined {
  return rules.length > 0 && host.files[RULES_FILE]?.masks
    ? refuse(
        `${RULES_FILE} leads to /dev/null, so that no rule in it counts`,
        'remove that link, then run again',
      )
    : undefined
}

/** Every place says it: the drivers tell whether it is so by now. */
export function inEffect(
  chosen: readonly PciDevice[],
  isAsWanted: (device: PciDevice, driver: string) => boolean,
  what: string,
): Outcome {
  const unclear = chosen.find(device => device.driver.is === 'unknown')
  if (unclear?.driver.is === 'unknown')
    return { kind: 'unknown', why: `${describe(unclear)}: ${unclear.driver.why}` }
  const not = chosen.find(device => !isAsWanted(device, ifKnown(device.driver) ?? ''))
  if (not === undefined) return { kind: 'converged', why: what }
  return {
    kind: 'pending',
    why: `${describe(not)} is on ${ifKnown(not.driver) || 'no driver'} until the next boot`,
    needs: 'reboot',
    brings: what,
  }
}
