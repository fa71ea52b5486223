import { describe, expect, it } from 'vitest'
import { fqdn } from '../../../src/host/facts/fqdn.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

const getent = (ahosts: string, hosts: string): string =>
  `#!/bin/sh\ncase "$1" in ahosts) ${ahosts} ;; hosts) ${hosts} ;; esac\n`
const FOUND = 'echo "192.0.2.2 STREAM lab"; echo "192.0.2.2 DGRAM"'

describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
  it.skipIf(isMissing).each([
    [
      'the first name with a dot',
      getent(FOUND, 'echo "192.0.2.2 lab lab.example.org lab.local"'),
      'lab.example.org',
    ],
    [
      'the canonical name, where none has a dot',
      getent(FOUND, 'echo "192.0.2.2 localhost lab"'),
      'localhost',
    ],
    ['its own name, where nothing knows it', getent('exit 2', 'exit 2'), 'lab'],
    ['its own name, where nothing knows its address', getent(FOUND, 'exit 2'), 'lab'],
  ])('%s', (_title, program, expected) => {
    const contents = { '/proc/sys/kernel/hostname': 'lab\n' }
    expect(factOf(fqdn, argv, contents, { programs: { getent: program } })).toEqual({
      is: 'observed',
      value: expected,
    })
  })

  it.skipIf(isMissing)('is not known where nothing answers', () => {
    expect(factOf(fqdn, argv, {}, { programs: { getent: '#!/bin/sh\nexit 1\n' } })).toMatchObject({
      is: 'unknown',
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(fqdn)
})
