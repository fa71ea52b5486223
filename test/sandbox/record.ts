import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gather } from '../../src/host/gather.ts'
import type { MachineDescription } from './description.ts'
import { createSandbox, type Sandbox } from './machine.ts'

const BOOT_ID = '0b2f7c9e-4d1a-4f6b-8c35-9e7d2a1b6f04'
const INSTALLED = '2024-06-01 12:00:00'

/**
 * `node test/sandbox/record.ts NAME…` (or --all): boots the machine of recordings/NAME.ts and writes what our look at
 * it prints to test/hosts/NAME/gather.txt. The same machine is recorded in the same bytes.
 */
const names = process.argv.slice(2).flatMap(name => (name === '--all' ? all() : [name]))
if (names.length === 0)
  process.stderr.write(`usage: node test/sandbox/record.ts NAME… | --all\n${all().join('\n')}\n`)
for (const name of names) {
  const path = join(import.meta.dirname, '../hosts', name)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'gather.txt'), await record(await machineCalled(name)))
}

function all(): string[] {
  return readdirSync(join(import.meta.dirname, 'recordings'))
    .map(file => file.replace(/\.ts$/, ''))
    .sort()
}

async function machineCalled(name: string): Promise<MachineDescription> {
  if (!all().includes(name)) throw new Error(`there is no test/sandbox/recordings/${name}.ts`)
  const module: { default: MachineDescription } = await import(`./recordings/${name}.ts`)
  return module.default
}

async function record(machine: MachineDescription): Promise<Buffer> {
  await using sandbox = await createSandbox(machine, { next: () => BOOT_ID })
  // Links are listed with their times.
  await sandbox.sh(`find . -exec touch -h -d '${INSTALLED}' {} +`)
  const { stdout, stderr, status } = spawnSync('/bin/sh', ['-s'], {
    input: gather('recorded').script,
    env: environment(sandbox),
    cwd: sandbox.root,
    maxBuffer: 1 << 24,
  })
  if (status !== 0) throw new Error(`the look at ${machine.hostname} failed: ${stderr.toString()}`)
  if (stdout.includes(sandbox.root)) throw new Error(`what ${machine.hostname} tells names ${sandbox.root}`)
  return stdout
}

/** As transports set it for a sandbox, in root's login. */
function environment(sandbox: Sandbox): NodeJS.ProcessEnv {
  return {
    HOME: '/root',
    USER: 'root',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    PATH: sandbox.path,
    VFIO_RUN_ROOT: sandbox.root,
    VFIO_RUN_PATH: sandbox.path,
    SANDBOX_UID: '0',
  }
}
