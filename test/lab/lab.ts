import type { Image } from './image.ts'
import { type Machine, startMachine } from './machine.ts'
import { MODELS, type ModelName } from './models.ts'

/** What a scenario works with: a log in which each step has its time. */
export interface Lab {
  readonly signal: AbortSignal
  /** Runs one step and says how long it took, also when it fails. */
  step<T>(title: string, action: () => Promise<T>): Promise<T>
  say(text: string): void
}

export interface Scenario {
  readonly name: string
  /** One line for --help: what is true of the machine when this is green. */
  readonly summary: string
  readonly machine: ModelName
  /** The adapters that a green run has driven through a reboot, by their names; docs/support.md is made of it. */
  readonly proves?: { readonly bootloader: string; readonly initramfs: string }
  /** The machine answers on ssh. It is stopped, and its disk removed, when this ends. */
  run(lab: Lab, machine: Machine): Promise<void>
}

/** Why it failed is told to the log, with the machine's last words; the answer is whether it passed. */
export async function runScenario(
  scenario: Scenario,
  image: Image,
  say: Say,
  signal: AbortSignal,
): Promise<boolean> {
  const lab = newLab(scenario.name, say, signal)
  const { arrangement } = MODELS[scenario.machine]
  try {
    await using machine = await startMachine(image, arrangement, signal)
    try {
      await lab.step(`boot the ${scenario.machine} machine, to ssh`, () => machine.waitForSsh())
      // sshd is up before the last drivers are: what a look finds would depend on when it looks.
      await lab.step('wait for the drivers', () => machine.ssh('udevadm settle --timeout=300'))
      await scenario.run(lab, machine)
    } catch (error) {
      if (!signal.aborted) lab.say(`end of the serial log:\n${lastLines(await machine.serialLog(), 25)}`)
      throw error
    }
    return true
  } catch (error) {
    if (!signal.aborted) lab.say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return false
  }
}

export type Say = (line: string) => void

function newLab(name: string, say: Say, signal: AbortSignal): Lab {
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
  return { signal, step, say: sayHere }
}

const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n')
