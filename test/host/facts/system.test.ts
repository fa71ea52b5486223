import { describe, expect, it } from 'vitest'
import { cmdline, cpu, firmware, osRelease, system } from '../../../src/host/facts/system.ts'
import { parsesAnything } from './any_output.ts'

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
      { id: 'debian', idLike: [], version: '12', name: 'Debian GNU/Linux' },
    ],
    [
      "ID=linuxmint\nID_LIKE='ubuntu debian'\nNAME=Mint\n",
      { id: 'linuxmint', idLike: ['ubuntu', 'debian'], version: '', name: 'Mint' },
    ],
    ['', { id: '', idLike: [], version: '', name: '' }],
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
  it('reads tables, UEFI and LoaderInfo', () => {
    expect(
      firmware.parse({ tables: 'DMAR\n', uefi: 'uefi\n', loader_info: 'systemd-boot 252.22-1~deb12u1' }),
    ).toEqual({
      uefi: true,
      tables: ['DMAR'],
      loaderInfo: 'systemd-boot 252.22-1~deb12u1',
    })
  })

  it('offers nothing where nothing was printed', () => {
    expect(firmware.parse({ tables: '', uefi: '', loader_info: '' })).toEqual({
      uefi: false,
      tables: [],
      loaderInfo: undefined,
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
