import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test("CONTRIBUTING.md's example of an adapter is the smallest one, as it is", () => {
  const example = /^```ts\n([\s\S]*?)^```$/m.exec(read('CONTRIBUTING.md'))?.[1]
  expect(example).toBe(read('src/backends/bootloaders/goofiboot.ts'))
})
