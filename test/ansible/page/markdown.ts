import type { Chapter, Standing } from './standing.ts'

/** A chapter as Markdown: the words that are the same in one paragraph, the others in a table. */
export function chapterText({ title, intro, standings }: Chapter): string {
  const same = standings.filter(({ is }) => is === 'same')
  const others = standings.filter(({ is }) => is !== 'same')
  const parts = [
    `### ${title}`,
    ...(intro === undefined ? [] : [intro]),
    ...(same.length === 0 ? [] : [`**Same**: ${same.map(({ word }) => code(word)).join(', ')}.`]),
    ...(others.length === 0 ? [] : [table(['', '', 'how, or why', 'instead'], grouped(others))]),
  ]
  return parts.join('\n\n')
}

/** Words of which the same is to be said share a row. */
function grouped(standings: readonly Standing[]): readonly (readonly string[])[] {
  const rows = Map.groupBy(standings, ({ is, how, instead }) => JSON.stringify([is, how, instead]))
  return [...rows.values()].flatMap(([first, ...rest]) =>
    first === undefined
      ? []
      : [
          [
            [first, ...rest].map(({ word }) => code(word)).join(', '),
            first.is === 'not supported' ? first.is : `**${first.is}**`,
            first.how ?? '',
            first.instead ?? '',
          ],
        ],
  )
}

export const code = (text: string): string => `\`${text}\``

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.map(escaped).join(' | ')} |`).join('\n')

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
