import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { UserError, UserErrors } from '../../src/errors.ts'
import { modules } from '../../src/modules/index.ts'
import { loadRun } from '../../src/runner/load.ts'
import { loadFleet } from '../../src/runner/load_fleet.ts'

/** In a worker, which can be ended where a load hangs: loads files, and says what is no answer to a user. */
parentPort?.on('message', async (files: Readonly<Record<string, string>>) => {
  parentPort?.postMessage(await defectsOf(files))
})

/** Of what was thrown, that which is no UserError: a stack trace where a line should be. */
async function defectsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-fuzz-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    const common = {
      inventories: [join(folder, 'hosts.yaml')],
      limit: undefined,
      become: false,
      becomePassword: undefined,
      user: 'admin',
      privateKey: undefined,
      connectTimeout: 10,
    }
    const loads = [
      () => loadRun({ ...common, playbook: join(folder, 'play.yaml'), extraVars: [], modules }),
      async () => loadFleet({ ...common, snapshots: undefined }),
    ]
    const defects: string[] = []
    for (const load of loads) {
      const error = await load().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      if (error !== undefined && !(error instanceof UserError) && !(error instanceof UserErrors))
        defects.push(error instanceof Error ? String(error.stack) : String(error))
    }
    return defects
  } finally {
    rmSync(folder, { recursive: true })
  }
}
