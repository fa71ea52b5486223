import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  configuredTokens,
  GRUB_DEFAULT,
  type GrubConfig,
  readGrubConfig,
} from '../../src/backends/bootloaders/formats/grub_default.ts'
import { editGrubConfig } from '../../src/backends/bootloaders/formats/grub_edit.ts'
import type { Bytes } from '../../src/host/bytes.ts'
import type { Host } from '../../src/host/host.ts'
import { type ArgEdit, isSatisfied, keyOf, splitArgs } from '../../src/host/kernel_args.ts'
import { isRefusal } from '../../src/refusal.ts'
import { recordedHost } from '../hosts/index.ts'
import { EFFORT } from './effort.ts'
import { shellText } from './shell_text.ts'
import { isInstalled, SHELLS, sourcedValues, type Values } from './shells.ts'

/**
 * /etc/default/grub is read by a shell, so a shell is asked: of whatever we take for understood it must make the
 * values that we read, and of whatever we write the old arguments and ours.
 */
interface Sample {
  /** /etc/default/grub and one drop-in. */
  readonly files: readonly [Bytes, Bytes]
  readonly edits: readonly ArgEdit[]
}

const EDITS: readonly (readonly ArgEdit[])[] = [
  [{ op: 'add', key: 'intel_iommu', value: 'on' }],
  [{ op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2', '10de:0fbb'] }],
  [{ op: 'set', key: 'vfio-pci.ids', values: [] }],
  [{ op: 'remove', key: 'iommu', value: 'off' }],
  [{ op: 'add', key: 'pcie_acs_override', value: 'multifunction' }],
  [{ op: 'add_token', token: 'iommu=pt' }],
  [{ op: 'remove_token', token: 'iommu=pt' }],
  [
    { op: 'add', key: 'intel_iommu', value: 'on' },
    { op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2'] },
  ],
]

const sample: fc.Arbitrary<Sample> = fc.record({
  files: fc.tuple(
    shellText(),
    fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: shellText() }),
  ),
  edits: fc.constantFrom(...EDITS),
})

const DROP_IN = `${GRUB_DEFAULT}.d/50-more.cfg`
const recorded = recordedHost('debian12-intel')

const hostWith = ([first, second]: readonly [Bytes, Bytes]): Host => ({
  ...recorded,
  files: {
    ...recorded.files,
    [GRUB_DEFAULT]: { bytes: first, mode: '644' },
    [DROP_IN]: { bytes: second, mode: '644' },
  },
})

describe.each(SHELLS.map(shell => [shell.name, shell] as const))('%s', (name, shell) => {
  const skip = isInstalled(shell) ? '' : `: ${shell.argv[0]} is not installed`

  it.skipIf(skip !== '')(`agrees on what is configured, before and after an edit${skip}`, () => {
    const counts = { texts: 0, understood: 0, edited: 0, givenUp: 0 }
    const check = (samples: readonly Sample[]) => {
      const understood = samples.flatMap(one => understand(one))
      counts.texts += samples.length
      counts.understood += understood.length
      const edited = understood.flatMap(one => editedFiles(one))
      counts.edited += edited.length
      const values = sourcedValues(shell.argv, [
        ...understood.map(({ files }) => files),
        ...edited.map(({ files }) => files),
      ])
      counts.givenUp += values.filter(said => said === undefined).length
      // What the shell gave up on no grub-mkconfig would take either.
      understood.forEach((one, n) => {
        const said = values[n]
        if (said !== undefined) expect(said, JSON.stringify(one.files)).toEqual(one.config.values)
      })
      edited.forEach((one, n) => {
        const said = values[understood.length + n]
        if (said !== undefined) expectEdited(one, said)
      })
    }
    fc.assert(fc.property(fc.array(sample, { minLength: 60, maxLength: 60, size: 'max' }), check), {
      numRuns: 30 * EFFORT,
      // The message names the text; shrinking sixty of them at a time takes minutes.
      endOnFailure: true,
    })
    console.log(
      `${name}: ${counts.texts} texts, ${counts.understood} understood and ${counts.edited} edited as the shell says (it gave up on ${counts.givenUp} of them)`,
    )
  })
})

type Understood = Sample & { readonly host: Host; readonly config: GrubConfig }

function understand(one: Sample): Understood[] {
  const host = hostWith(one.files)
  const config = readGrubConfig(host)
  return isRefusal(config) ? [] : [{ ...one, host, config }]
}

type Edited = Understood & { readonly original: readonly [Bytes, Bytes] }

function editedFiles(one: Understood): Edited[] {
  const edited = editGrubConfig(one.host, one.edits)
  if (isRefusal(edited) || edited.length === 0) return []
  const bytesOf = (path: string) =>
    edited.find(file => file.path === path)?.after ?? one.host.files[path]?.bytes ?? ''
  return [{ ...one, original: one.files, files: [bytesOf(GRUB_DEFAULT), bytesOf(DROP_IN)] }]
}

function expectEdited({ original, files, config, edits }: Edited, said: Values): void {
  const what = JSON.stringify({ original, files, edits })
  const tokens = [...splitArgs(said.GRUB_CMDLINE_LINUX), ...splitArgs(said.GRUB_CMDLINE_LINUX_DEFAULT)]
  for (const edit of edits) expect(isSatisfied(tokens, edit), what).toBe(true)
  const ours = new Set(edits.map(edit => keyOf('token' in edit ? edit.token : edit.key)))
  const others = (all: readonly string[]) => all.filter(token => !ours.has(keyOf(token)))
  expect(others(tokens), what).toEqual(others(configuredTokens(config)))
}
