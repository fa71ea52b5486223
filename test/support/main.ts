import { readFileSync, writeFileSync } from 'node:fs'
import { supportDocument } from './document.ts'

/** Writes docs/support.md; with --check it fails when the file is stale. */
const FILE = new URL('../../docs/support.md', import.meta.url)

const text = supportDocument()
if (!process.argv.includes('--check')) writeFileSync(FILE, text)
else if (readFileSync(FILE, 'utf8') !== text) {
  process.stderr.write('docs/support.md is stale: run npm run docs\n')
  process.exitCode = 1
}
