import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { expect, test } from 'vitest'
import { gather } from '../../src/host/gather.ts'
import { ansibleFacts } from '../../src/runner/host_run/ansible_facts.ts'
import { FACT_NAMES } from '../../src/runner/playbook/variables.ts'
import { AnsiblePrograms, ansibleVersion } from './ansible_programs.ts'

/** The name of the user is read from the environment there (getpass.getuser()), and from the user id here. */
const ENVIRONMENT = { USER: 'root', LOGNAME: 'root' }

test.skipIf(ansibleVersion === undefined || process.getuid?.() !== 0)(
  'of this machine each fact has the value that Ansible’s setup gives it',
  { timeout: 60_000 },
  async () => {
    Object.assign(process.env, ENVIRONMENT)
    const folder = mkdtempSync(join(tmpdir(), 'vfio-run-facts-'))
    using programs = new AnsiblePrograms()
    const { stdout } = await programs.run('ansible', ['localhost', '-m', 'setup'], folder)
    rmSync(folder, { recursive: true })
    const theirs = JSON.parse(stdout.slice(stdout.indexOf('{'))).ansible_facts
    const look = gather('facts', { extras: new Set(['fqdn']) })
    const host = look.parse(
      Buffer.from(execaSync('sh', ['-s'], { input: look.script, encoding: 'buffer' }).stdout),
    )
    const ours = ansibleFacts(host)
    expect(ours).toEqual(Object.fromEntries(FACT_NAMES.map(name => [name, theirs[`ansible_${name}`]])))
  },
)
