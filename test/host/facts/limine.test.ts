import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { enrolled } from '../../../src/host/facts/limine.ts'
import { hostScript } from '../../../src/host/script.ts'

const EMPTY = '0'.repeat(128)
const program = (checksum: string) => `MZ\0\xff\n++CONFIG_B2SUM_SIGNATURE++${checksum}\0tail\n`

/** What the look finds in a tree of files. */
function found(files: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'limine-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text, 'latin1')
  }
  const script = hostScript('', enrolled.commands.found)
  const options = { input: script, env: { VFIO_RUN_ROOT: root }, encoding: 'latin1' } as const
  return enrolled.parse({ found: execFileSync('sh', options) })
}

describe('programs of Limine that hold a checksum of their configuration', () => {
  const conf = { '/boot/limine.conf': 'timeout: 3\n' }

  it.each([
    ['limine-entry-tool’s', '/boot/EFI/limine/limine_x64.efi'],
    ['the one that the firmware falls back to', '/boot/EFI/BOOT/BOOTX64.EFI'],
    ['one in a folder of its own', '/boot/EFI/arch-limine/BOOTX64.EFI'],
    ['BIOS', '/boot/limine/limine-bios.sys'],
  ])('are found: %s', (_, path) => {
    expect(found({ ...conf, [path]: program(`1f${'0'.repeat(126)}`) })).toEqual([path])
  })

  it('are none where nothing was enrolled', () => {
    expect(found({ ...conf, '/boot/EFI/limine/limine_x64.efi': program(EMPTY) })).toEqual([])
  })

  it('are none where a program is not Limine', () => {
    expect(found({ ...conf, '/boot/EFI/BOOT/BOOTX64.EFI': 'GRUB' })).toEqual([])
  })

  it('are not looked for without a configuration of Limine', () => {
    expect(found({ '/boot/EFI/limine/limine_x64.efi': program(`1${EMPTY.slice(1)}`) })).toEqual([])
  })
})
