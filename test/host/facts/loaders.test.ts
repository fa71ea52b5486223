import { expect, it } from 'vitest'
import { paths, tools } from '../../../src/host/facts/loaders.ts'
import { parsesAnything } from './any_output.ts'

it('programs and paths come a line each', () => {
  expect(tools.parse({ found: 'update-grub\ngrub-mkconfig\n' })).toEqual(['update-grub', 'grub-mkconfig'])
  expect(paths.parse({ found: '/boot/efi/EFI/Linux/*.efi\n' })).toEqual(['/boot/efi/EFI/Linux/*.efi'])
})

it('any output gives a value', () => {
  parsesAnything(tools)
  parsesAnything(paths)
})
