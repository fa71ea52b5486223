import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grubbyArgv, grubbyCall } from '../../src/backends/bootloaders/formats/grubby_call.ts'
import { editCommandLine } from '../../src/host/command_line.ts'
import type { ArgEdit } from '../../src/host/kernel_args.ts'

// The one for BLS entries; the older program of that name knows no --bls-directory, and Debian has neither.
const help = spawnSync('grubby', ['--help']).stdout?.toString() ?? ''
const isThere = help.includes('--bls-directory')
const skipped = isThere ? '' : ' (skipped: it is not installed)'

describe.skipIf(!isThere)(`grubby, the program${skipped}`, () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'grubby-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const KERNEL = '/vmlinuz-6.9.7-200.fc40.x86_64'
  const entryOf = (options: string) =>
    `title Fedora\nversion 6.9.7\nlinux ${KERNEL}\noptions ${options}\ngrub_class fedora\n`
  const token = fc.constantFrom(
    'root=/dev/x',
    'ro',
    'quiet',
    'console=tty0',
    'console=ttyS0',
    'intel_iommu=off',
    'intel_iommu=on',
    'vfio-pci.ids=1:2',
    'vfio-pcixids=3',
    '$tuned_params',
    'a&b',
    'dyndbg="x y"',
    'crashkernel=1G-4G:192M',
  )
  const options = fc.array(token, { minLength: 1, maxLength: 6 }).map(tokens => tokens.join(' '))
  const edits = fc.constantFrom<readonly ArgEdit[]>(
    [{ op: 'add', key: 'intel_iommu', value: 'on' }],
    [{ op: 'remove', key: 'intel_iommu', value: 'on' }],
    [{ op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2', '10de:0fbb'] }],
    [{ op: 'set', key: 'vfio-pci.ids', values: [] }],
  )

  it('writes the bytes that we foretell, wherever we go through it', { timeout: 120_000 }, () => {
    const path = join(folder, '0-6.9.7-200.fc40.x86_64.conf')
    const block = join(folder, 'grubenv')
    fc.assert(
      fc.property(options, edits, (line, wanted) => {
        const after = editCommandLine(line, wanted)
        const call = after === line ? undefined : grubbyCall(line, after)
        if (call === undefined) return
        writeFileSync(path, entryOf(line))
        writeFileSync(block, '# GRUB Environment Block\n'.padEnd(1024, '#'))
        const [program, ...args] = grubbyArgv(KERNEL, call)
        const { status } = spawnSync(program, [
          ...args,
          '--grub2',
          `--env=${block}`,
          `--bls-directory=${folder}`,
        ])
        expect({ status, bytes: readFileSync(path, 'utf8') }).toEqual({ status: 0, bytes: entryOf(after) })
      }),
      { numRuns: 60 },
    )
  })
})
