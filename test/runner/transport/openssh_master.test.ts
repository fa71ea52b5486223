import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Connector } from '../../../src/runner/transport/connect.ts'
import type { Target } from '../../../src/runner/transport/transport.ts'

const TARGET: Target = {
  ...{ name: 'lab', connection: 'openssh', host: 'lab', port: 22, user: 'root' },
  ...{ privateKeyFile: undefined, connectTimeout: 5 },
}

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vfio-run-fake-ssh-'))
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

/** Logs how it is called; as a master it makes its socket first. */
async function fakeSsh(asMaster: string): Promise<() => Promise<readonly string[]>> {
  const log = join(folder, 'log')
  const script = `#!/bin/sh
for word; do case $word in ControlPath=*) socket=\${word#*=};; esac; done
case "$*" in
  *ControlMaster=yes*) : >"$socket"; echo master >>${log}; ${asMaster};;
  '-O '*) echo "told $2" >>${log};;
esac
`
  await writeFile(join(folder, 'ssh'), script)
  await chmod(join(folder, 'ssh'), 0o755)
  return async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean)
}

test('a master that is there when the user interrupts is told to end', async () => {
  const calls = await fakeSsh('exec sleep 20')
  const interrupt = new AbortController()
  const options = { knownHostsFiles: [], acceptNewHostKeys: false, passphrase: undefined }
  await using connector = new Connector({ ...options, signal: interrupt.signal })
  const connecting = connector.connect(TARGET).catch((error: unknown) => error)
  await vi.waitUntil(async () => (await calls()).includes('master'))
  interrupt.abort(new Error('interrupted'))
  expect(await connecting).toMatchObject({ message: 'interrupted' })
  expect(await calls()).toEqual(['master', 'told exit'])
})
