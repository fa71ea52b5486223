import { expect, it } from 'vitest'
import { menu, paths, tools } from '../../../src/host/facts/loaders.ts'
import { parsesAnything } from './any_output.ts'

it('programs and paths come a line each', () => {
  expect(tools.parse({ found: 'update-grub\ngrub-mkconfig\n' })).toEqual(['update-grub', 'grub-mkconfig'])
  expect(paths.parse({ found: '/boot/efi/EFI/Linux/*.efi\n' })).toEqual(['/boot/efi/EFI/Linux/*.efi'])
})

it('a menu that cannot be read is unknown, not empty', () => {
  expect(menu.parse({ lines: '', environment: '' })).toEqual({
    is: 'unknown',
    why: '/boot/grub/grub.cfg is not readable',
  })
})

it('a menu has its entries and the saved one', () => {
  const lines = `### BEGIN /etc/grub.d/10_linux ###\nmenuentry 'Debian' {\n\tlinux\t/vmlinuz-6 root=/dev/sda1 ro quiet\n`
  expect(menu.parse({ lines, environment: 'saved_entry=Debian\n' })).toMatchObject({
    is: 'observed',
    value: {
      saved: 'Debian',
      entries: [{ title: 'Debian', kernel: '/vmlinuz-6', args: ['root=/dev/sda1', 'ro', 'quiet'] }],
    },
  })
})

it('any output gives a value', () => {
  parsesAnything(tools)
  parsesAnything(paths)
  parsesAnything(menu)
})
