import { readFileSync, writeFileSync } from 'node:fs'
import { ansibleDocument } from './document.ts'

/** Writes docs/ansible.md; with --check it fails when the file is stale. */
const FILE = new URL('../../docs/ansible.md', import.meta.url)

const text = ansibleDocument()
if (!process.argv.includes('--check')) writeFileSync(FILE, text)
else if (readFileSync(FILE, 'utf8') !== text) {
  process.stderr.write('docs/ansible.md is stale: run npm run docs\n')
  process.exitCode = 1
}
