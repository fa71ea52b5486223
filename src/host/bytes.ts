/**
 * File contents: one character per byte (latin1), so that bytes which are not valid UTF-8 survive every edit,
 * and plain string operations, `===` and regular expressions work on them.
 */
export type Bytes = string

export const bytesFromText = (text: string): Bytes => Buffer.from(text, 'utf8').toString('latin1')
export const textFromBytes = (bytes: Bytes): string => Buffer.from(bytes, 'latin1').toString('utf8')
export const bytesFromBuffer = (buffer: Uint8Array): Bytes => Buffer.from(buffer).toString('latin1')
export const bytesFromBase64 = (base64: string): Bytes => Buffer.from(base64, 'base64').toString('latin1')
export const base64FromBytes = (bytes: Bytes): string => Buffer.from(bytes, 'latin1').toString('base64')
