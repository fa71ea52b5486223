import { expect, test } from 'vitest'
import { Places } from '../../src/runner/places.ts'

/** Works that end when they are told to, and how many were under way at once. */
function works(places: Places, count: number) {
  const begun: number[] = []
  const ends: (() => void)[] = []
  const all = Array.from({ length: count }, (_, n) =>
    places.hold(async () => {
      begun.push(n)
      await new Promise<void>(resolve => {
        ends[n] = resolve
      })
    }),
  )
  return { begun, end: (n: number) => ends[n]?.(), all }
}

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('as many work at a time as there are places, in the order they came', async () => {
  const { begun, end, all } = works(new Places(2), 4)
  await settled()
  expect(begun).toEqual([0, 1])
  end(1)
  await settled()
  expect(begun).toEqual([0, 1, 2])
  for (const n of [0, 2]) end(n)
  await settled()
  end(3)
  await Promise.all(all)
})

test('a place that is lent is another’s, and is waited for afterwards', async () => {
  const places = new Places(1)
  const told: string[] = []
  const { promise: wait, resolve } = Promise.withResolvers<void>()
  const first = places.hold(async () => {
    await places.lend(() => wait)
    told.push('the first goes on')
  })
  const second = places.hold(async () => {
    told.push('the second begins')
    resolve()
    await settled()
    told.push('the second ends')
  })
  await Promise.all([first, second])
  expect(told).toEqual(['the second begins', 'the second ends', 'the first goes on'])
})

test('a work that fails gives its place back', async () => {
  const places = new Places(1)
  await expect(places.hold(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await places.hold(async () => 'yes')).toBe('yes')
})
