import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { askAtTerminal } from '../../src/cli/questions.ts'
import { UserError } from '../../src/errors.ts'

const closed = Object.assign(new Error('User force closed the prompt'), { name: 'ExitPromptError' })
vi.mock('@inquirer/input', () => ({ default: () => Promise.reject(closed) }))

const asking = { whileAsking: <Answer>(question: () => Promise<Answer>) => question() }
const isTTY = process.stdin.isTTY

beforeEach(() => {
  process.stdin.isTTY = true
})
afterEach(() => {
  process.stdin.isTTY = isTTY
  vi.restoreAllMocks()
})

test('Ctrl-C at a question interrupts the run as it does elsewhere', async () => {
  const onInterrupt = vi.fn()
  process.once('SIGINT', onInterrupt)
  await expect(askAtTerminal(asking, 'Go on?', { echo: true })).rejects.toThrow(UserError)
  expect(onInterrupt).toHaveBeenCalledOnce()
})

test('Ctrl-C at a question before the run ends the process as the signal does', async () => {
  const others = process.listeners('SIGINT')
  process.removeAllListeners('SIGINT')
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
  await askAtTerminal(asking, 'Go on?', { echo: true }).catch(() => undefined)
  for (const listener of others) process.on('SIGINT', listener)
  expect(kill).toHaveBeenCalledWith(process.pid, 'SIGINT')
})
