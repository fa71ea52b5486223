import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { modules } from '../../src/modules/index.ts'
import { actions } from '../../src/runner/actions/index.ts'
import { HANDLER_WORDS, PLAY_WORDS } from '../../src/runner/playbook/vocabulary.ts'
import { CASES } from '../ansible/cases/index.ts'

/** Files that a user may have written, by name; the two that are loaded, and what they name. */
type Files = Readonly<Record<string, string>>

const PLAYBOOKS = ['gpu', 'check', 'bind'].map(name => readFileSync(`playbooks/${name}.yaml`, 'utf8'))
const INVENTORY = readFileSync('inventories/example.yaml', 'utf8')
const SEEDS: readonly Files[] = [
  ...PLAYBOOKS.map(play => ({ 'play.yaml': play, 'hosts.yaml': INVENTORY })),
  ...Object.values(CASES)
    .flat()
    .map(({ files }) => files)
    .filter(files => 'hosts.yaml' in files),
]

const WORDS = [
  ...[...PLAY_WORDS.known, ...HANDLER_WORDS.known, ...modules.keys(), ...actions.keys()],
  ...[
    'block',
    'rescue',
    'import_tasks',
    'import_playbook',
    'meta',
    'with_items',
    'item',
    'all',
    'hosts',
    'children',
  ],
  ...[
    'ansible_host',
    'ansible_connection',
    'ansible_become',
    'ansible_group_priority',
    '__proto__',
    'constructor',
  ],
]

/** What breaks readers: YAML's own signs, templates, other notations' numbers, and odd bytes. */
const PIECES = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.constantFrom(
    '- ',
    ': ',
    '\n',
    '\n  ',
    '\n    ',
    '&a ',
    '*a',
    '<<: ',
    '!vault |',
    '!!python/object',
    '? ',
    '|',
    '>',
    '"',
    "'",
  ),
  fc.constantFrom(
    '{{ ',
    ' }}',
    '{% for x in ',
    ' %}',
    '{% endfor %}',
    '{#',
    '#}',
    '| default(',
    '[01:99999]',
    '[a:',
    '~(a+)+$',
  ),
  fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    '%',
    '@',
    '`',
    '\t',
    '\u0000',
    '\ufeff',
    '\u2028',
    '---\n',
    '...\n',
    '~',
    '1e999',
    '0x',
    '.inf',
  ),
  fc.string({ maxLength: 8, unit: 'binary' }),
)

const mutated = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 20 }), PIECES, fc.nat()), { minLength: 1, maxLength: 5 }),
  )
  .map(([files, edits]): Files => {
    const now = new Map(Object.entries(files))
    for (const [at, length, piece, which] of edits) {
      const [name = '', text = ''] = [...now][which % now.size] ?? []
      const begin = at % (text.length + 1)
      now.set(name, text.slice(0, begin) + piece + text.slice(begin + length))
    }
    return Object.fromEntries(now)
  })

const soup = fc
  .tuple(fc.array(PIECES, { maxLength: 40 }), fc.array(PIECES, { maxLength: 40 }))
  .map(([play, hosts]): Files => ({ 'play.yaml': play.join(''), 'hosts.yaml': hosts.join('') }))

/** Right as YAML, wrong as anything else: any value under any key. */
const value = fc.letrec(tie => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(...WORDS),
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.double(),
    ),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...WORDS) }, fc.string()), tie('node'), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
})).node

const structures = fc.tuple(value, value, fc.array(value, { maxLength: 3 })).map(
  ([play, hosts, tasks]): Files => ({
    'play.yaml': stringify([{ hosts: 'all', tasks }, play]),
    'hosts.yaml': stringify({ all: { hosts: { lab: null } }, more: hosts }),
  }),
)

let worker = startWorker()
afterAll(async () => {
  await worker.terminate()
})

function startWorker(): Worker {
  return new Worker(new URL('./loads.ts', import.meta.url))
}

/** Milliseconds after which a load counts as hanging: the usual one takes five. */
const LIMIT = 20_000

async function defectsOf(files: Files): Promise<readonly string[]> {
  const late = AbortSignal.timeout(LIMIT)
  worker.postMessage(files)
  try {
    const [defects] = await once(worker, 'message', { signal: late })
    return defects
  } catch (error) {
    if (!late.aborted) throw error
    await worker.terminate()
    worker = startWorker()
    return ['it hangs']
  }
}

/** FUZZ_EFFORT multiplies the number of inputs. */
const RUNS = 1000 * Number(process.env.FUZZ_EFFORT ?? 1)

test.each([
  ['a playbook or inventory with pieces put in and left out', mutated],
  ['pieces of YAML in any order', soup],
  ['any value under any key', structures],
])(
  '%s is loaded or refused, with no stack trace and no hang',
  async (_, inputs) => {
    await fc.assert(
      fc.asyncProperty(inputs, async files => {
        expect(await defectsOf(files)).toEqual([])
      }),
      { numRuns: RUNS },
    )
  },
  600_000,
)
