import { describe, expect, it } from 'vitest'
import { cmdline, cpu, firmware, osRelease, system } from '../../../src/host/facts/system.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

describe('who looks, and at what', () => {
  const out = {
    uid: '0\n',
    hostname: 'lab\n',
    release: '6.1.0-56-amd64\n',
    arch: 'x86_64\n',
    boot_id: 'ef94d3d1-4219-4b95-bfde-d2f0994cad41\n',
  }

  it('reads id, uname and boot_id', () => {
    expect(system.parse(out)).toEqual({
      uid: 0,
      hostname: 'lab',
      arch: 'x86_64',
      kernel: { is: 'observed', value: '6.1.0-56-amd64' },
      bootId: { is: 'observed', value: 'ef94d3d1-4219-4b95-bfde-d2f0994cad41' },
    })
  })

  it.each(['', 'Welcome!\n', 'ef94d3d1-4219-4b95-bfde-d2f0994cad41 extra\n', 'EF94D3D1\n'])(
    '%j is no boot_id',
    text => {
      expect(system.parse({ ...out, boot_id: text }).bootId).toEqual({
        is: 'unknown',
        why: 'boot_id is not readable',
      })
    },
  )
})

describe('os-release', () => {
  it.each([
    [
      'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\nNAME="Debian GNU/Linux"\n',
      {
        ...{ id: 'debian', idLike: [], version: '12', name: 'Debian GNU/Linux' },
        fields: { ID: 'debian', VERSION_ID: '12', PRETTY_NAME: 'Debian 12', NAME: 'Debian GNU/Linux' },
      },
    ],
    [
      "ID=linuxmint\nID_LIKE='ubuntu debian'\nNAME=Mint\n",
      {
        ...{ id: 'linuxmint', idLike: ['ubuntu', 'debian'], version: '', name: 'Mint' },
        fields: { ID: 'linuxmint', ID_LIKE: 'ubuntu debian', NAME: 'Mint' },
      },
    ],
    ['', { id: '', idLike: [], version: '', name: '', fields: {} }],
  ])('%j', (text, fields) => {
    expect(osRelease.parse({ text })).toEqual(fields)
  })
})

describe('the processor', () => {
  it.each([
    [
      'Intel with VT-x',
      'vendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Core(TM) i7-6700K CPU @ 4.00GHz\nflags\t\t: fpu vmx ssse3\n',
      'intel',
      ['vmx'],
    ],
    [
      'AMD: svm_lock is not svm',
      'vendor_id\t: AuthenticAMD\nmodel name\t: AMD Ryzen\nflags\t\t: fpu svm_lock\n',
      'amd',
      [],
    ],
    ['Hygon is AMD', 'vendor_id\t: HygonGenuine\nmodel name\t: C86\nflags\t\t: svm\n', 'amd', ['svm']],
    [
      'a guest, with blanks for tabs',
      'vendor_id : GenuineIntel\nmodel name : Xeon\nflags : fpu hypervisor\n',
      'intel',
      ['hypervisor'],
    ],
    ['arm64 has no vendor_id', '', 'other', []],
  ])('%s', (_, text, vendor, flags) => {
    expect(cpu.parse({ text })).toMatchObject({ vendor, flags })
  })

  it('a model name may hold colons', () => {
    expect(cpu.parse({ text: 'model name\t: a: b\n' }).model).toBe('a: b')
  })
})

