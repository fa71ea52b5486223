import { once } from 'node:events'
import { ARRANGEMENTS, type Arrangement, type ArrangementName } from './devices.ts'
import { type Image, labImage } from './image.ts'
import { runScenario, type Say, type Scenario } from './lab.ts'
import { startMachine } from './machine.ts'
import { LabCannotRun } from './requirements.ts'
import { SCENARIOS } from './scenarios/index.ts'

const USAGE = `Usage: npm run lab [-- SCENARIO… | all | image | boot [MACHINE]]

  all       every scenario (what is run without arguments)
${SCENARIOS.map(scenario => `  ${scenario.name.padEnd(10)}${scenario.summary}`).join('\n')}
  image     only build the image, unless it is in the cache
  boot      keep a machine up until Ctrl-C and print how to reach it
            MACHINE: ${Object.keys(ARRANGEMENTS).join(', ')}
`

const started = performance.now()
const say: Say = line =>
  console.log(`[${((performance.now() - started) / 1000).toFixed(1).padStart(6)}] ${line}`)

const INTERRUPTED = 130

/** Aborted by the first Ctrl-C: machines are stopped and their disks removed on the way out. */
const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupt.abort())

process.exitCode = await lab(process.argv.slice(2)).catch((error: unknown) => {
  if (interrupt.signal.aborted) return INTERRUPTED
  if (!(error instanceof LabCannotRun)) throw error
  console.error(`the lab cannot run: ${error.message}`)
  return 1
})

async function lab([word = 'all', ...words]: readonly string[]): Promise<number> {
  if (word === '--help' || word === '-h') {
    console.log(USAGE)
    return 0
  }
  const run = command(word, words)
  return run(await labImage(say, interrupt.signal))
}

/** Names are checked before minutes are spent on the image. */
function command(word: string, words: readonly string[]): (image: Image) => Promise<number> {
  if (word === 'image') {
    return async image => {
      say(image.disk)
      return 0
    }
  }
  if (word === 'boot') {
    const arrangement = arrangementNamed(words[0] ?? 'intel')
    return image => keepUp(image, arrangement)
  }
  const chosen = word === 'all' ? SCENARIOS : [word, ...words].map(scenarioNamed)
  return image => runAll(image, chosen)
}

function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find(candidate => candidate.name === name)
  if (scenario === undefined) throw new LabCannotRun(`there is no scenario ${name}\n${USAGE}`)
  return scenario
}

/** One after the other: each keeps a processor busy, and times mean something only on a quiet machine. */
async function runAll(image: Image, scenarios: readonly Scenario[]): Promise<number> {
  const results: string[] = []
  let failures = 0
  for (const scenario of scenarios) {
    const from = performance.now()
    const passed = await runScenario(scenario, image, say, interrupt.signal)
    if (interrupt.signal.aborted) return INTERRUPTED
    if (!passed) failures += 1
    results.push(
      `${passed ? 'passed' : 'FAILED'}  ${scenario.name.padEnd(10)} ${Math.round((performance.now() - from) / 1000)} s`,
    )
  }
  for (const result of results) say(result)
  return failures === 0 ? 0 : 1
}

function arrangementNamed(name: string): Arrangement {
  if (!isArrangement(name)) throw new LabCannotRun(`there is no machine ${name}\n${USAGE}`)
  return ARRANGEMENTS[name]
}

function isArrangement(name: string): name is ArrangementName {
  return Object.hasOwn(ARRANGEMENTS, name)
}

async function keepUp(image: Image, arrangement: Arrangement): Promise<number> {
  await using machine = await startMachine(image, arrangement, interrupt.signal)
  say(`QEMU is process ${machine.pid}; its files are in ${machine.folder}`)
  await machine.waitForSsh()
  say('up. Users: root, ops (sudo), askme (sudo asks for "let me in"), plain (no sudo). Ctrl-C ends it.')
  say(machine.sshCommand('root'))
  await once(interrupt.signal, 'abort')
  return 0
}
