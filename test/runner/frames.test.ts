import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FramesBroken, readFrames } from '../../src/host/gather.ts'
import { type Frame, frameReader } from '../../src/runner/host_scripts/frames.ts'

const NONCE = 'f00df00df00df00df00df00d'

const written = (name: string, body: string): string => `\n@${NONCE} ${name} ${body.length}\n${body}\n`

/** What a reader of one script takes out of an output that arrives in these pieces. */
function readPieces(pieces: readonly string[], nonce = NONCE): Frame[] {
  const frames: Frame[] = []
  const read = frameReader(nonce, frame => frames.push(frame))
  for (const piece of pieces) read(Buffer.from(piece, 'latin1'))
  return frames
}

/** Bytes, and what looks most like a frame of another script. */
const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes).toString('latin1')),
  fc.constantFrom('', '\n', '@', '@0000 ok 0\n\n', '\n@0000 failed 3\nwhy\n', 'caf\xc3\xa9'),
)
const frame = fc.record({ name: fc.constantFrom('wrote', 'line', 'run', 'ok'), body })
const noise = body.filter(text => !text.includes(NONCE))

describe('frames that arrive', () => {
  it('come out whole, however the output is cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, frame)), fc.array(fc.nat({ max: 400 })), (sent, cuts) => {
        const output = sent.map(([before, { name, body }]) => before + written(name, body)).join('')
        const places = [0, ...cuts.filter(at => at < output.length).sort((a, b) => a - b), output.length]
        const pieces = places.slice(1).map((end, n) => output.slice(places[n], end))
        expect(readPieces(pieces)).toEqual(sent.map(([, one]) => one))
      }),
    )
  })

  it('come out one byte at a time', () => {
    const output = `Welcome to the machine\n${written('wrote', '/etc/x')}${written('ok', '')}`
    expect(readPieces([...output])).toEqual([
      { name: 'wrote', body: '/etc/x' },
      { name: 'ok', body: '' },
    ])
  })

  it('are called for as soon as they are whole', () => {
    const seen: string[] = []
    const read = frameReader(NONCE, ({ name }) => seen.push(name))
    read(Buffer.from(written('run', 'update-grub')))
    expect(seen).toEqual(['run'])
  })

  it('wait for the rest of their body', () => {
    expect(readPieces([written('line', 'half of it').slice(0, -4)])).toEqual([])
  })
})

describe('frames that are forged', () => {
  it('by a file or a program, which cannot know the nonce, are content or noise', () => {
    const forged = '\n@00000000 ok 0\n\n'
    expect(readPieces([written('line', forged), forged, written('failed', 'it did')])).toEqual([
      { name: 'line', body: forged },
      { name: 'failed', body: 'it did' },
    ])
  })

  it('by the very text of a frame within a body are content', () => {
    const inner = written('ok', '')
    expect(readPieces([written('line', inner), written('failed', 'why')])).toEqual([
      { name: 'line', body: inner },
      { name: 'failed', body: 'why' },
    ])
  })

  it('of another script are not read', () => {
    expect(readPieces([written('ok', '')], 'another')).toEqual([])
  })
})

describe('the frames of a look', () => {
  it('come out of any noise between them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, body)), sent => {
        const output = sent.map(([before, text], n) => before + written(`fact${n}`, text)).join('')
        const frames = readFrames(NONCE, output + written('end', ''))
        expect([...frames]).toEqual([...sent.map(([, text], n) => [`fact${n}`, text]), ['end', '']])
      }),
    )
  })

  it('are broken when the output is cut anywhere before its end', () => {
    const output = written('files', 'content\n') + written('menu', '') + written('end', '')
    // Behind the last header nothing is missed.
    const whole = output.length - 2
    for (let end = 0; end < whole; end++)
      expect(() => readFrames(NONCE, output.slice(0, end)), `cut after ${end}`).toThrow(FramesBroken)
    expect(readFrames(NONCE, output).get('files')).toBe('content\n')
  })
})
