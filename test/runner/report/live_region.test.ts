import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LiveRegion } from '../../../src/runner/report/live_region.ts'
import { terminal } from './screen.ts'

function region(columns = 80, rows = 24) {
  const writes: string[] = []
  const size = { columns, rows }
  const screen = {
    get columns() {
      return size.columns
    },
    get rows() {
      return size.rows
    },
    write: (text: string) => writes.push(text),
  }
  return { live: new LiveRegion(screen), writes, size }
}

test('the screen shows the last frame, whatever was drawn before', () => {
  const frame = fc.array(fc.constantFrom('one', 'two', 'three'), { maxLength: 6 })
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1 }), frames => {
      const { live, writes } = region()
      for (const lines of frames) live.draw(lines)
      expect(terminal(writes.join(''))).toEqual(frames.at(-1))
    }),
  )
})

test('a frame is one write, and a frame like the one before is none', () => {
  const { live, writes } = region()
  live.draw(['one', 'two'])
  live.draw(['one', 'two'])
  expect(writes).toHaveLength(1)
})

test('only lines that have changed are written', () => {
  const { live, writes } = region()
  live.draw(['one', 'two', 'three', 'four'])
  live.draw(['one', '2', 'three', '4'])
  expect(writes.at(-1)).toBe('\x1b[3A\r2\x1b[K\n\n4\x1b[K\n')
})

test('after a resize all lines are drawn again', () => {
  const { live, writes, size } = region()
  live.draw(['one', 'two'])
  size.columns = 40
  live.draw(['one', 'two'])
  expect(writes.at(-1)).toBe('\x1b[2A\rone\x1b[K\ntwo\x1b[K\n')
})

test('what is printed stands above the frame, which goes on below it', () => {
  const { live, writes } = region()
  live.draw(['one', 'two'])
  live.print('news\n')
  live.draw(['one', '2'])
  expect(terminal(writes.join(''))).toEqual(['news', 'one', '2'])
})

test('what is left stays, and the next frame begins below it', () => {
  const { live, writes } = region()
  live.draw(['working'])
  live.leave(['done'])
  live.draw(['next'])
  expect(terminal(writes.join(''))).toEqual(['done', 'next'])
})

test.each([
  [24, 23],
  [1, 1],
  [0, 23],
])('a terminal of %i rows has room for %i lines', (rows, room) => {
  expect(region(80, rows).live.rows).toBe(room)
})
