import {
  type Claim,
  claimsFor,
  LOADERS,
  MAKERS,
  type Role,
  recordedMachines,
  STRENGTHS,
  strengthOf,
} from './evidence.ts'

/** docs/support.md: what is driven, and what shows it. Everything in its tables comes from the tests. */
export const supportDocument = (): string => `# What is supported, and what shows it

Generated from the tests by \`npm run docs\`; do not edit.

| evidence | meaning |
| --- | --- |
| **booted** | a virtual machine of the lab (\`npm run lab\`) was prepared, really rebooted through it, and proved |
| **real tool** | the distribution's own program ran on files that we had edited, and its output was read; of a pair: a program of each |
| **recorded** | files only: planned, edited, undone and planned again under all laws. Nothing of it ever ran here: files of a lab machine, or files written down as that distribution's programs write them (the last table says which) |
| – | not seen together yet; each is driven for itself |

What booted a machine decides, not the files that lie on it. Where two loaders are
plausible the run is refused and says how to choose (\`bootloader:\`).

## Bootloader × initramfs

${table(
  ['', ...MAKERS],
  LOADERS.map(loader => [loader, ...MAKERS.map(maker => cell(strengthOf(loader, maker)))]),
)}

## Each bootloader

${table(['bootloader', 'evidence'], LOADERS.map(rowOf('bootloader')))}

## Each initramfs generator

${table(['generator', 'evidence'], MAKERS.map(rowOf('initramfs')))}

Genkernel and other makers of images are refused by name.

## The recorded machines

From the *lab*: a virtual machine's, by the look at it. From a *sandbox*: the same look at
files as that distribution's own programs write them (\`test/sandbox/recordings\`).

${table(
  ['recorded host', 'from', 'system', 'bootloader', 'because', 'initramfs'],
  recordedMachines().map(({ name, from, os, bootloader, evidence, initramfs }) => [
    name,
    from,
    os,
    bootloader,
    evidence,
    initramfs,
  ]),
)}
`

const cell = (strength: string | undefined): string => (strength === undefined ? '–' : strength)

const rowOf =
  (role: Role) =>
  (adapter: string): string[] => [adapter, claimsText(claimsFor(role, adapter))]

function claimsText(claims: readonly Claim[]): string {
  const parts = STRENGTHS.toReversed().flatMap(strength => {
    const by = [...new Set(claims.filter(claim => claim.strength === strength).map(claim => claim.by))]
    return by.length === 0 ? [] : [`**${strength}**: ${by.join(', ')}`]
  })
  return parts.join('; ') || 'none yet'
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.map(escaped).join(' | ')} |`).join('\n')

const escaped = (text: string): string => text.replaceAll('|', '\\|')
