import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isShellProblem, parseShellConfig } from '../../../src/backends/shell/config.ts'

const statements = (bytes: string) => {
  const parsed = parseShellConfig(bytes)
  if (isShellProblem(parsed)) throw new Error(parsed.why)
  return parsed.statements
}

/** `NAME=meaning` of each assignment, `?` behind those under a condition. */
const assignments = (bytes: string) =>
  statements(bytes).flatMap(statement =>
    statement.kind === 'assign'
      ? [
          `${statement.name}=${statement.word.parts.map(part => part.text).join('')}${statement.conditional ? '?' : ''}`,
        ]
      : [],
  )

describe('what a value means', () => {
  it.each([
    ['double quotes', 'A="quiet splash"', 'A=quiet splash'],
    ['single quotes', "A='quiet splash'", 'A=quiet splash'],
    ['no quotes', 'A=quiet', 'A=quiet'],
    ['nothing', 'A=', 'A='],
    ['empty quotes', 'A=""', 'A='],
    ['quotes side by side', `A="a "'b "c" '$X`, 'A=a b "c" $X'],
    ['an escaped quote', 'A="acpi_osi=\\"!Windows 2012\\""', 'A=acpi_osi="!Windows 2012"'],
    ['a backslash that quotes nothing stays', 'A="a\\b"', 'A=a\\b'],
    ['an escaped dollar is no expansion', 'A="128M\\$64M"', 'A=128M$64M'],
    ['three backslashes and a dollar', 'A="64G\\\\\\$128G"', 'A=64G\\$128G'],
    ['a line that goes on', 'A="a \\\nb"', 'A=a b'],
    ['a newline within quotes', 'A="a\nb"', 'A=a\nb'],
    ['a comment after the value', 'A="a" # "b"', 'A=a'],
    ['a hash within the value', 'A=a#b', 'A=a#b'],
    ['blanks behind the value', 'A="a"  \t\n', 'A=a'],
    ['an expansion keeps its source text', 'A="$X ${Y}"', 'A=$X ${Y}'],
    ['a command substitution too', 'A="`lsb_release -i -s`"', 'A=`lsb_release -i -s`'],
    [
      'quotes within a command substitution',
      'A=`( . /etc/os-release; echo "${NAME}" )`',
      'A=`( . /etc/os-release; echo "${NAME}" )`',
    ],
    ['bytes that are no UTF-8', 'A="\xff\xa0"', 'A=\xff\xa0'],
    ['export', 'export A=a', 'A=a'],
  ])('%s', (_, text, expected) => {
    expect(assignments(text)).toEqual([expected])
  })

  it('comments hold no assignments, however they end', () => {
    expect(assignments('#A=1\n # A=2 \\\nB=3 # A=4\n')).toEqual(['B=3'])
  })

  it.each([
    ['a here-document', 'cat <<EOF >/x\nA=1\nEOF\nB=2\n'],
    ['one whose end is indented by tabs', 'if a; then\ncat <<-EOF\n\tA=1\n\tEOF\nfi\nB=2\n'],
    ['one that is not expanded', "cat <<'EOF'\nA=$(x)\nEOF\nB=2\n"],
    ['one at the end of a pipe', 'cat <<EOF |\nA=1\nEOF\ncat\nB=2\n'],
  ])('%s holds no assignments', (_, text) => {
    expect(assignments(text)).toEqual(['B=2'])
  })

  it('several assignments on a line', () => {
    expect(assignments('A=1 B=2; C=3')).toEqual(['A=1', 'B=2', 'C=3'])
  })
})

describe('what may or may not happen', () => {
  it.each([
    ['in an if', 'if [ -f /x ]; then\n  A=1\nfi\nB=2\n', ['A=1?', 'B=2']],
    ['in a loop', 'for i in a b; do\nA=$i\ndone\nB=2\n', ['A=$i?', 'B=2']],
    ['in a function', 'f() {\nA=1\n}\nB=2\n', ['A=1?', 'B=2']],
    ['in braces', '{\nA=1\n}\nB=2\n', ['A=1?', 'B=2']],
    ['in a case', 'case $x in\na)\nA=1\n;;\nesac\nB=2\n', ['A=1?', 'B=2']],
    ['after an if on one line', 'if [ -f /x ]; then . /x; fi\nB=2\n', ['B=2']],
    ['after an if in an if', 'if a; then\nif b; then\nA=1\nfi\nA=2\nfi\nB=3\n', ['A=1?', 'A=2?', 'B=3']],
  ])('an assignment %s', (_, text, expected) => {
    expect(assignments(text)).toEqual(expected)
  })

  it.each([
    ['for one command only', 'A=1 command\n'],
    ['under a condition', '[ -f /x ] && A=1\n'],
    ['before another in a list', 'A=1 && B=2\n'],
    ['in a pipe', 'A=1 | cat\n'],
    ['on one line with its if', 'if a; then A=1; fi\n'],
  ])('one %s is left to the shell', (_, text) => {
    expect(assignments(text)).toEqual([])
    expect(statements(text).map(statement => statement.kind)).toContain('opaque')
  })

  it('lines are counted past values and commands of several lines', () => {
    expect(
      statements('A="1\n2"\nB="x\ny" command\nC=3 D=4\ncat <<E\nF=5\nE\nG=6\n').map(({ line }) => line),
    ).toEqual([1, 3, 5, 5, 6, 9])
  })

  it('what is left to the shell keeps its line and its words', () => {
    expect(statements('A=1\n\n. "/etc/x" # why\n')[1]).toMatchObject({
      kind: 'opaque',
      line: 3,
      words: ['.', '/etc/x'],
    })
  })
})

