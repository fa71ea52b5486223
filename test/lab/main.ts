import { once } from 'node:events'
import { IMAGES, type ImageName } from './image/recipes.ts'
import { type Image, labImage } from './image.ts'
import { runScenario, type Say, type Scenario } from './lab.ts'
import { startMachine } from './machine.ts'
import { MODELS, type Model } from './models.ts'
import { LabCannotRun } from './requirements.ts'
import { SCENARIOS } from './scenarios/index.ts'

const USAGE = `Usage: npm run lab [-- SCENARIO… | all | image [IMAGE…] | boot [MACHINE]]

  all           every scenario (what is run without arguments)
${SCENARIOS.map(scenario => `  ${scenario.name.padEnd(14)}${scenario.summary}`).join('\n')}
  image         only build images, unless they are in the cache; all of them when none is named
                IMAGE: ${Object.keys(IMAGES).join(', ')}
  boot          keep a machine up until Ctrl-C and print how to reach it
                MACHINE: ${Object.keys(MODELS).join(', ')}
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

/** Names are checked before minutes are spent on an image. */
async function lab([word = 'all', ...words]: readonly string[]): Promise<number> {
  switch (word) {
    case '--help':
    case '-h':
      console.log(USAGE)
      return 0
    case 'image':
      return buildAll(words.length === 0 ? keysOf(IMAGES) : words.map(name => named('image', IMAGES, name)))
    case 'boot':
      return keepUp(MODELS[named('machine', MODELS, words[0] ?? 'intel')])
    case 'all':
      return runAll(SCENARIOS)
    default:
      return runAll([word, ...words].map(scenarioNamed))
  }
}

function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find(candidate => candidate.name === name)
  if (scenario === undefined) throw new LabCannotRun(`there is no scenario ${name}\n${USAGE}`)
  return scenario
}

function named<Table extends object>(what: string, table: Table, name: string): keyof Table & string {
  const found = keysOf(table).find(key => key === name)
  if (found === undefined) throw new LabCannotRun(`there is no ${what} ${name}\n${USAGE}`)
  return found
}

async function buildAll(names: readonly ImageName[]): Promise<number> {
  for (const name of names) say(`image ${name}: ${(await labImage(name, say, interrupt.signal)).disk}`)
  return 0
}

/** One after the other: each keeps a processor busy, and times mean something only on a quiet machine. */
async function runAll(scenarios: readonly Scenario[]): Promise<number> {
  const images = await imagesOf(scenarios)
  const results: string[] = []
  let failures = 0
  for (const scenario of scenarios) {
    const image = images.get(MODELS[scenario.machine].image)
    if (image === undefined) throw new Error(`no image for ${scenario.name}`)
    const from = performance.now()
    const passed = await runScenario(scenario, image, say, interrupt.signal)
    if (interrupt.signal.aborted) return INTERRUPTED
    if (!passed) failures += 1
    results.push(
      `${passed ? 'passed' : 'FAILED'}  ${scenario.name.padEnd(14)}${Math.round((performance.now() - from) / 1000)} s`,
    )
  }
  for (const result of results) say(result)
  return failures === 0 ? 0 : 1
}

/** Those that are missing are built first: what a machine lacks for one of them shows at once. */
async function imagesOf(scenarios: readonly Scenario[]): Promise<ReadonlyMap<ImageName, Image>> {
  const images = new Map<ImageName, Image>()
  for (const name of new Set(scenarios.map(scenario => MODELS[scenario.machine].image)))
    images.set(name, await labImage(name, say, interrupt.signal))
  return images
}

async function keepUp(model: Model): Promise<number> {
  const image = await labImage(model.image, say, interrupt.signal)
  await using machine = await startMachine(image, model.arrangement, interrupt.signal)
  say(`QEMU is process ${machine.pid}; its files are in ${machine.folder}`)
  await machine.waitForSsh()
  say('up. Users: root, ops (sudo), askme (sudo asks for "let me in"), plain (no sudo). Ctrl-C ends it.')
  say(machine.sshCommand('root'))
  await once(interrupt.signal, 'abort')
  return 0
}

function keysOf<Table extends object>(table: Table): (keyof Table & string)[] {
  const keys: (keyof Table & string)[] = []
  for (const key in table) if (Object.hasOwn(table, key)) keys.push(key)
  return keys
}
