import { didYouMean } from '../../nearest.ts'
import { isNothing, type Node } from '../yaml/yaml_node.ts'
import { type Reading, valueNow } from './reading.ts'
import { asTexts } from './shape.ts'
import { type StepSource, type TaskSource, tasksIn } from './task_source.ts'

/** --tags and --skip-tags. */
export interface TagChoice {
  readonly only: readonly string[]
  readonly skip: readonly string[]
}

/** A list, or a text with commas; a template may give either. */
export function readTags(
  node: Node | undefined,
  reading: Pick<Reading, 'scope' | 'problems'>,
): readonly string[] {
  if (node === undefined || isNothing(node)) return []
  const nodes = asTexts(node, 'tags', reading.problems).map(each => each.node)
  return nodes.flatMap(each => {
    const value = valueNow(each, reading)
    const written = Array.isArray(value)
      ? value
      : node.kind === 'list'
        ? [value]
        : String(value ?? '').split(',')
    return written.map(tag => String(tag ?? '').trim()).filter(tag => tag !== '')
  })
}

/** ansible/ansible, lib/ansible/playbook/taggable.py, evaluate_tags. */
export function isChosen(own: readonly string[], { only, skip }: TagChoice): boolean {
  const tags = new Set(own.length > 0 ? own : ['untagged'])
  const isTagged = own.length > 0
  const wanted =
    tags.has('always') ||
    (only.includes('all') && !tags.has('never')) ||
    only.some(tag => tags.has(tag)) ||
    (only.includes('tagged') && isTagged && !tags.has('never'))
  if (!wanted) return false
  if (skip.includes('all') && (!tags.has('always') || skip.includes('always'))) return false
  return !skip.some(tag => tags.has(tag)) && !(skip.includes('tagged') && isTagged)
}

/** What to say of the tags that were asked for and no task has: nothing is wrong with them, but most are slips. */
export function unknownTags(
  plays: readonly { readonly steps: readonly StepSource[] }[],
  asked: readonly string[],
): readonly string[] {
  const known = new Set([
    ...SPECIAL_TAGS,
    ...plays.flatMap(({ steps }) => tasksIn(steps).flatMap(({ tags }) => tags)),
  ])
  return [...new Set(asked)]
    .filter(tag => tag !== '' && !known.has(tag))
    .map(tag => `no task has the tag "${tag}": ${didYouMean(tag, [...known]) ?? '--list-tags shows them'}`)
}

/** https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tags.html, "Special tags". */
const SPECIAL_TAGS = ['all', 'tagged', 'untagged', 'always', 'never']

/** The steps that are left by the tags; blocks of which nothing is left are gone. */
export function chosenSteps(steps: readonly StepSource[], choice: TagChoice): readonly StepSource[] {
  return keepSteps(
    steps,
    task => isChosen(task.tags, choice),
    tags => isChosen(tags, choice),
  )
}

/** The steps whose tasks are kept. */
export function keepSteps(
  steps: readonly StepSource[],
  keeps: (task: TaskSource) => boolean,
  keepsFlush: (tags: readonly string[]) => boolean = () => true,
): readonly StepSource[] {
  const kept = (inner: readonly StepSource[]): readonly StepSource[] => keepSteps(inner, keeps, keepsFlush)
  return steps.flatMap((step): readonly StepSource[] => {
    if (step.kind === 'task') return keeps(step.task) ? [step] : []
    if (step.kind === 'flush_handlers') return step.tags === undefined || keepsFlush(step.tags) ? [step] : []
    const { block } = step
    const [inside, rescue, always] = [kept(block.steps), kept(block.rescue), kept(block.always)]
    if (inside.length + rescue.length + always.length === 0) return []
    return [{ kind: 'block', block: { ...block, steps: inside, rescue, always } }]
  })
}
