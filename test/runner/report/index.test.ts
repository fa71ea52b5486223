import { afterEach, expect, test, vi } from 'vitest'
import { createReport } from '../../../src/runner/report/index.ts'
import { exampleRun, paper } from './example_run.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

async function firstLines(
  output: 'auto' | 'tree' | 'plain' | 'json',
  isTTY: boolean,
  color = false,
): Promise<string> {
  const stdout = paper({ isTTY })
  const report = createReport({ output, stdout, color, verbose: 0 })
  for (const event of exampleRun.slice(0, 2)) report.onEvent(event)
  await report.close()
  return stdout.text()
}

test.each([
  ['auto', true, 'xterm', /✖ lab1/],
  ['auto', true, 'dumb', /PLAY \[GPU passthrough\] lab1, lab2, far-away\n$/],
  ['auto', false, 'xterm', /PLAY \[GPU passthrough\] lab1, lab2, far-away\n$/],
  ['tree', false, 'xterm', /✖ lab1/],
  ['plain', true, 'xterm', /PLAY \[GPU passthrough\] lab1, lab2, far-away\n$/],
  ['json', true, 'xterm', /^{"event":"run",/],
] as const)('--output %s, on a terminal: %s, TERM=%s', async (output, isTTY, term, expected) => {
  vi.stubEnv('TERM', term)
  expect(await firstLines(output, isTTY)).toMatch(expected)
})

test.each([
  ['', true],
  ['1', false],
])('NO_COLOR=%j leaves colours on: %s', async (value, coloured) => {
  vi.stubEnv('NO_COLOR', value)
  expect((await firstLines('plain', true, true)).includes('\x1b[')).toBe(coloured)
})
