import { CONDITIONS, EXPRESSIONS, FILES, TEMPLATES } from '../runner/template/ansible_cases.ts'
import { CASES } from './cases/index.ts'
import { DIFFERENCES, type Difference } from './differences.ts'
import { EXPRESSION_DIFFERENCES } from './expression_differences.ts'
import { BETTER } from './page/better.ts'
import { commandLineChapters } from './page/chapters/command_line.ts'
import { expressionChapters } from './page/chapters/expressions.ts'
import { moduleChapters } from './page/chapters/modules.ts'
import { playChapters } from './page/chapters/plays.ts'
import { reachingChapters } from './page/chapters/reaching.ts'
import { GUIDE } from './page/guide.ts'
import { chapterText, table } from './page/markdown.ts'
import { MORE_DIFFERENCES } from './page/more_differences.ts'
import type { Chapter } from './page/standing.ts'

/** Where each word of Ansible's stands, in the order of the page. */
export const wordChapters = (): readonly Chapter[] => [
  ...playChapters(),
  ...moduleChapters(),
  ...reachingChapters(),
  ...commandLineChapters(),
]

/** docs/ansible.md: for those who come from Ansible. Its tables are made from what the program itself looks words up in. */
export const ansibleDocument = (): string => `# Coming from Ansible

Generated from the program and its tests by \`npm run docs\`; do not edit.

${GUIDE}

## Word for word

All words of ansible-core 2.14, and some of later releases.

| | |
| --- | --- |
| **same** | as in Ansible |
| **better** | the same, and more |
| **partly** | as far as the next column says |
| **no effect** | accepted, and nothing depends on it |
| not supported | an error before the first connection, with why and what to do instead |

${wordChapters().map(chapterText).join('\n\n')}

## Expressions

Jinja2's and those that Ansible adds. Names of \`ansible.builtin\` may be written in full. Where one is not supported, the
error says what to do instead.

${expressionChapters().map(chapterText).join('\n\n')}

## What is better

Each is shown by an acceptance test, most of them over a real sshd.

${BETTER.map(({ title, text, test }) => `- **${title}.** ${text} ([test](../test/acceptance/${test}.test.ts))`).join('\n')}

## What is different on purpose

### Plays

${differenceTable(Object.values(DIFFERENCES))}

### Expressions

${differenceTable(Object.values(EXPRESSION_DIFFERENCES))}

${Object.entries(MORE_DIFFERENCES)
  .map(([title, rows]) => `### ${title}\n\n${differenceTable(rows)}`)
  .join('\n\n')}

## How it is compared

Where ansible-core 2.14 is installed, \`npm test\` runs plays through ansible-playbook and through vfio-run
([test/ansible](../test/ansible/comparison.test.ts)), and holds the results of each host, the recap, and success or
failure against each other: ${comparedPlays()}.

It asks Ansible's own templating and ours the same questions, too
([test/runner/template](../test/runner/template/ansible.test.ts)): ${EXPRESSIONS.length} expressions, ${TEMPLATES.length} values of
playbooks, ${FILES.length} template files and ${CONDITIONS.length} conditions. Where Ansible is not installed, its answers are read from
a file. What is different on purpose is asked as well: a difference that is none any more is found.
`

const differenceTable = (differences: readonly Difference[]): string =>
  table(
    ['', 'Ansible', 'here', 'because'],
    differences.map(({ what, ansible, ours, because }) => [what, ansible, ours, because]),
  )

function comparedPlays(): string {
  const counts = Object.entries(CASES).map(([subject, cases]) => `${subject} ${cases.length}`)
  const all = Object.values(CASES).flat()
  const different = all.filter(({ differs }) => differs !== undefined).length
  return `${all.length} cases (${counts.join(', ')}), of which ${different} ${different === 1 ? 'is' : 'are'} different on purpose`
}