describe('a file that cannot be read', () => {
  it.each([
    ['A=1\nB="quiet\nC=3\n', 2, 'B="quiet', 'has an unterminated double quote'],
    ["A='quiet", 1, "A='quiet", 'has an unterminated single quote'],
    ['A="$(echo a"', 1, 'A="$(echo a"', /unterminated/],
    ['A=`echo', 1, 'A=`echo', 'has an unterminated command substitution'],
    ['A="${B"', 1, 'A="${B"', /expansion/],
    ['A="a"\r\nB=1\r\n', 1, 'A="a"\r', 'has Windows line ends (CRLF), which become part of the values'],
    [
      '\xef\xbb\xbfA=1\n',
      1,
      '\xef\xbb\xbfA=1',
      'starts with a byte order mark, which a shell takes for a command',
    ],
    ['cat <<EOF\nA=1\n', 2, 'A=1', 'has an unterminated here-document'],
    ['cat <<EOF\n$(A=1)\nEOF\n', 2, '$(A=1)', 'has a here-document with expansions'],
    ['cat <<$X\nA=1\nEOF\n', 1, 'cat <<$X', 'has a here-document whose end cannot be told'],
    ['B=1\ncat <<<x\n', 2, 'cat <<<x', 'has a here-document whose end cannot be told'],
    ['A=1\nB="a\0b"\n', 2, 'B="ab"', /NUL/],
    ['\xff\xfeA\0=\x001\0\n\0', 1, '\xff\xfeA=1', 'is UTF-16, which no shell reads'],
  ])('%j names line %i', (bytes, line, text, why) => {
    const parsed = parseShellConfig(bytes)
    expect(parsed).toMatchObject({ line, text })
    expect(isShellProblem(parsed) && parsed.why).toMatch(why)
  })
})

describe('a quote that nobody closed', () => {
  it.each([
    ['closed by the next value’s', 'A=1\nB="quiet\nC="a b"\nD="x"\n', 2, 'B="quiet', 'double'],
    ['of single ones', "A=1\nB='quiet\nC='a b'\nD='x'\n", 2, "B='quiet", 'single'],
    ['where a comment further down breaks off', 'B="quiet\n# like `this\n', 1, 'B="quiet', 'double'],
    [
      'closed by a commented value, long before',
      'A="ok"\nB="quiet\n#C="x y"\n# of `vbeinfo\'\n',
      2,
      'B="quiet',
      'double',
    ],
    ['closed by an exported one', 'B="quiet\nexport C="a`"\n', 1, 'B="quiet', 'double'],
    ['closed by what is added to', 'B="quiet\nC+="a`"\n', 1, 'B="quiet', 'double'],
  ])('is named where it stands: %s', (_, bytes, line, text, kind) => {
    expect(parseShellConfig(bytes)).toEqual({ line, text, why: `has an unterminated ${kind} quote` })
  })

  it.each([
    ['values over two lines', 'A="a \\\n b=c"\nB=`x\n', 3, 'B=`x'],
    ['a comment’s apostrophe', "# don't\nA=1 # it's\nB=`x\n", 3, 'B=`x'],
    ['quoted quotes', 'A="\\" \'"\nC=\\"\nB=`x\n', 3, 'B=`x'],
    ['a quote that comes later', 'B=${x"}\nC="a\n', 1, 'B=${x"}'],
  ])('is not made up: %s', (_, bytes, line, text) => {
    expect(parseShellConfig(bytes)).toMatchObject({ line, text })
  })
})

describe('any bytes', () => {
  const bytes = fc.string({
    unit: fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom(
        'A=',
        '"',
        "'",
        '\\',
        '\n',
        '$',
        '{',
        '}',
        '(',
        ')',
        '`',
        '#',
        ' ',
        ';',
        'if ',
        'fi',
        '&&',
        '<<',
        'export ',
      ),
    ),
    maxLength: 40,
  })

  it('give statements or a problem with its place', () => {
    fc.assert(
      fc.property(bytes, text => {
        const parsed = parseShellConfig(text)
        if (isShellProblem(parsed)) expect(parsed.line).toBeGreaterThan(0)
        else expect(parsed.statements.every(({ line }) => line >= 1)).toBe(true)
      }),
    )
  })

  it('a word stands where its parts stand', () => {
    fc.assert(
      fc.property(bytes, text => {
        const parsed = parseShellConfig(text)
        if (isShellProblem(parsed)) return
        for (const statement of parsed.statements) {
          if (statement.kind !== 'assign') continue
          const { start, end, parts } = statement.word
          expect(text.slice(0, start).endsWith(`${statement.name}=`)).toBe(true)
          for (const part of parts) expect(part.start >= start && part.end <= end).toBe(true)
        }
      }),
    )
  })
})
