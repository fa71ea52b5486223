import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  environmentValue,
  withEnvironmentValue,
} from '../../src/backends/bootloaders/formats/grub_environment.ts'

// Fedora and RHEL call it grub2-editenv.
const program = ['grub2-editenv', 'grub-editenv'].find(name => spawnSync(name, ['--version']).status === 0)
const skipped = program === undefined ? ' (skipped: it is not installed)' : ''

describe.skipIf(program === undefined)(`grub-editenv, the program${skipped}`, () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'grub-editenv-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const run = (bytes: string, ...args: readonly string[]) => {
    const path = join(folder, 'grubenv')
    writeFileSync(path, bytes, 'latin1')
    const { status } = spawnSync(program ?? '', [path, ...args])
    return status === 0 ? readFileSync(path, 'latin1') : undefined
  }

  const name = fc.constantFrom('kernelopts', 'saved_entry', 'x')
  const value = fc.string({
    unit: fc.constantFrom('a', 'kernelopts', '=', ' ', '\\', '#', '/'),
    maxLength: 12,
  })
  const lines = fc.array(
    fc.oneof(
      fc.tuple(name, value).map(([key, text]) => `${key}=${text.replaceAll('\\', '\\\\')}\n`),
      fc.constantFrom('# a comment\n', '\n', 'no assignment\n'),
    ),
    { maxLength: 5 },
  )
  const block = lines.map(parts => `# GRUB Environment Block\n${parts.join('')}`.padEnd(1024, '#'))

  it('sets a variable byte for byte as we foretell it', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(block, name, value, (bytes, key, text) => {
        expect(withEnvironmentValue(bytes, key, text)).toBe(run(bytes, 'set', `${key}=${text}`))
      }),
      { numRuns: 150 },
    )
  })

  it.each([
    ['the value is too long', 'kernelopts=a\n', 'y'.repeat(1024)],
    ['the last line is open', `${'kernelopts=a\n'.padEnd(999, '#')}x`, 'b'],
  ])('fails where we refuse: %s', (_, text, wanted) => {
    const bytes = `# GRUB Environment Block\n${text}`.padEnd(1024, '#')
    const edited = withEnvironmentValue(bytes, 'kernelopts', wanted)
    expect(edited).toBe(run(bytes, 'set', `kernelopts=${wanted}`))
  })

  it('lists what we read', () => {
    const bytes =
      run(`# GRUB Environment Block\n`.padEnd(1024, '#'), 'set', 'kernelopts=root=/dev/x a\\b') ?? ''
    const path = join(folder, 'grubenv')
    expect(spawnSync(program ?? '', [path, 'list']).stdout.toString()).toBe(
      `kernelopts=${environmentValue(bytes, 'kernelopts')}\n`,
    )
  })
})
