import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { ENVIRONMENT, type Outcome, vfioRun } from '../cli/vfio_run.ts'
import { type Accounts, LOGIN } from '../runner/transport/real_accounts.ts'

/** An inventory and playbooks for hosts that are behind a real sshd, and the command as a user starts it. */
export class Project {
  readonly accounts: Accounts
  #files = 0

  constructor(accounts: Accounts) {
    this.accounts = accounts
  }

  /** `up` hosts answer; on the port of the `down` ones nobody listens. */
  inventory(up: readonly string[], down: readonly string[] = []): string {
    const { port, keyFile } = this.accounts
    const host = (port: number) => ({ ansible_host: '127.0.0.1', ansible_port: port })
    const hosts = [...up.map(name => [name, host(port)]), ...down.map(name => [name, host(1)])]
    const vars = { ansible_user: LOGIN, ansible_ssh_private_key_file: keyFile }
    return this.file('hosts.yaml', stringify({ all: { vars, hosts: Object.fromEntries(hosts) } }))
  }

  file(name: string, text: string): string {
    const path = join(this.accounts.folder, `${++this.#files}-${name}`)
    writeFileSync(path, text)
    return path
  }

  play(inventory: string, playbook: string, ...flags: string[]): Promise<Outcome> {
    return vfioRun(...this.#words(inventory, playbook, flags))
  }

  /** The same, to be interrupted. */
  start(inventory: string, playbook: string, ...flags: string[]): ChildProcess {
    const words = this.#words(inventory, playbook, flags)
    return spawn(process.execPath, ['src/cli.ts', ...words], {
      env: ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }

  #words(inventory: string, playbook: string, flags: readonly string[]): readonly string[] {
    return [
      this.file('play.yaml', playbook),
      '-i',
      inventory,
      '--known-hosts',
      this.accounts.knownHosts,
      ...flags,
    ]
  }
}
