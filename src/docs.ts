import { readFileSync, writeFileSync } from 'node:fs'
import { describeModule } from './modules/document.ts'
import { modules } from './modules/index.ts'
import { actions } from './runner/actions/index.ts'

/** Writes docs/modules.md from the declarations of modules and actions; with --check it fails when the file is stale. */
const FILE = new URL('../docs/modules.md', import.meta.url)

const text = `# Modules

Generated from the modules by \`npm run docs\`; do not edit.

State modules come first: each says how something is to be, and a dry run shows what would change. [Actions](#actions)
follow: they are run.

${[...modules.values()].map(describeModule).join('\n')}
# Actions

An action is run each time. What the host is like afterwards is looked at anew, and a dry run says \`would run\` where it
cannot know.

${[...actions.values()].map(describeModule).join('\n')}`

if (!process.argv.includes('--check')) writeFileSync(FILE, text)
else if (readFileSync(FILE, 'utf8') !== text) {
  process.stderr.write('docs/modules.md is stale: run npm run docs\n')
  process.exitCode = 1
}
