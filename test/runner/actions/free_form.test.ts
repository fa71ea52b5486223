import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readFreeForm } from '../../../src/runner/actions/free_form.ts'

const NAMES = ['chdir', 'creates']

it.each([
  ['ls -l', 'ls -l', {}],
  ['make  -j 4 chdir=/src', 'make  -j 4', { chdir: '/src' }],
  ['creates=/x  touch /x', 'touch /x', { creates: '/x' }],
  ['touch "/a b" creates="/a b"', 'touch "/a b"', { creates: '/a b' }],
  ["touch x creates='/a b'", 'touch x', { creates: '/a b' }],
  ['dd if=/dev/zero of=/x', 'dd if=/dev/zero of=/x', {}],
  ['echo "creates=/x"', 'echo "creates=/x"', {}],
  ["sh -c 'echo chdir=/x'", "sh -c 'echo chdir=/x'", {}],
  [
    'run {{ a | default("chdir=/x") }} chdir={{ b + " c" }}',
    'run {{ a | default("chdir=/x") }}',
    { chdir: '{{ b + " c" }}' },
  ],
  ['run {% if a %} chdir=/x {% endif %}', 'run {% if a %}  {% endif %}', { chdir: '/x' }],
  ['echo "open chdir=/x', 'echo "open chdir=/x', {}],
  ['a\nb chdir=/x\nc', 'a\nb \nc', { chdir: '/x' }],
])('%j is %j with %j', (source, text, options) => {
  const read = readFreeForm(source, NAMES)
  expect(read.text).toBe(text)
  expect(Object.fromEntries(read.options.map(({ name, value }) => [name, value]))).toEqual(options)
})

it('any name counts where none are given, and says where it stands', () => {
  expect(readFreeForm('msg="a b" verbosity=2')).toEqual({
    text: '',
    options: [
      { name: 'msg', value: 'a b', offset: 0 },
      { name: 'verbosity', value: '2', offset: 10 },
    ],
  })
})

it('any text is read, and what is no option stays', () => {
  fc.assert(
    fc.property(fc.string(), source => {
      const { text, options } = readFreeForm(source, NAMES)
      if (options.length === 0) expect(text).toBe(source)
    }),
  )
})
