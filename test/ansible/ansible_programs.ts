import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { execaSync } from 'execa'

export interface Answer {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

type Program = 'ansible' | 'ansible-inventory' | 'ansible-playbook'

/** Ansible's version, where it is installed; else undefined. */
export const ansibleVersion: string | undefined = (() => {
  const { stdout, failed } = execaSync('ansible-playbook', ['--version'], { reject: false })
  return failed ? undefined : (/core ([\d.]+)/.exec(stdout)?.[1] ?? 'unknown')
})()

/** Ansible's programs with Ansible imported once for all runs; dispose of it at the end. */
export class AnsiblePrograms implements Disposable {
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>()
  readonly #server = spawn(interpreter(), [join(import.meta.dirname, 'server.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...ENVIRONMENT },
  })
  #last = 0

  constructor() {
    createInterface({ input: this.#server.stdout }).on('line', line => {
      const { id, ...answer }: Answer & { id: number } = JSON.parse(line)
      this.#waiting.get(id)?.resolve(answer)
      this.#waiting.delete(id)
    })
    this.#server.on('exit', code => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`server.py has ended with ${code}`))
    })
  }

  run(program: Program, args: readonly string[], folder: string): Promise<Answer> {
    const id = ++this.#last
    const answer = Promise.withResolvers<Answer>()
    this.#waiting.set(id, answer)
    this.#server.stdin.write(`${JSON.stringify({ id, program, args, folder })}\n`)
    return answer.promise
  }

  [Symbol.dispose](): void {
    this.#server.stdin.end()
  }
}

const ENVIRONMENT = {
  ANSIBLE_CONFIG: join(import.meta.dirname, 'ansible.cfg'),
  // Ansible walks through sets of groups: without it their order changes from run to run.
  PYTHONHASHSEED: '0',
  PYTHONDONTWRITEBYTECODE: '1',
  LC_ALL: 'C.UTF-8',
}

/** The Python that Ansible is installed for need not be the first of PATH. */
function interpreter(): string {
  const program = execaSync('which', ['ansible-playbook']).stdout
  return /^#! *(\S+)/.exec(readFileSync(program, 'utf8'))?.[1] ?? 'python3'
}
