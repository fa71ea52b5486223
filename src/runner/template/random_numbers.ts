import { createHash } from 'node:crypto'

/**
 * The numbers that Python's random.Random(seed) gives, so that `random(seed=inventory_hostname)` chooses what Ansible
 * would: MT19937 (Matsumoto and Nishimura 1998, init_by_array), seeded as Lib/random.py does since 3.2.
 */
export class RandomNumbers {
  readonly #state = new Uint32Array(SIZE)
  #at = SIZE

  constructor(seed: string | number) {
    this.#seed(typeof seed === 'string' ? textKey(seed) : wordsOf(BigInt(Math.abs(seed))))
  }

  /** From 0 to `limit` - 1: bits are drawn until they make a number below it (Lib/random.py, _randbelow_with_getrandbits). */
  below(limit: number): number {
    const bits = limit.toString(2).length
    for (;;) {
      const drawn = this.#bits(bits)
      if (drawn < limit) return drawn
    }
  }

  #bits(count: number): number {
    if (count <= 32) return this.#next() >>> (32 - count)
    const low = this.#next()
    return low + (this.#next() >>> (64 - count)) * 2 ** 32
  }

  #next(): number {
    if (this.#at >= SIZE) this.#twist()
    let word = this.#state[this.#at++] ?? 0
    word ^= word >>> 11
    word ^= (word << 7) & 0x9d2c5680
    word ^= (word << 15) & 0xefc60000
    return (word ^ (word >>> 18)) >>> 0
  }

  #twist(): void {
    const state = this.#state
    for (let i = 0; i < SIZE; i++) {
      const bits = ((state[i] ?? 0) & 0x80000000) | ((state[(i + 1) % SIZE] ?? 0) & 0x7fffffff)
      const odd = (bits & 1) === 0 ? 0 : 0x9908b0df
      state[i] = (state[(i + 397) % SIZE] ?? 0) ^ (bits >>> 1) ^ odd
    }
    this.#at = 0
  }

  #seed(key: readonly number[]): void {
    const state = this.#state
    const mixed = (i: number): number => (state[i - 1] ?? 0) ^ ((state[i - 1] ?? 0) >>> 30)
    state[0] = 19650218
    for (let i = 1; i < SIZE; i++) state[i] = Math.imul(1812433253, mixed(i)) + i
    let i = 1
    const advance = (): void => {
      i += 1
      if (i < SIZE) return
      state[0] = state[SIZE - 1] ?? 0
      i = 1
    }
    for (let k = 0; k < Math.max(SIZE, key.length); k++) {
      const j = k % key.length
      state[i] = ((state[i] ?? 0) ^ Math.imul(mixed(i), 1664525)) + (key[j] ?? 0) + j
      advance()
    }
    for (let k = 1; k < SIZE; k++) {
      state[i] = ((state[i] ?? 0) ^ Math.imul(mixed(i), 1566083941)) - i
      advance()
    }
    state[0] = 0x80000000
  }
}

const SIZE = 624

/** The bytes of a text and their SHA-512, as one number. */
function textKey(seed: string): readonly number[] {
  const bytes = Buffer.from(seed, 'utf8')
  const digest = createHash('sha512').update(bytes).digest()
  return wordsOf(BigInt(`0x${Buffer.concat([bytes, digest]).toString('hex')}`))
}

/** 32 bits each, the lowest first. */
function wordsOf(number: bigint): readonly number[] {
  const words: number[] = []
  for (let rest = number; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn))
  return words.length === 0 ? [0] : words
}
