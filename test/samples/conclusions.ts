import { expect } from 'vitest'
import type { Sample } from './index.ts'

/** What a phrase in a conclusion means for a sample, as an assertion. */
export interface Rule<Subject> {
  readonly phrase: RegExp
  /** Whether there is anything to check, where the phrase alone does not tell. */
  applies?(sample: Sample): boolean
  check(subject: Subject, match: RegExpExecArray): void
}

/** The rules whose phrases stand in a conclusion; wordings that no rule has are not checked. */
export const rulesFor = <Subject>(rules: readonly Rule<Subject>[], sample: Sample): Rule<Subject>[] =>
  rules.filter(rule => said(rule.phrase, sample.conclusion) !== undefined && (rule.applies?.(sample) ?? true))

export function checkConclusion<Subject>(
  rules: readonly Rule<Subject>[],
  sample: Sample,
  subject: Subject,
): void {
  for (const { phrase, check } of rulesFor(rules, sample)) {
    const match = said(phrase, sample.conclusion)
    if (match !== undefined) check(subject, match)
  }
}

/** Where a phrase is said as a matter of fact: not denied, asked or supposed in the clause that it stands in. */
export function said(phrase: RegExp, conclusion: string): RegExpExecArray | undefined {
  const everywhere = new RegExp(phrase.source, `${phrase.flags.replace('g', '')}g`)
  return [...conclusion.matchAll(everywhere)].find(match => {
    const before =
      conclusion
        .slice(0, match.index)
        .split(/[;:.()]\s|\bbut\b|->|, (?=[^,]*$)/)
        .at(-1) ?? ''
    const behind = conclusion.slice(match.index + match[0].length)
    return !DENIED_BEFORE.test(before) && !DENIED_BEHIND.test(behind)
  })
}

const DENIED_BEFORE =
  /\b(?:no|not|never|neither|nor|without|cannot|whether|if|unless|would|expected|seems?)\s+(?:(?!and\b|or\b)[\w-]+\s+){0,3}$/i
const DENIED_BEHIND = /^\s*(?:\?|(?:(?:is|are|was)\s+)?(?:not|nowhere|unknown|absent|missing)\b|expected\b)/i

/** How many conclusions were held against the code by a rule of their own. */
export const countOf = <Subject>(rules: readonly Rule<Subject>[], samples: readonly Sample[]): string => {
  const checked = samples.filter(sample => rulesFor(rules, sample).length > 0)
  return `${checked.length} of ${samples.filter(({ conclusion }) => conclusion !== '').length} conclusions by a rule of their own`
}

/** It has to be left alone: a template, another program, nothing to edit. */
export const MUST_LEAVE =
  /must refuse|: refuse\b|, refuse\b|refuse or|template,? not|placeholders?[^;]*: (template|not)|not a host entry|not a Linux entry|nothing to edit|must NEVER get|almost all lines commented/i

/** It may be left alone: which is right depends on what else there is on such a host. */
export const MAY_LEAVE =
  /refus|template|placeholder|not a |never|must not|do not (edit|touch)|nothing|cannot|unterminated|CRLF|BOM\b|comments? only|comments and|commented|leave|read-only|ignore|TEST DATA|grubenv|reject|invalid|broken|malformed|another OS|memtest|rescue|recovery|conditional|substitution|sourced?\b|use grubby/i

/** Arguments that the conclusion names and that stand in the sample outside of its comments. */
export function namedArguments({ conclusion, bytes }: Sample): string[] {
  if (/\bnot set\b/i.test(conclusion)) return []
  const active = bytes
    .split('\n')
    .filter(line => !/^\s*#/.test(line))
    .join('\n')
  return [...conclusion.matchAll(/(?<![\w#="'.-])[a-z][\w.-]*=[^\s;()"'\\]+/g)]
    .map(([word]) => word.replace(/\.\..*$/s, '').replace(/[,.:]+$/, ''))
    .filter(word => word.length > 2 && active.includes(word))
}

export const expectNamed = (sample: Sample, tokens: readonly string[]): void => {
  for (const word of namedArguments(sample))
    expect(
      tokens.some(token => token.replaceAll(/^["']/g, '').startsWith(word)),
      `${word} in ${tokens.join(' ')}`,
    ).toBe(true)
}

/** A conclusion that names arguments of the file. */
export const namesArguments = (sample: Sample): boolean => namedArguments(sample).length > 0
export const NAMES_ARGUMENTS = /(?<![\w#="'.-])[a-z][\w.-]*=[^\s;()"'\\]/

export const commentsIn = (bytes: string): string[] => bytes.split('\n').filter(line => /^\s*#/.test(line))
