import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SCENARIOS } from '../lab/scenarios/index.ts'
import { REAL_TOOLS } from '../real_tools/index.ts'
import { supportDocument } from './document.ts'
import { claimsFor, LOADERS, MAKERS, type Role, recordedMachines, strengthOf } from './evidence.ts'

const ADAPTERS = [...LOADERS, ...MAKERS]
const ROLES: readonly (readonly [Role, string])[] = [
  ...LOADERS.map(name => ['bootloader', name] as const),
  ...MAKERS.map(name => ['initramfs', name] as const),
]

describe('the evidence of docs/support.md', () => {
  it.each(ROLES)('%s %s: something speaks for it', (role, adapter) => {
    expect(claimsFor(role, adapter)).not.toEqual([])
  })

  it.each(REAL_TOOLS)('$program: its test is there and names it, and it speaks for an adapter', row => {
    const path = join(import.meta.dirname, '../real_tools', row.test)
    expect(existsSync(path)).toBe(true)
    expect(readFileSync(path, 'utf8')).toMatch(/skipIf/)
    expect(ADAPTERS).toContain(row.drives)
  })

  it.each(SCENARIOS.flatMap(({ name, proves }) => (proves === undefined ? [] : [{ name, ...proves }])))(
    'the scenario $name names adapters that there are',
    ({ bootloader, initramfs }) => {
      expect(LOADERS).toContain(bootloader)
      expect(MAKERS).toContain(initramfs)
    },
  )

  it('every recorded host is driven by some adapter, or is there to be refused', () => {
    const refused = recordedMachines().filter(({ bootloader }) => bootloader === 'refused')
    expect(refused.map(({ name }) => name)).toEqual([])
  })

  it('a pair that the lab has booted is called booted, one that nobody has seen is not called anything', () => {
    expect(strengthOf('GRUB', 'initramfs-tools')).toBe('booted')
    expect(strengthOf('Limine', 'rpm-ostree')).toBeUndefined()
    expect(supportDocument()).toContain('| GRUB | booted |')
  })
})
