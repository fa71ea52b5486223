import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jsonEvent } from './json_schema.ts'

const page = readFileSync(new URL('../../../docs/output.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
  block.trim().split('\n'),
)

test.each(examples)('docs/output.md shows a line that json output could print: %s', line => {
  expect(JSON.stringify(jsonEvent.parse(JSON.parse(line)))).toBe(line)
})

test('docs/output.md has a section and an example for every event', () => {
  const kinds = jsonEvent.options.map(({ shape }) => shape.event.value)
  const shown = new Set(examples.map(line => jsonEvent.parse(JSON.parse(line)).event))
  expect([...shown]).toEqual(kinds)
  for (const kind of kinds) expect(page).toContain(`\n### ${kind}\n`)
})
