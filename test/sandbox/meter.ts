import { Transform } from 'node:stream'

/** Where a connection breaks. */
export interface Cut {
  /** Seen from the server: `in` is what clients send. */
  readonly direction: 'in' | 'out'
  /** Bytes that still pass. */
  readonly bytes: number
  /** Counting begins at the n-th exec request from now on; 0 (default): with the next byte. */
  readonly fromExec?: number
}

/** Counts the bytes of all connections, and breaks one of them at an exact byte. */
export class Meter {
  readonly #totals: { bytesIn: number; bytesOut: number }
  #cut: { readonly direction: Cut['direction']; left: number; execsToWait: number } | undefined

  constructor(totals: { bytesIn: number; bytesOut: number }) {
    this.#totals = totals
  }

  arm({ direction, bytes, fromExec = 0 }: Cut): void {
    this.#cut = { direction, left: bytes, execsToWait: fromExec }
  }

  onExec(): void {
    if (this.#cut !== undefined && this.#cut.execsToWait > 0) this.#cut.execsToWait--
  }

  /** @param lose ends the connection on both sides. */
  in(lose: () => void): Transform {
    return this.#gate('in', lose)
  }

  out(lose: () => void): Transform {
    return this.#gate('out', lose)
  }

  #gate(direction: Cut['direction'], lose: () => void): Transform {
    let isLost = false
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const passes = isLost ? 0 : this.#allowed(direction, chunk.length)
        if (passes > 0) this.#count(direction, passes)
        done(null, passes > 0 ? chunk.subarray(0, passes) : undefined)
        if (isLost || passes === chunk.length) return
        isLost = true
        // After what still passes has gone on through the pipe.
        setImmediate(lose)
      },
    })
  }

  #allowed(direction: Cut['direction'], length: number): number {
    const cut = this.#cut
    if (cut === undefined || cut.direction !== direction || cut.execsToWait > 0) return length
    const passes = Math.min(length, cut.left)
    cut.left -= passes
    if (passes < length) this.#cut = undefined
    return passes
  }

  #count(direction: Cut['direction'], bytes: number): void {
    if (direction === 'in') this.#totals.bytesIn += bytes
    else this.#totals.bytesOut += bytes
  }
}
