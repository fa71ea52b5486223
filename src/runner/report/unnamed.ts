/**
 * A text as another host would say it, without the host's own name. `isUnreachable`: nor its address, which is how a
 * host is named that cannot be reached.
 */
export function unnamed(text: string, host: string, isUnreachable: boolean): string {
  const name = new RegExp(`(?<![\\w.-])${escaped(host)}(?![\\w-]|\\.\\w)`, 'g')
  const nameless = text.replace(name, '<host>')
  return isUnreachable ? nameless.replace(ADDRESS, '<address>') : nameless
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

const ADDRESS = /\b\d{1,3}(?:\.\d{1,3}){3}\b|(?<![\w:])(?:[\da-f]{1,4}:+){2,7}[\da-f]{0,4}(?![\w:])/gi