describe('the firmware', () => {
  const NOTHING = {
    tables: '',
    uefi: '',
    variables: '',
    loader_info: '',
    stub_info: '',
    loader_default: '',
    loader_one_shot: '',
    secure_boot: '',
  }

  it("reads tables, UEFI, Secure Boot, and the loader's variables", () => {
    expect(
      firmware.parse({
        tables: 'DMAR\n',
        uefi: 'uefi\n',
        variables: 'some\n',
        loader_info: 'systemd-boot 252.22-1~deb12u1',
        stub_info: 'systemd-stub 252.22-1~deb12u1',
        loader_default: 'f3a1-6.9.7.conf',
        loader_one_shot: 'auto-windows',
        secure_boot: '   1\n',
      }),
    ).toEqual({
      uefi: true,
      efiVariables: true,
      tables: ['DMAR'],
      loaderInfo: 'systemd-boot 252.22-1~deb12u1',
      stubInfo: 'systemd-stub 252.22-1~deb12u1',
      loaderEntries: { default: 'f3a1-6.9.7.conf', oneShot: 'auto-windows' },
      secureBoot: true,
    })
  })

  it('offers nothing where nothing was printed', () => {
    expect(firmware.parse(NOTHING)).toEqual({
      uefi: false,
      efiVariables: false,
      tables: [],
      loaderInfo: undefined,
      stubInfo: undefined,
      loaderEntries: { default: '', oneShot: '' },
      secureBoot: false,
    })
  })

  it('Secure Boot that is switched off is off', () => {
    expect(firmware.parse({ ...NOTHING, secure_boot: '   0\n' }).secureBoot).toBe(false)
  })

  it.each([
    ['are there', { variables: 'some\n' }, true],
    ['one of them was read, in a recording that is older than the question', { secure_boot: '   0\n' }, true],
    ['there is none', {}, false],
  ])('variables can be seen where %s', (_, out, expected) => {
    expect(firmware.parse({ ...NOTHING, ...out }).efiVariables).toBe(expected)
  })
})

describe.each(REAL_SHELLS)('EFI variables under %s', (_, { argv, isMissing }) => {
  const variable = (text: string) => `\x06\0\0\0${[...`${text}\0`].map(char => `${char}\0`).join('')}`
  const LOADER = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'
  const efivars = '/sys/firmware/efi/efivars'

  it.skipIf(isMissing)('are not to be seen where efivarfs is not mounted', () => {
    const seen = (files: Readonly<Record<string, string>>) => factOf(firmware, argv, files).efiVariables
    expect(seen({ '/sys/firmware/efi/fw_platform_size': '64\n' })).toBe(false)
    expect(seen({ [`${efivars}/BootOrder-8be4df61-93ca-11d2-aa0d-00e098032b8c`]: '\x07\0\0\0' })).toBe(true)
  })

  it.skipIf(isMissing)('are UTF-16 behind their attributes', () => {
    const found = factOf(firmware, argv, {
      [`${efivars}/LoaderInfo-${LOADER}`]: variable('systemd-boot 255'),
      [`${efivars}/StubInfo-${LOADER}`]: variable('systemd-stub 255'),
      [`${efivars}/LoaderEntryDefault-${LOADER}`]: variable('arch.conf'),
      [`${efivars}/LoaderEntryOneShot-${LOADER}`]: variable('fallback.conf'),
      [`${efivars}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`]: '\x06\0\0\0\x01',
    })
    expect(found).toEqual({
      uefi: true,
      efiVariables: true,
      tables: [],
      loaderInfo: 'systemd-boot 255',
      stubInfo: 'systemd-stub 255',
      loaderEntries: { default: 'arch.conf', oneShot: 'fallback.conf' },
      secureBoot: true,
    })
  })
})

describe('the command line', () => {
  it('comes as tokens', () => {
    expect(cmdline.parse({ text: 'BOOT_IMAGE=/vmlinuz ro dyndbg="file a +p"\n' })).toEqual({
      is: 'observed',
      value: ['BOOT_IMAGE=/vmlinuz', 'ro', 'dyndbg="file a +p"'],
    })
  })

  it('is unknown where it cannot be read', () => {
    expect(cmdline.parse({ text: '\n' })).toEqual({ is: 'unknown', why: '/proc/cmdline is not readable' })
  })
})

it('any output gives a value', () => {
  parsesAnything(system)
  parsesAnything(osRelease)
  parsesAnything(cpu)
  parsesAnything(firmware)
  parsesAnything(cmdline)
})
