import { describe, expect, it } from 'vitest'
import {
  all,
  any,
  cmdlineHas,
  type Evidence,
  loaderInfo,
  not,
  path,
  stubInfo,
  tool,
  where,
} from '../../src/backends/evidence.ts'
import { unknown } from '../../src/host/known.ts'
import { aFirmware, aHost, withCmdline } from '../builders.ts'

const host = {
  ...withCmdline(aHost(), 'initrd=\\f3a1\\initrd root=UUID=5f0a'),
  tools: ['grubby'],
  paths: ['/etc/kernel/cmdline', '/run/ostree-booted'],
  firmware: aFirmware({ loaderInfo: 'systemd-boot 255', stubInfo: 'systemd-stub 255' }),
}
const INITRD = cmdlineHas(/^initrd=\\/, 'initrd=\\… is on the command line')

describe('evidence', () => {
  it.each<[string, Evidence, string, boolean]>([
    ['a program', tool('grubby'), 'grubby is installed', false],
    ['a path', path('/etc/kernel/cmdline'), '/etc/kernel/cmdline exists', false],
    [
      'a path that only this boot can have made',
      path('/run/ostree-booted'),
      '/run/ostree-booted exists',
      true,
    ],
    ['the command line', INITRD, 'initrd=\\… is on the command line', true],
    ['LoaderInfo', loaderInfo(/^systemd-boot /), 'the firmware says "systemd-boot 255" booted it', true],
    ['StubInfo', stubInfo(/^systemd-stub /), 'the firmware says "systemd-stub 255" booted it', true],
    ['any fact', where(({ arch }) => arch === 'x86_64', 'it is a PC'), 'it is a PC', false],
    [
      'several together, of the boot where one of them is',
      all(tool('grubby'), INITRD),
      'grubby is installed, initrd=\\… is on the command line',
      true,
    ],
    [
      'the first of several',
      any(tool('none'), tool('grubby'), path('/etc/kernel/cmdline')),
      'grubby is installed',
      false,
    ],
    [
      'one that the boot left before others',
      any(tool('grubby'), INITRD),
      'initrd=\\… is on the command line',
      true,
    ],
    ['what is missing says nothing', all(tool('grubby'), not(tool('ostree'))), 'grubby is installed', false],
  ])('is %s', (_, evidence, says, ofBoot) => {
    expect(evidence.find(host)).toEqual({ says, ofBoot })
  })

  it.each<[string, Evidence]>([
    ['a program that is not there', tool('update-grub')],
    ['a path that is not there', path('/boot/grub/grub.cfg')],
    ['one of several that is missing', all(tool('grubby'), tool('update-grub'))],
    ['none of several', any(tool('update-grub'), path('/boot/grub/grub.cfg'))],
    ['what must not be there and is', all(tool('grubby'), not(INITRD))],
    ['the name of another loader', loaderInfo(/^Limine/)],
  ])('is not %s', (_, evidence) => {
    expect(evidence.find(host)).toBeUndefined()
  })

  it('is not drawn from what is unknown', () => {
    expect(INITRD.find({ ...host, cmdline: unknown('no') })).toBeUndefined()
    expect(loaderInfo(/systemd/).find({ ...host, firmware: aFirmware() })).toBeUndefined()
  })

  it('names all that has to be looked at', () => {
    const evidence = any(all(tool('a'), path('/b')), not(all(tool('c'), path('/d'))), INITRD)
    expect(evidence).toMatchObject({ tools: ['a', 'c'], paths: ['/b', '/d'] })
  })
})
