import { afterEach, expect, test, vi } from 'vitest'
import { createReport, type Output } from '../../../src/runner/report/index.ts'
import { exampleRun, paper } from './example_run.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

async function firstLines(output: Output, isTTY: boolean, color = false): Promise<string> {
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
  ['junit', true, 'xterm', /^<\?xml /],
] as const)('--output %s, on a terminal: %s, TERM=%s', async (output, isTTY, term, expected) => {
  vi.stubEnv('TERM', term)
  expect(await firstLines(output, isTTY)).toMatch(expected)
})

test.each([
  ['', true],
  ['1', false],
])('NO_COLOR=%j leaves colours on: %s', async (value, coloured) => {
  vi.stubEnv('NO_COLOR', value)
  vi.stubEnv('FORCE_COLOR', '')
  expect((await firstLines('plain', true, true)).includes('\x1b[')).toBe(coloured)
})

test.each([
  ['1', '', true],
  ['0', '', false],
  ['', '', false],
  ['1', '1', false],
])('away from a terminal FORCE_COLOR=%j and NO_COLOR=%j give colours: %s', async (force, no, coloured) => {
  vi.stubEnv('FORCE_COLOR', force)
  vi.stubEnv('NO_COLOR', no)
  expect((await firstLines('plain', false, false)).includes('\x1b[')).toBe(coloured)
})
