/** What has become here of the words of one part of Ansible. */
export interface Chapter {
  readonly title: string
  readonly intro?: string
  readonly standings: readonly Standing[]
}

export interface Standing {
  readonly word: string
  /** `undecided`: a word of Ansible's that nobody has thought of; a test finds it. */
  readonly is: 'same' | 'better' | 'partly' | 'no effect' | 'not supported' | 'undecided'
  /** How it is better, how far it goes, or why it is not supported. */
  readonly how?: string
  readonly instead?: string
}

export interface Refused {
  readonly because: string
  readonly instead: string
}

export interface Judgement {
  readonly has: (word: string) => boolean
  readonly better?: Readonly<Record<string, string>>
  readonly partly?: Readonly<Record<string, string>>
  readonly noEffect?: Readonly<Record<string, string>>
  readonly refused?: (word: string) => Refused | undefined
}

/** Where each word stands; what is refused wins, as it does in a playbook. */
export const judge = (words: readonly string[], judgement: Judgement): readonly Standing[] =>
  words.map(word => standingOf(word, judgement))

function standingOf(
  word: string,
  { has, better = {}, partly = {}, noEffect = {}, refused }: Judgement,
): Standing {
  const refusal = refused?.(word)
  if (refusal) return { word, is: 'not supported', how: refusal.because, instead: refusal.instead }
  const idle = noEffect[word]
  if (idle !== undefined) return { word, is: 'no effect', how: idle }
  if (!has(word)) return { word, is: 'undecided' }
  const [more, less] = [better[word], partly[word]]
  if (more !== undefined) return { word, is: 'better', how: more }
  return less === undefined ? { word, is: 'same' } : { word, is: 'partly', how: less }
}

export const refusedIn =
  (table: Readonly<Record<string, Refused>> = {}) =>
  (word: string): Refused | undefined =>
    Object.hasOwn(table, word) ? table[word] : undefined
