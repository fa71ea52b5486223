import { type Bytes, bytesFromBuffer } from '../../host/bytes.ts'

/** A piece of a script's output: `@NONCE NAME LENGTH`, a newline, LENGTH bytes, a newline. */
export interface Frame {
  readonly name: string
  readonly body: Bytes
}

/** Takes frames out of output as it arrives; noise between frames is dropped. */
export function frameReader(nonce: string, onFrame: (frame: Frame) => void): (piece: Uint8Array) => void {
  const header = new RegExp(`(?:^|\\n)@${nonce} (\\S+) (\\d+)\\n`)
  let pending: Bytes = ''
  return piece => {
    pending += bytesFromBuffer(piece)
    for (let match = header.exec(pending); match !== null; match = header.exec(pending)) {
      const start = match.index + match[0].length
      const end = start + Number(match[2])
      if (pending.length < end + 1) return
      onFrame({ name: match[1] ?? '', body: pending.slice(start, end) })
      pending = pending.slice(end)
    }
  }
}
