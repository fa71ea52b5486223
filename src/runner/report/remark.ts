import type { Colour } from './text.ts'

/** One thing that is said of one host; of how many hosts it is true is found when it is folded. */
export type Remark = Statement | Printed

interface About {
  readonly host: string
  /** What it is about: hosts that have different things to say about one subject are told one after the other. */
  readonly subject: string
  /** The result of a task: hosts come by these in the same order. */
  readonly isMilestone: boolean
  /** A failure: told at once, and again at the end. */
  readonly isFailure: boolean
}

/** A word about the host, and a text. */
export interface Statement extends About {
  readonly kind: 'statement'
  readonly word: string
  readonly colour: Colour
  readonly text: string
  readonly hint: string
  /** It belongs to the task above, and stands further in. */
  readonly isBelow: boolean
  /** The statement before it has said so already: only what follows is new. */
  readonly isTold: boolean
  /** Milliseconds that are told behind the text; hosts that differ only in them say the same. */
  readonly took: number | undefined
  readonly details: readonly Detail[]
  /** Lines under the text that are not wrapped. */
  readonly block: readonly string[]
  /** Follows as it is: painted, and every character visible. */
  readonly diff: string
}

export interface Detail {
  readonly label: string
  readonly text: string
}

/** Lines that a program printed, or that were given to one. */
export interface Printed extends About {
  readonly kind: 'printed'
  readonly lines: readonly string[]
}

type Told = Pick<Statement, 'host' | 'word' | 'colour' | 'text'>

/** `subject` is the word unless it is given. */
export const statement = (told: Told & Partial<Omit<Statement, 'kind'>>): Statement => ({
  kind: 'statement',
  subject: told.word,
  isMilestone: false,
  isFailure: false,
  hint: '',
  isBelow: false,
  isTold: false,
  took: undefined,
  details: [],
  block: [],
  diff: '',
  ...told,
})

export const printed = (host: string, lines: readonly string[], isFailure = false): Printed => ({
  kind: 'printed',
  host,
  subject: JSON.stringify(['printed', lines]),
  isMilestone: false,
  isFailure,
  lines,
})

/** The same with another wording. */
export function reworded(remark: Remark, word: (text: string) => string): Remark {
  if (remark.kind === 'printed') return { ...remark, lines: remark.lines.map(word) }
  return {
    ...remark,
    text: word(remark.text),
    hint: word(remark.hint),
    details: remark.details.map(({ label, text }) => ({ label, text: word(text) })),
    block: remark.block.map(word),
  }
}
