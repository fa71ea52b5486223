import { expect, test } from 'vitest'
import { explainOpenssh } from '../../../src/runner/transport/openssh_errors.ts'
import type { Target } from '../../../src/runner/transport/transport.ts'

const TARGET: Target = {
  ...{ name: 'lab', connection: 'openssh', host: 'lab', port: 22, user: 'root' },
  ...{ privateKeyFile: undefined, connectTimeout: 5 },
}

test.each([
  ['a name', 'lab.example.org', 'look with: ssh -v lab.example.org'],
  ['an option', '-oProxyCommand=id', "look with: ssh -v -- '-oProxyCommand=id'"],
  ['a command', "x; id '", "look with: ssh -v -- 'x; id '\\'''"],
])('a hint can be copied into a shell where the destination is %s', (_, destination, hint) => {
  expect(explainOpenssh(TARGET, destination, 'no idea\n', false).hint).toBe(hint)
})

test('what ssh says is told once', () => {
  expect(
    explainOpenssh(TARGET, 'lab', 'ssh: connect to host lab port 22: Connection refused\r\n', false).why,
  ).toBe('ssh: connect to host lab port 22: Connection refused')
})
