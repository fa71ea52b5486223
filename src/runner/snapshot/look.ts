import { bytesFromBuffer } from '../../host/bytes.ts'
import { FilesMoved } from '../../host/facts/files.ts'
import { FramesBroken, gather, readFrames } from '../../host/gather.ts'
import type { Host } from '../../host/host.ts'

/** What a look at a host printed, in the form in which it is kept: read again by this version and by later ones. */
export function keptLook(nonce: string, stdout: Buffer): Buffer {
  const frames = [...readFrames(nonce, bytesFromBuffer(stdout))]
  // Not what the login said before and after it (motd, profiles): that is nobody's business here.
  return Buffer.from(
    frames.map(([name, body]) => `@${KEPT_NONCE} ${name} ${body.length}\n${body}\n`).join(''),
    'latin1',
  )
}

/** Throws NoLook. A fact that the look did not ask for yet, or not for, is unknown. */
export function hostOfLook(kept: Buffer): Host {
  try {
    return gather(KEPT_NONCE).parse(kept)
  } catch (error) {
    if (error instanceof FramesBroken || error instanceof FilesMoved)
      throw new NoLook(error.message, { cause: error })
    throw error
  }
}

/** The bytes are not those of a whole look. */
export class NoLook extends Error {
  override readonly name = 'NoLook'
}

/** The same for all that is kept, of every version. */
const KEPT_NONCE = 'recorded'
