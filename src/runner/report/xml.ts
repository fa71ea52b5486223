/** An element of an XML document: attributes that are undefined are left out, a string among the children is text. */
export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | number | undefined>>
  readonly children: readonly (Element | string)[]
}

export const element = (
  name: string,
  attributes: Element['attributes'],
  children: readonly (Element | string)[] = [],
): Element => ({ name, attributes, children })

export const xmlDocument = (root: Element): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${elementText(root, '')}`

function elementText({ name, attributes, children }: Element, indent: string): string {
  const start = `${indent}<${name}${attributesText(attributes)}`
  if (children.length === 0) return `${start}/>\n`
  const [text] = children
  // White space between elements says nothing, beside text it would be a part of it.
  if (typeof text === 'string') return `${start}>${escaped(text, IN_TEXT)}</${name}>\n`
  const inner = children.map(child =>
    typeof child === 'string' ? escaped(child, IN_TEXT) : elementText(child, `${indent}  `),
  )
  return `${start}>\n${inner.join('')}${indent}</${name}>\n`
}

const attributesText = (attributes: Element['attributes']): string =>
  Object.entries(attributes)
    .flatMap(([name, value]) =>
      value === undefined ? [] : [` ${name}="${escaped(String(value), IN_ATTRIBUTES)}"`],
    )
    .join('')

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

// XML 1.0, 2.11 and 3.3.3: a parser reads a carriage return as a new line, and in attributes white space as blanks.
const IN_TEXT = /[&<>\r]/g
const IN_ATTRIBUTES = /[&<>"\t\n\r]/g

/** XML 1.0, 2.2: the other control characters and two that are none cannot be written in a document at all. */
const escaped = (text: string, special: RegExp): string =>
  text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(special, character => ENTITIES[character] ?? character)
