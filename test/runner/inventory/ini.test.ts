import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitHostLine } from '../../../src/runner/inventory/host_line.ts'
import { readInventories } from '../../../src/runner/inventory/inventory.ts'
import { literalNode } from '../../../src/runner/inventory/python_literal.ts'
import { Problems } from '../../../src/runner/playbook/problems.ts'
import { toValue } from '../../../src/runner/yaml/yaml_node.ts'
import { mistakesIn, Project } from '../project.ts'

const AT = { file: 'f', line: 1, column: 1 }
const typed = (text: string) => toValue(literalNode(text, AT))

const LITERALS: readonly (readonly [string, unknown])[] = [
  ['1', 1],
  ['-1', -1],
  ['+1', 1],
  ['1.50', 1.5],
  ['.5', 0.5],
  ['1.', 1],
  ['1e3', 1000],
  ['0x1f', 31],
  ['0o17', 15],
  ['0b101', 5],
  ['1_000', 1000],
  ['00', 0],
  ['0644', '0644'],
  ['1__0', '1__0'],
  ['1_', '1_'],
  ['010.5', 10.5],
  ['1.10.2', '1.10.2'],
  ['02:00.0', '02:00.0'],
  ['10de:13c2', '10de:13c2'],
  ['1+1', '1+1'],
  ['1 # three', 1],
  ['True', true],
  ['False', false],
  ['None', null],
  ['true', 'true'],
  ['yes', 'yes'],
  ['Truely', 'Truely'],
  ['', ''],
  ['two words', 'two words'],
  ['two # words', 'two # words'],
  ['"quoted" # words', 'quoted'],
  ['"a" \'b\'', 'ab'],
  ['"a\\tb\\x41\\u00e9\\q"', 'a\tbAé\\q'],
  ['r"a\\tb"', 'a\\tb'],
  ["'''it's'''", "it's"],
  ['"open', '"open'],
  ['[1, "two", [None]]', [1, 'two', [null]]],
  ['[1, 2,]', [1, 2]],
  ['[]', []],
  ['()', []],
  ['(1)', 1],
  ['(1,)', [1]],
  ['1,2', [1, 2]],
  ['1,', [1]],
  ['1,b', '1,b'],
  ['{"a": [1], \'b\': {}}', { a: [1], b: {} }],
  ['{}', {}],
  ['{1, 2}', '{1, 2}'],
  ['{"a" 1}', '{"a" 1}'],
  ['{{ x }}', '{{ x }}'],
  ['[1', '[1'],
  ['[x]', '[x]'],
]

test.for(LITERALS)('%j is %j', ([text, value]) => {
  expect(typed(text)).toEqual(value)
})

const hasPython = spawnSync('python3', ['--version']).status === 0

const PROGRAM = `
import ast, json, sys
def typed(text):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
print(json.dumps([typed(text) if not isinstance(typed(text), (set, bytes)) else text for text in json.load(sys.stdin)]))
`

describe.skipIf(!hasPython)('beside Python (skipped where it is not installed)', () => {
  test('every value of the table is what ast.literal_eval says', () => {
    const input = JSON.stringify(LITERALS.map(([text]) => text))
    const { stdout } = spawnSync('python3', ['-W', 'ignore', '-c', PROGRAM], { input, encoding: 'utf8' })
    expect(JSON.parse(stdout)).toEqual(LITERALS.map(([, value]) => value))
  })
})

test('any value is a literal or the text as it stands', () => {
  const text = fc.string({ unit: fc.constantFrom(...'01a.,:[](){}\'"\\ #_e-xTrue') })
  fc.assert(
    fc.property(text, value => {
      const answer = typed(value)
      if (typeof answer === 'string' && !/['"]/.test(value)) expect(answer).toBe(value)
    }),
    { numRuns: 2000 },
  )
  expect(typed('['.repeat(100_000))).toHaveLength(100_000)
})

test.for([
  ['lab a=1 b="two words"', ['lab', 'a=1', 'b=two words']],
  ["lab a='x y'z", ['lab', 'a=x yz']],
  ['lab a=x\\ y', ['lab', 'a=x y']],
  ['lab a="x\\"y\\z"', ['lab', 'a=x"y\\z']],
  ['lab a=b#c d=e', ['lab', 'a=b']],
  ['lab a="b#c"', ['lab', 'a=b#c']],
  ['lab # words', ['lab']],
  ["lab a=''", ['lab', 'a=']],
] as const)('the words of %j are %j', ([line, words]) => {
  expect(splitHostLine(line).words.map(({ text }) => text)).toEqual(words)
})

function mistakesOf(text: string): readonly string[] {
  using project = new Project({ 'hosts.ini': text })
  const problems = new Problems()
  readInventories([project.path('hosts.ini')], problems)
  try {
    problems.throwIfAny()
    return []
  } catch (error) {
    return mistakesIn(error).map(mistake => mistake.replaceAll(/\S*hosts\.ini/g, 'hosts.ini'))
  }
}

test.for([
  ['[a b]', 'hosts.ini:1:1: "[a b]" is no section (write [group], without spaces)'],
  [
    '[a:var]',
    'hosts.ini:1:1: there are no sections of the kind "var" (write [group], [group:vars] or [group:children])',
  ],
  [
    '[a]\nx\n[b:vars]\nv=1',
    'hosts.ini:3:1: the group "b" of these variables is declared nowhere (declare it: [NAME])',
  ],
  [
    '[a:children]\n b',
    'hosts.ini:2:2: the child "b" is a group that is declared nowhere (declare it: [NAME])',
  ],
  ['[a:children]\nb c', 'hosts.ini:2:1: "b c" is no group name'],
  ['[a]\n[a:vars]\nv', 'hosts.ini:3:1: "v" is no name=value'],
  ['x a="b', 'hosts.ini:1:1: " at column 5 has no pair'],
  ['x  b', 'hosts.ini:1:4: "b" is no name=value (behind a host stand its variables)'],
  ['x:', 'hosts.ini:1:1: "x:" ends where its port should follow'],
  ['x[3:1]', 'hosts.ini:1:1: "[3:1]" ends before it begins'],
  ['---', 'hosts.ini:1:1: "---" begins a YAML file, and this is read as INI'],
  ['x ansible_hots=1', 'hosts.ini:1:3: unknown variable "ansible_hots" (did you mean "ansible_host"?)'],
  ['a!b', 'hosts.ini:1:1: "a!b" is no host name (names hold no spaces and none of , ! & ~ * ? @ [ ])'],
  ['[a:children]\nb\n[b:children]\na', 'hosts.ini:4:1: the group "a" is its own child: a → b → a'],
] as const)('%j is refused: %s', ([text, mistake]) => {
  expect(mistakesOf(text)).toEqual([mistake])
})

test('no text makes the reader throw', () => {
  const pieces = fc.constantFrom(
    ...['[', ']', 'a', ':vars', ':children', '=', ' ', '\n', '"', "'", '#', '1', ':', '\\'],
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), parts => {
      expect(mistakesOf(parts.join('')).every(mistake => mistake.startsWith('hosts.ini'))).toBe(true)
    }),
    { numRuns: 300 },
  )
})
