import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listTokens, withNames, withoutNames } from '../../../src/backends/shell/list.ts'
import { readLists } from '../../../src/backends/shell/sourced.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withFiles } from '../../builders.ts'

const FILE = '/etc/x.conf'
const read = (text: string) => readLists(withFiles(aHost({ files: {} }), { [FILE]: text }), [FILE], ['LIST'])

function settingOf(text: string) {
  const lists = read(text)
  const setting = isRefusal(lists) ? undefined : lists.LIST.chain.at(-1)
  if (setting === undefined) throw new Error(`no list in ${text}`)
  return setting
}
const wordsOf = (text: string) => {
  const lists = read(text)
  return isRefusal(lists) ? lists.why : lists.LIST.words
}

describe('names of a list', () => {
  it.each<[string, string, string]>([
    ['in an array', 'LIST=(a b)\n', 'LIST=(a b x y)\n'],
    ['in an empty one', 'LIST=()\n', 'LIST=(x y)\n'],
    ['behind a comment of an empty one', 'LIST=( # none\n)\n', 'LIST=( # none\nx y)\n'],
    ['in quotes', 'LIST=" a "\n', 'LIST=" a x y "\n'],
    ['in empty quotes', "LIST=''\n", "LIST='x y'\n"],
    ['without quotes', 'LIST=a # b\n', 'LIST="a x y" # b\n'],
    ['to nothing', 'LIST=\n', 'LIST="x y"\n'],
    ['in what is added', 'LIST+=" a "\n', 'LIST+=" a x y "\n'],
  ])('are added %s', (_, before, after) => {
    expect(withNames(before, settingOf(before), ['x', 'y'])).toBe(after)
  })

  it.each(['LIST=a"b c"\n', 'LIST=\'a\'" b"\n', 'LIST=a\\ b\n'])(
    'are left alone where quotes are among them: %j',
    text => {
      expect(withNames(text, settingOf(text), ['x'])).toBeUndefined()
    },
  )

  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,5}$/)
  const list = fc.array(name, { maxLength: 6 })
  const blanks = fc.stringMatching(/^[ \t]{0,2}$/)
  const lines = fc.stringMatching(/^([ \t]+#[ a-z"'()]*)?[ \t]*\n[ \t]*$/)
  const written = fc
    .tuple(
      list,
      fc.constantFrom('array', 'lines', "'", '"'),
      blanks,
      blanks,
      fc.array(lines, { minLength: 7 }),
    )
    .map(([names, form, before, after, between]) => {
      const body = before + names.join(' ') + after
      if (form === 'array') return { names, text: `LIST=(${body})` }
      if (form === 'lines')
        return { names, text: `LIST=(${names.map((one, i) => (between[i] ?? '') + one).join('')}\n)` }
      return { names, text: `LIST=${form}${body}${form}` }
    })
  const rest = fc.constantFrom('', '\n', ' # end\n', '\nOTHER=(1)\n')

  it('are those that bash reads, however they are written', () => {
    const texts = fc.sample(fc.tuple(written, rest), 60)
    const program = texts
      .map(([{ text }, end]) => `unset LIST; ${text}${end}\nprintf '%s ' \${LIST[@]}; echo`)
      .join('\n')
    const { stdout } = spawnSync('bash', ['-c', program], { encoding: 'latin1' })
    expect(
      stdout
        .split('\n')
        .slice(0, -1)
        .map(line => line.split(' ').filter(Boolean)),
    ).toEqual(texts.map(([{ text }, end]) => wordsOf(text + end)))
  })

  it('come and go, and all others stay as they were and in order', () => {
    fc.assert(
      fc.property(written, rest, fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), (one, end, more) => {
        const added = more.map(added => `x_${added}`)
        const text = one.text + end
        const there = withNames(text, settingOf(text), added)
        expect(there).toBeDefined()
        expect(wordsOf(there ?? '')).toEqual([...one.names, ...added])
        expect(withoutNames(there ?? '', settingOf(there ?? ''), name => added.includes(name))).toBe(text)
      }),
    )
  })

  it('are taken out wherever they stand', () => {
    fc.assert(
      fc.property(written, rest, fc.integer({ min: 0, max: 5 }), (one, end, at) => {
        const text = one.text + end
        const gone = one.names[at] ?? 'none'
        const after = withoutNames(text, settingOf(text), name => name === gone) ?? ''
        expect(wordsOf(after)).toEqual(one.names.filter(name => name !== gone))
        expect(withoutNames(after, settingOf(after), name => name === gone)).toBe(after)
      }),
    )
  })

  it('tell where they stand', () => {
    fc.assert(
      fc.property(written, ({ names, text }) => {
        const tokens = listTokens(settingOf(text)) ?? []
        expect(tokens.map(({ start, end }) => text.slice(start, end))).toEqual(names)
      }),
    )
  })
})

describe('a file that is long, or makes long values', () => {
  const doubled = (first: string, line: string) => read(`${first}\n${`${line}\n`.repeat(40)}`)

  it.each<[string, string, string]>([
    ['another variable', 'a=xx', 'a="$a$a"'],
    ['one that is added to', 'a=xx', 'a+="$a"'],
  ])('that doubles %s is read, and the list with it', (_, first, line) => {
    expect(doubled(first, line)).toMatchObject({ LIST: { words: [] } })
  })

  it.each<[string, string, string]>([
    ['the list', 'LIST=xx', 'LIST="$LIST $LIST"'],
    ['the list by adding', 'LIST=xx', 'LIST+="$LIST"'],
    ['the array', 'LIST=(x)', 'LIST=("${LIST[@]}" "${LIST[@]}")'],
    ['the array by adding', 'LIST=(x)', 'LIST+=("${LIST[@]}")'],
  ])('that doubles %s is refused', (_, first, line) => {
    expect(doubled(first, line)).toMatchObject({ refused: true })
  })

  it('is read in a time that grows with its length', () => {
    const timed = (lines: number) => {
      const started = performance.now()
      expect(read(`${'a=b\n'.repeat(lines)}LIST=(c)\n`)).toMatchObject({
        LIST: { words: ['c'], chain: [{ line: lines + 1 }] },
      })
      return performance.now() - started
    }
    // Quadratic it was 7 s.
    expect(timed(8000)).toBeLessThan(2000)
  })
})

it('any bytes give lists or a refusal', () => {
  const shellish = fc.array(
    fc.constantFrom(
      'LIST',
      '+=',
      '=',
      '(',
      ')',
      '"',
      "'",
      '\\',
      '\n',
      ' ',
      '#',
      '$LIST',
      '${LIST[@]}',
      '`',
      'if',
      ';',
      'a',
      '\xff',
      '\0',
      '[',
    ),
  )
  fc.assert(
    fc.property(shellish, pieces => {
      expect(read(pieces.join(''))).toBeDefined()
    }),
  )
})
