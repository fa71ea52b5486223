import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unifiedImages } from '../../src/backends/bootloaders/formats/uki_images.ts'
import type { MenuEntry } from '../../src/host/host.ts'
import { ifKnown } from '../../src/host/known.ts'
import { factOf, REAL_SHELLS } from '../host/facts/real_shells.ts'

const STUB = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub'
const LOADER = '/usr/lib/systemd/boot/efi/systemd-bootx64.efi'

const runs = (program: string): boolean => spawnSync(program, ['--version']).status === 0
const missing = [
  ...(existsSync(STUB) ? [] : [`${STUB} (systemd-boot-efi)`]),
  ...(runs('objcopy') ? [] : ['objcopy (binutils)']),
]
const why = missing.length === 0 ? '' : ` (skipped: there is no ${missing.join(', no ')})`
const cannotSign =
  runs('sbsign') && spawnSync('openssl', ['version']).status === 0
    ? ''
    : ' (skipped: sbsign or openssl is not installed)'

const LINE = 'root=UUID=5f0a ro dyndbg="file drivers/usb/* +p" console=ttyS0'
const RELEASE = '6.1.0-18-amd64'

/** As dracut 059 and mkinitcpio 33 put their images together: sections behind the stub's own, by their address. */
const SECTIONS = {
  '.osrel': ['0x20000', 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\n'],
  '.cmdline': ['0x30000', `${LINE}\n\0`],
  '.uname': ['0x38000', RELEASE],
  '.linux': ['0x2000000', 'a kernel '.repeat(100_000)],
  '.initrd': ['0x3000000', 'an initramfs '.repeat(100_000)],
} as const

describe.skipIf(missing.length > 0)(`an image of systemd’s stub and objcopy${why}`, () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vfio-run-uki-'))
    const adds = Object.entries(SECTIONS).flatMap(([name, [address, content]]) => {
      writeFileSync(join(folder, name), content)
      return ['--add-section', `${name}=${join(folder, name)}`, '--change-section-vma', `${name}=${address}`]
    })
    run('objcopy', [...adds, STUB, join(folder, 'linux.efi')])
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function run(program: string, args: readonly string[]): void {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program}: ${stderr}`)
  }
  const image = (name = 'linux.efi') => readFileSync(join(folder, name), 'latin1')

  describe.each(REAL_SHELLS)('looked at under %s', (_, { argv, isMissing }) => {
    const entries = (contents: Readonly<Record<string, string>>): readonly MenuEntry[] =>
      ifKnown(factOf(unifiedImages, argv, contents))?.entries ?? []

    it.skipIf(isMissing)('shows the command line, the release and the system that were put in', () => {
      expect(entries({ 'efi/EFI/Linux/linux.efi': image() })).toEqual([
        {
          title: 'Debian GNU/Linux 12 (bookworm)',
          id: 'linux.efi',
          source: '',
          kernel: '/efi/EFI/Linux/linux.efi',
          args: ['root=UUID=5f0a', 'ro', 'dyndbg="file drivers/usb/* +p"', 'console=ttyS0'],
          recovery: false,
          unified: { release: RELEASE, signed: false, sortKey: 'debian', version: '12' },
        },
      ])
    })

    it.skipIf(isMissing || cannotSign !== '')(`is signed once sbsign has signed it${cannotSign}`, () => {
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
      run('openssl', [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        '/CN=test',
        '-days',
        '2',
        '-keyout',
        key,
        '-out',
        cert,
      ])
      run('sbsign', [
        '--key',
        key,
        '--cert',
        cert,
        '--output',
        join(folder, 'signed.efi'),
        join(folder, 'linux.efi'),
      ])
      const [entry] = entries({ 'boot/EFI/Linux/signed.efi': image('signed.efi') })
      expect(entry?.unified?.signed).toBe(true)
      expect(entry?.args.at(-1)).toBe('console=ttyS0')
    })

    it.skipIf(isMissing)('neither the bare stub nor the loader is an image', () => {
      const files = [STUB, LOADER].filter(path => existsSync(path))
      const contents = files.map(path => [
        `boot/EFI/systemd/${path.split('/').at(-1)}.efi`,
        readFileSync(path, 'latin1'),
      ])
      expect(entries(Object.fromEntries(contents))).toEqual([])
    })
  })
})
