import type { Case } from '../case.ts'
import { ONE } from './inventory.ts'

interface More extends Omit<Partial<Case>, 'files' | 'name'> {
  /** Keys of the play, as YAML. */
  readonly head?: string
  readonly hosts?: string
  readonly inventory?: string
  readonly files?: Readonly<Record<string, string>>
}

/** A case of one play: its tasks, and what else stands in it, as YAML from the first column. */
export const playOf = (
  name: string,
  body: string,
  { head = '', hosts = 'all', inventory = ONE, files = {}, ...more }: More = {},
): Case => ({
  name,
  files: {
    ...(more.inventories === undefined && { 'hosts.yaml': inventory }),
    'play.yaml': `- hosts: ${JSON.stringify(hosts)}\n  gather_facts: false\n${indented(head)}${
      /^(tasks|handlers|pre_tasks|post_tasks):/m.test(body)
        ? indented(body)
        : `  tasks:\n${indented(body, '    ')}`
    }`,
    ...files,
  },
  ...more,
})

/** A case that names its files, with hosts.yaml for one host. */
export const playbookOf = (
  name: string,
  playbook: string,
  { inventory = ONE, files = {}, ...more }: More = {},
): Case => ({
  name,
  files: { 'hosts.yaml': inventory, 'play.yaml': `${playbook.trim()}\n`, ...files },
  ...more,
})

const indented = (text: string, by = '  '): string =>
  text
    .trimEnd()
    .split('\n')
    .filter((line, n) => n > 0 || line.trim() !== '')
    .map(line => `${line === '' ? '' : by + line}\n`)
    .join('')
