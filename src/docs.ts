import { readFileSync, writeFileSync } from 'node:fs'
import { describeModule } from './modules/document.ts'
import { modules } from './modules/index.ts'

/** Writes docs/modules.md from the modules' declarations; with --check it fails when the file is stale. */
const FILE = new URL('../docs/modules.md', import.meta.url)

const text = `# Modules

Generated from the modules by \`npm run docs\`; do not edit.

${[...modules.values()].map(describeModule).join('\n')}`

if (!process.argv.includes('--check')) writeFileSync(FILE, text)
else if (readFileSync(FILE, 'utf8') !== text) {
  process.stderr.write('docs/modules.md is stale: run npm run docs\n')
  process.exitCode = 1
}
