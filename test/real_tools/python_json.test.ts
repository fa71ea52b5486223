import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPythonWrites } from '../../src/backends/bootloaders/kernelstub.ts'

const isThere = spawnSync('python3', ['-c', 'import json']).status === 0

describe.skipIf(!isThere)(`python3, the program${isThere ? '' : ' (skipped: it is not installed)'}`, () => {
  it('writes JSON as is predicted of kernelstub', () => {
    const words = fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 })
    const value = fc.record({ kernel_options: words, live_mode: fc.boolean(), config_rev: fc.nat() })
    fc.assert(
      fc.property(fc.array(value, { minLength: 20, maxLength: 40 }), values => {
        const run = spawnSync(
          'python3',
          ['-c', 'import json,sys; json.dump(json.load(sys.stdin), sys.stdout, indent=2)'],
          { input: Buffer.from(JSON.stringify(values)), env: { ...process.env, PYTHONUTF8: '1' } },
        )
        expect(asPythonWrites(values)).toBe(run.stdout.toString('latin1'))
      }),
      { numRuns: 5, endOnFailure: true },
    )
  })
})
