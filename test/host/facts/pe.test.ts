import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PE_SECTION } from '../../../src/host/facts/pe.ts'
import { peOf } from './archives.ts'
import { REAL_SHELLS } from './real_shells.ts'

const sections = {
  '.osrel': Buffer.from('ID=arch\n'),
  '.cmdline': Buffer.from('root=UUID=5f0a \xff ro', 'latin1'),
  '.initrd': Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256)),
}
const pe = peOf(sections)

describe.each(REAL_SHELLS)('a section of a PE file, under %s', (_, { argv, isMissing }) => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vfio-run-pe-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function sectionOf(bytes: Buffer, name: string) {
    writeFileSync(join(folder, 'x.efi'), bytes)
    const [program = '', ...args] = argv
    const input = `${PE_SECTION}\npe_section '${folder}/x.efi' ${name}\n`
    const { stdout, status } = spawnSync(program, args, { input })
    return { stdout: stdout.toString('latin1'), status }
  }

  it.skipIf(isMissing).each(Object.entries(sections))('%s is there to the byte', (name, content) => {
    expect(sectionOf(pe, name)).toEqual({ stdout: content.toString('latin1'), status: 0 })
  })

  it.skipIf(isMissing).each<[string, Buffer]>([
    ['it has none of that name', pe],
    ['it is empty', Buffer.alloc(0)],
    ['it is no PE file', Buffer.from('MZ'.padEnd(200, 'x'))],
    ['it is cut within its headers', pe.subarray(0, 0x90)],
    ['it is cut within its table', pe.subarray(0, 0x80 + 24 + 0xf0 + 50)],
    ['its header is beyond its end', Buffer.concat([Buffer.alloc(60, 'M'), Buffer.alloc(4, 0xff)])],
  ])('none where %s', (_why, bytes) => {
    expect(sectionOf(bytes, '.sbat')).toMatchObject({ stdout: '' })
    expect(sectionOf(bytes, '.sbat').status).not.toBe(0)
  })
})
