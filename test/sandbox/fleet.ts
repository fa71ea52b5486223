import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { MachineDescription } from './description.ts'
import { newKeyPair } from './keys.ts'
import { createSandbox, type Sandbox } from './machine.ts'
import { type SandboxServer, type ServeOptions, serveSandbox } from './ssh_server.ts'

/** A machine of the fleet and the variables that its inventory gives it. */
export interface Member {
  readonly machine: MachineDescription
  readonly vars: Readonly<Record<string, unknown>>
  readonly serve?: Partial<ServeOptions>
}

export interface FleetOptions {
  /** Our own server, which counts and cuts, or OpenSSH's. */
  readonly serveBy?: typeof serveSandbox
  readonly user?: string
}

/** Sandbox hosts behind SSH servers on loopback, with the inventory, key and known_hosts that reach them. */
export interface Fleet extends AsyncDisposable {
  readonly folder: string
  readonly inventory: string
  readonly knownHosts: string
  readonly hosts: ReadonlyMap<string, { readonly sandbox: Sandbox; readonly server: SandboxServer }>
}

export async function startFleet(
  members: Readonly<Record<string, Member>>,
  { serveBy = serveSandbox, user = 'admin' }: FleetOptions = {},
): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-fleet-'))
  const key = newKeyPair()
  const keyFile = join(folder, 'id_ed25519')
  writeFileSync(keyFile, key.private, { mode: 0o600 })
  const started = await Promise.all(
    Object.entries(members).map(async ([name, { machine, serve }]) => {
      const sandbox = await createSandbox(machine)
      const server = await serveBy(sandbox, {
        user,
        authorizedKey: key.public,
        sudo: 'nopasswd',
        ...serve,
      })
      return [name, { sandbox, server }] as const
    }),
  )
  const hosts = new Map(started)
  const inventory = join(folder, 'hosts.yaml')
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(inventory, stringify(inventoryOf(members, hosts, { user, keyFile })))
  writeFileSync(
    knownHosts,
    [...hosts.values()].map(({ server }) => `[127.0.0.1]:${server.port} ${server.hostKeyPublic}\n`).join(''),
  )
  return {
    folder,
    inventory,
    knownHosts,
    hosts,
    async [Symbol.asyncDispose]() {
      for (const { server, sandbox } of hosts.values()) {
        await server.stop()
        await sandbox.dispose()
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function inventoryOf(
  members: Readonly<Record<string, Member>>,
  hosts: Fleet['hosts'],
  { user, keyFile }: { readonly user: string; readonly keyFile: string },
) {
  const entries = [...hosts].map(([name, { server }]) => [
    name,
    { ansible_host: '127.0.0.1', ansible_port: server.port, ...members[name]?.vars },
  ])
  return {
    all: {
      vars: { ansible_user: user, ansible_ssh_private_key_file: keyFile },
      hosts: Object.fromEntries(entries),
    },
  }
}
