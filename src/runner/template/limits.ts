import { Problem } from './problem.ts'

const MAX_ITEMS = 100_000
const MAX_CHARACTERS = 10_000_000

/** What one step may build: far above any playbook, far below what hurts. */
export function checkedItems(count: number): number {
  if (count <= MAX_ITEMS) return count
  throw new Problem(`the list is too long (more than ${MAX_ITEMS} items)`)
}

export function checkedCharacters(count: number): number {
  if (count <= MAX_CHARACTERS) return count
  throw new Problem(`the text is too long (more than ${MAX_CHARACTERS} characters)`)
}
