import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { UserError, UserErrors } from '../../src/errors.ts'
import type { AnsiblePrograms } from './ansible_programs.ts'
import type { Case } from './case.ts'
import { askAnsible } from './oracle.ts'
import { askOurselves } from './ours.ts'
import type { Results, Told } from './results.ts'

/** What both programs make of a case; of ours, what a user is told, where it refuses. */
export async function askBoth(
  one: Case,
  programs: AnsiblePrograms,
): Promise<{ ansible: unknown; ours: unknown }> {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-ansible-'))
  try {
    for (const [name, text] of Object.entries(one.files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    const [ansible, ours] = await Promise.all([
      askAnsible(one, folder, programs),
      askOurselves(one, folder).catch(refusal),
    ])
    return {
      ansible: comparable(ansible),
      ours: typeof ours === 'string' ? ours.replaceAll(`${folder}/`, '') : comparable(ours),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What was told of each host, the counts of those that took part, and whether all went well. */
const comparable = ({ told, recap, exitCode }: Results) => ({
  told: Object.fromEntries(Object.entries(told).map(([host, own]) => [host, own.map(line)])),
  recap: Object.fromEntries(
    Object.entries(recap).filter(([, each]) => Object.values(each).some(count => count > 0)),
  ),
  isFine: exitCode === 0,
})

const line = ({ task, item, status, ignored, text }: Told): string =>
  [
    task,
    item === undefined ? '' : `(${item})`,
    `: ${status}`,
    ignored ? ' ignored' : '',
    text === undefined ? '' : ` = ${text}`,
  ].join('')

function refusal(error: unknown): string {
  if (error instanceof UserErrors) return error.errors.map(({ message }) => message).join('\n')
  if (error instanceof UserError) return error.message
  throw error
}
