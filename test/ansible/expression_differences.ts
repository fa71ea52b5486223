import type { Difference } from './differences.ts'

/** What is asked: an expression, a playbook's value, the text of a template file, or a condition. */
export type Question = readonly [kind: 'expression' | 'template' | 'file' | 'condition', source: string]

export interface ExpressionDifference extends Difference {
  /** Each is answered differently; ansible.test.ts says if that is no longer so. */
  readonly examples: readonly Question[]
}

/** Where an expression means something else here than in Ansible 2.14, on purpose. */
export const EXPRESSION_DIFFERENCES: Readonly<Record<string, ExpressionDifference>> = {
  types: {
    what: 'A value that is exactly one expression',
    ansible: 'becomes text, and again a list, dictionary or boolean where it looks like one',
    ours: 'keeps its type; a text stays a text, whatever it looks like',
    because:
      'what a host has printed must not turn into something else; Ansible has done so itself since 2.19',
    examples: [
      ['template', '{{ 1 + 1 }}'],
      ['template', '{{ "[1, 2]" }}'],
      ['template', '{{ \'{"a": 1}\' }}'],
      ['template', '[{{ 1 }}, 2]'],
      ['template', '{{ "True" }}'],
    ],
  },
  floats: {
    what: 'A float without a fraction that leaves its expression',
    ansible: 'stays 3.0',
    ours: 'is the number 3; inside an expression or a longer text it is 3.0',
    because: 'JavaScript has one kind of number, and so have YAML 1.2 and JSON',
    examples: [['template', '{{ 6 / 2 }}']],
  },
  bool: {
    what: '`| bool` of a word that is neither true nor false',
    ansible: 'answers false',
    ours: 'is an error; y, n, t, f, off and 0 are words, too',
    because: 'a slip would switch something off',
    examples: [
      ['expression', '"maybe" | bool'],
      ['expression', '"y" | bool'],
    ],
  },
  quotes: {
    what: 'A quote behind a backslash, between {{ }} of a playbook',
    ansible: 'ends the text all the same, as backslashes are doubled before the template is read',
    ours: 'is part of the text',
    because: 'it can mean nothing else',
    examples: [['expression', "'it\\'s'"]],
  },
  numbers: {
    what: 'Whole numbers beyond 2^53, and infinity',
    ansible: 'has whole numbers of any size',
    ours: 'is an error',
    because: 'JavaScript would round them without a word',
    examples: [
      ['expression', '2 ** 64'],
      ['expression', '9007199254740993'],
      ['expression', '"inf" | float'],
    ],
  },
  base: {
    what: '`int` with a base that there is none of',
    ansible: 'answers 0',
    ours: 'is an error',
    because: 'the base is a slip',
    examples: [['expression', "'x' | int(base=99)"]],
  },
  names_of_filters: {
    what: '`is filter` and `is test` of a name that there is none of',
    ansible: 'is an error',
    ours: 'answers false',
    because: 'that is what the test is for',
    examples: [
      ['expression', "'nofilter' is filter"],
      ['expression', "'nope' is test"],
    ],
  },
  keys: {
    what: 'Keys of dictionaries that are no text',
    ansible: 'keeps 1 and "1" apart',
    ours: 'makes them text; keys that are whole numbers come first, in their order',
    because: 'YAML and JSON files of variables are read so, too',
    examples: [
      ['expression', '{1: "a"}'],
      ['expression', '{true: 1}'],
      ['expression', "{'b': 1, '2': 2, '1': 3}"],
    ],
  },
  markup: {
    what: 'What `escape` and `tojson` answer, inside a list',
    ansible: 'is of a type of its own, Markup',
    ours: 'is a text',
    because: 'nothing is escaped on its own: the type has no use',
    examples: [
      ['expression', "'<' | escape"],
      ['expression', '[1] | tojson'],
    ],
  },
  ranges: {
    what: 'range(), and the keys, values and items of a dictionary, inside a list',
    ansible: "shows Python's objects: range(0, 3), dict_keys([…])",
    ours: 'are lists',
    because: 'a list is what is meant',
    examples: [
      ['expression', 'range(3)'],
      ['expression', '{"a": 1}.keys()'],
    ],
  },
  methods: {
    what: 'An attribute that is a method of Python, without a call',
    ansible: 'shows the method',
    ours: 'is not defined',
    because: 'it is a slip: the brackets are missing',
    examples: [
      ['expression', 'name.upper is defined'],
      ['expression', 'table.items is defined'],
    ],
  },
  changing: {
    what: 'Methods that change a list or dictionary: append, update, pop …',
    ansible: 'change it until the end of the template',
    ours: 'are an error that says how a new one is built',
    because: 'variables do not change while they are looked at',
    examples: [
      ['template', 'x{% set l = [] %}{% set _ = l.append(1) %}{{ l }}'],
      ['template', 'x{% set d = {} %}{% set _ = d.update({"a": 1}) %}{{ d }}'],
    ],
  },
  controller: {
    what: 'Filters, tests and lookups that look at files, programs or the clock of the controller',
    ansible: 'look',
    ours: 'are an error with another way',
    because: 'a plan would depend on where it is made',
    examples: [
      ['expression', "'/etc' is directory"],
      ['expression', "'~' | expanduser"],
      ['expression', "lookup('pipe', 'echo a')"],
      ['expression', "now(fmt='x')"],
      ['expression', "'%Y' | strftime"],
    ],
  },
  random: {
    what: '`random` and `shuffle` without a seed',
    ansible: 'are different each time',
    ours: 'are an error; with a seed they give what Ansible gives',
    because: 'the run must do what the dry run has shown',
    examples: [['expression', '[1] | random']],
  },
  refused: {
    what: 'to_datetime, password_hash, pprint, urlize, vault, unvault, lipsum()',
    ansible: 'has them',
    ours: 'are an error with another way',
    because: 'provisioning does without them',
    examples: [
      ['expression', "('2024-01-02 00:00:00' | to_datetime).year"],
      ['expression', 'name | pprint'],
      ['expression', 'name | urlize'],
    ],
  },
  functions: {
    what: 'A variable with the name of a function: dict, range, lookup …',
    ansible: 'hides the function',
    ours: 'stands beside it: dict(…) is the function, dict.x the variable',
    because: 'a call of a variable means nothing',
    examples: [['template', '{% set range = 1 %}x{{ range(2) | length }}']],
  },
  versions: {
    what: 'Versions of which one has a word where the other has a number',
    ansible: 'is an error',
    ours: 'puts the word below',
    because: '6.1-rc2 is older than 6.1.1',
    examples: [['expression', "'6.1-rc2' is version('6.1.1', '<')"]],
  },
}
