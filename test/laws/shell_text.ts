import fc from 'fast-check'
import { VARIABLES } from '../../src/backends/bootloaders/formats/grub_default.ts'

/**
 * Texts as they might stand in /etc/default/grub, from plain to absurd. A shell is going to source them, so they hold
 * nothing that could do harm: no slashes, no single `&`, no command but `:`, `true` and `false`.
 */
export const shellText = (): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.array(lineOf(), { minLength: 1, maxLength: 6 }).map(lines => lines.join('')) },
    { weight: 2, arbitrary: fc.array(lineOf(), { maxLength: 3 }).chain(noisy) },
    { weight: 1, arbitrary: fc.array(fragment(), { maxLength: 25 }).map(parts => parts.join('')) },
  )

function lineOf(): fc.Arbitrary<string> {
  const assignment = fc
    .tuple(name(), fc.constantFrom('=', '=', '=', '=', '=', '=', '+=', ' ='), value())
    .map(parts => parts.join(''))
  const statement = fc.oneof(
    { weight: 12, arbitrary: assignment },
    { weight: 1, arbitrary: fc.tuple(assignment, assignment).map(([a, b]) => `${a} ${b}`) },
    { weight: 1, arbitrary: assignment.map(text => `export ${text}`) },
    { weight: 1, arbitrary: fc.constantFrom(...COMMANDS) },
  )
  const end = fc.oneof(
    { weight: 12, arbitrary: fc.constant('\n') },
    {
      weight: 3,
      arbitrary: fc.constantFrom('; ', ' # it\'s "so"\n', '\\\n', ' \\\n', ' && ', ' || ', ' | ', ' &&\n'),
    },
  )
  const comment = fragment().map(text => `# ${text}`)
  return fc
    .tuple(
      fc.constantFrom('', '', '', ' ', '\t'),
      fc.oneof({ weight: 8, arbitrary: statement }, { weight: 1, arbitrary: comment }),
      end,
    )
    .map(parts => parts.join(''))
}

const COMMANDS = [
  'if true; then',
  'if false\nthen',
  'fi',
  'else',
  '{',
  '}',
  '(',
  ')',
  'true',
  'false',
  ': ${X:=y}',
  `: ${'$'}{${VARIABLES[1]}:=y}`,
  'f() {',
  'case a in',
  'a) :',
  ';;',
  'esac',
  'for X in a b; do',
  'while false; do',
  'done',
  'unset X',
  `unset ${VARIABLES[1]}`,
  'return 0',
  'exit 0',
  'eval X=1',
  'readonly X',
  'echo "a\nb"',
  "echo 'it'",
  'true <<X',
  'X',
]

function name(): fc.Arbitrary<string> {
  return fc.constantFrom<string>(...VARIABLES, VARIABLES[1], 'X', 'GRUB_TIMEOUT')
}

/** A value as people write it, and worse. */
function value(): fc.Arbitrary<string> {
  const word = fc.constantFrom(...WORDS)
  const words = fc.array(word, { maxLength: 4 }).map(list => list.join(' '))
  return fc.oneof(
    { weight: 6, arbitrary: words.map(text => `"${text}"`) },
    { weight: 2, arbitrary: words.map(text => `'${text}'`) },
    { weight: 2, arbitrary: word },
    { weight: 1, arbitrary: fc.tuple(word, words, word).map(([a, b, c]) => `${a}"${b}"${c}`) },
    { weight: 2, arbitrary: fc.array(fragment(), { maxLength: 8 }).map(parts => parts.join('')) },
    {
      weight: 1,
      arbitrary: fc
        .array(fragment(), { maxLength: 8 })
        .map(parts => `"${parts.join('').replaceAll('"', '')}"`),
    },
  )
}

const WORDS = [
  'quiet',
  'splash',
  'iommu=pt',
  'intel_iommu=on',
  'intel_iommu=off',
  'intel_iommu=on,sm_on',
  'iommu=off',
  'console=ttyS0,115200n8',
  'vfio-pci.ids=10de:13c2',
  'vfio_pci.ids=10de:13c2,10de:0fbb',
  'vfio-pci.ids=',
  'pcie_acs_override=downstream',
  'module_blacklist=nouveau',
  'dyndbg=\\"file drivers +p\\"',
  'a=\\$b',
  '$X',
  '${X}',
  '$GRUB_CMDLINE_LINUX',
  '${GRUB_CMDLINE_LINUX_DEFAULT}',
  '${X:-y}',
  '$vt_handoff',
  'caf\xc3\xa9',
  '\xc3\xa0',
  '\xff',
]

const FRAGMENTS = [
  ...WORDS,
  ...[
    '"',
    '"',
    "'",
    "'",
    '\\',
    '\\',
    '$',
    '`',
    '\n',
    '\\\n',
    ' ',
    ' ',
    '\t',
    '#',
    ' #',
    ';',
    ';;',
    '=',
    '~',
    ':',
  ],
  ...[
    '{',
    '}',
    '(',
    ')',
    '$(',
    '${',
    '$((',
    '[',
    ']',
    '<',
    '<<',
    '>',
    '|',
    '||',
    '&&',
    '!',
    '*',
    '?',
    '%',
    ',',
  ],
  ...['\r', '\v', '\f', '\xa0', '\x85', '\x01', '\x81', 'a', 'b', '1', 'if ', 'fi', 'then ', 'X=', 'export '],
  ...VARIABLES.map(variable => `${variable}=`),
]

function fragment(): fc.Arbitrary<string> {
  return fc.constantFrom(...FRAGMENTS)
}

/** Lines with fragments dropped into them anywhere. */
function noisy(lines: readonly string[]): fc.Arbitrary<string> {
  const text = lines.join('')
  return fc
    .array(fc.tuple(fc.nat({ max: text.length }), fragment()), { minLength: 1, maxLength: 3 })
    .map(drops => drops.reduce((now, [at, drop]) => now.slice(0, at) + drop + now.slice(at), text))
}
