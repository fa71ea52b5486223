import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { MachineDescription } from '../description.ts'
import { createSandbox } from '../machine.ts'
import { filesOnly, kernel, ROOT_UUID } from './files_only.ts'

test('a machine of files shows them, what its tools answer, and the boot it is told of', async () => {
  await using sandbox = await createSandbox(
    filesOnly({
      hostname: 'told',
      osRelease: 'ID=told\n',
      kernels: [kernel('6.8.0-1-told')],
      files: { '/boot/loader.0/entries/a.conf': 'title A\n' },
      links: { '/boot/loader': 'loader.0' },
      programs: { 'rpm-ostree': '#!/bin/sh\necho "root=UUID=x rw"\n' },
      cmdline: `ostree=/ostree/boot.0 root=UUID=${ROOT_UUID} rw`,
      efiVariables: { LoaderInfo: 'told 1' },
      machine: { shows: { '/proc/swaps': 'none\n' } },
    }),
  )
  expect(sandbox.read('/boot/loader/entries/a.conf')).toBe('title A\n')
  expect(sandbox.read('/etc/os-release')).toBe('ID=told\n')
  expect(await sandbox.sh('rpm-ostree kargs; uname -r; command -v dracut || echo none')).toBe(
    'root=UUID=x rw\n6.8.0-1-told\nnone\n',
  )
  expect(sandbox.read('/proc/cmdline')).toBe(`ostree=/ostree/boot.0 root=UUID=${ROOT_UUID} rw\n`)
  expect(sandbox.read('/proc/swaps')).toBe('none\n')
  expect(sandbox.running.efiVariables).toEqual({ LoaderInfo: 'told 1' })
  expect(sandbox.running.binding.drivers.get('01:00.0')).toBe('nouveau')
})

const RECORDINGS = join(import.meta.dirname, '../recordings')

test.each(readdirSync(RECORDINGS))('the machine of recordings/%s boots', async file => {
  const { default: machine }: { default: MachineDescription } = await import(join(RECORDINGS, file))
  await using sandbox = await createSandbox(machine)
  expect(sandbox.read('/proc/cmdline')).toMatch(/\S/)
})
