import input from '@inquirer/input'
import password from '@inquirer/password'
import { UserError } from '../errors.ts'

/** Nothing is drawn until the question is answered. */
export interface Asking {
  whileAsking<Answer>(question: () => Promise<Answer>): Promise<Answer>
}

/** On stderr, as stdout may be a program's to read; undefined where there is no terminal to ask at. */
export async function askAtTerminal(
  asking: Asking,
  prompt: string,
  { echo }: { readonly echo: boolean },
): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined
  const where = { output: process.stderr }
  return await asking.whileAsking(async () => {
    const question = echo ? input({ message: prompt }, where) : password({ message: prompt }, where)
    return await question.catch(interrupt)
  })
}

/**
 * A question reads Ctrl-C as a key, so that no signal comes of it. What would answer the signal does; where nothing
 * would, as before a run, it ends the process (signal(7)).
 */
function interrupt(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'ExitPromptError') throw error
  if (!process.emit('SIGINT', 'SIGINT')) process.kill(process.pid, 'SIGINT')
  throw new UserError({ kind: 'failed', where: 'interrupted', why: 'the question was not answered' })
}

/** `--step`: one question at a time, and none any more after "continue". */
export function stepper(asking: Asking): (task: string) => Promise<'yes' | 'no' | 'continue'> {
  let goesOn = false
  let last: Promise<unknown> = Promise.resolve()
  return task => {
    const answer = last.then(async () => {
      if (goesOn) return 'continue'
      const said = await askStep(asking, task)
      goesOn = said === 'continue'
      return said
    })
    last = answer.catch(() => undefined)
    return answer
  }
}

async function askStep(asking: Asking, task: string): Promise<'yes' | 'no' | 'continue'> {
  const said = await askAtTerminal(asking, `Perform task: ${task} (N)o/(y)es/(c)ontinue:`, { echo: true })
  const letter = said?.trim().toLowerCase().charAt(0)
  if (letter === 'y') return 'yes'
  return letter === 'c' ? 'continue' : 'no'
}
