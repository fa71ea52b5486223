import { createHash } from 'node:crypto'
import type { Bytes } from './bytes.ts'

/** As sha256sum(1) prints it, of the bytes. */
export const sha256 = (bytes: Bytes): string => createHash('sha256').update(bytes, 'latin1').digest('hex')
