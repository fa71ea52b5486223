import { ARRANGEMENTS, type ArrangementName } from './devices.ts'
import type { Image } from './image.ts'
import { type Machine, startMachine } from './machine.ts'

/** What a scenario works with: machines, and a log in which each step has its time. */
export interface Lab {
  readonly signal: AbortSignal
  /** Runs one step and says how long it took, also when it fails. */
  step<T>(title: string, action: () => Promise<T>): Promise<T>
  say(text: string): void
  /** A machine that answers on ssh. Stopped, and its disk removed, when the scenario ends. */
  boot(arrangement: ArrangementName): Promise<Machine>
}

export interface Scenario {
  readonly name: string
  /** One line for --help: what is true of the machine when this is green. */
  readonly summary: string
  run(lab: Lab): Promise<void>
}

/** Why it failed is told to the log, with the machine's last words; the answer is whether it passed. */
export async function runScenario(
  scenario: Scenario,
  image: Image,
  say: Say,
  signal: AbortSignal,
): Promise<boolean> {
  await using machines = new AsyncDisposableStack()
  const running: Machine[] = []
  const lab = newLab(scenario.name, image, say, signal, machine => {
    running.push(machine)
    machines.use(machine)
  })
  try {
    await scenario.run(lab)
    return true
  } catch (error) {
    if (!signal.aborted) {
      for (const machine of running)
        lab.say(`end of the serial log:\n${lastLines(await machine.serialLog(), 25)}`)
      lab.say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    return false
  }
}

export type Say = (line: string) => void

function newLab(
  name: string,
  image: Image,
  say: Say,
  signal: AbortSignal,
  keep: (machine: Machine) => void,
): Lab {
  const sayHere: Say = text =>
    text.split('\n').forEach(line => {
      say(`${name}: ${line}`)
    })
  const step: Lab['step'] = async (title, action) => {
    signal.throwIfAborted()
    const started = performance.now()
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
    try {
      const result = await action()
      sayHere(`${title} … ${seconds()}`)
      return result
    } catch (error) {
      sayHere(`${title} … failed after ${seconds()}`)
      throw error
    }
  }
  const boot: Lab['boot'] = arrangement =>
    step(`boot the ${arrangement} machine, to ssh`, async () => {
      const machine = await startMachine(image, ARRANGEMENTS[arrangement], signal)
      keep(machine)
      await machine.waitForSsh()
      return machine
    })
  return { signal, step, say: sayHere, boot }
}

const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n')
