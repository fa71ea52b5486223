import { Argument, Command } from 'commander'
import { modules } from '../modules/index.ts'
import { actions } from '../runner/actions/index.ts'
import {
  BLOCK_WORDS,
  HANDLER_WORDS,
  LOOP_LOOKUPS,
  PLAY_WORDS,
  TASK_WORDS,
} from '../runner/playbook/vocabulary.ts'
import { inventorySchema } from '../schema/inventory.ts'
import { playbookSchema } from '../schema/playbook.ts'

/** `vfio-run schema playbook|inventory`: what an editor needs to complete and to check. */
export const schemaCommand = (): Command =>
  new Command('schema')
    .description('print a JSON Schema, for editors')
    .addArgument(new Argument('<of>', 'what to describe').choices(['playbook', 'inventory']))
    .addHelpText(
      'after',
      `
Write it beside your playbooks, and have the first line of each name it:

  vfio-run schema playbook > playbook.schema.json
  # yaml-language-server: $schema=playbook.schema.json`,
    )
    .action((of: 'playbook' | 'inventory') => {
      process.stdout.write(`${JSON.stringify(SCHEMAS[of](), undefined, 2)}\n`)
    })

const KEYS = {
  play: PLAY_WORDS.known,
  task: TASK_WORDS.known,
  handler: HANDLER_WORDS.known,
  block: BLOCK_WORDS.known,
  lookups: LOOP_LOOKUPS,
}

const SCHEMAS = {
  playbook: () => playbookSchema([...modules.values(), ...actions.values()], KEYS),
  inventory: () => inventorySchema(modules),
}
