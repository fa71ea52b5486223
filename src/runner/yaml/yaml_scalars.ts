/**
 * What an unquoted word means: YAML 1.2's core schema and, as Ansible's users write them, yes/no/on/off.
 * None of YAML 1.1's sexagesimals, which made 120 of the PCI function 02:00.0.
 */
export function plainValue(word: string): null | boolean | number | string {
  for (const { pattern, value } of MEANINGS) if (pattern.test(word)) return value(word)
  return word
}

/**
 * A leading zero keeps a number a string: YAML 1.1 reads 0644 as octal, 1.2 as 644, and in a mode
 * or an id every digit counts. So does a number that a double cannot hold.
 */
const MEANINGS: readonly { pattern: RegExp; value(word: string): null | boolean | number | string }[] = [
  { pattern: /^(?:|~|null|Null|NULL)$/, value: () => null },
  { pattern: /^(?:true|True|TRUE|yes|Yes|YES|on|On|ON)$/, value: () => true },
  { pattern: /^(?:false|False|FALSE|no|No|NO|off|Off|OFF)$/, value: () => false },
  { pattern: /^[-+]?(?:0|[1-9][0-9]*)$/, value: exactNumber },
  { pattern: /^0(?:o[0-7]+|x[0-9a-fA-F]+)$/, value: exactNumber },
  { pattern: /^[-+]?(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?$/, value: exactNumber },
  { pattern: /^[-+]?(?:0|[1-9][0-9]*)\.?(?:[eE][-+]?[0-9]+)?$/, value: exactNumber },
]

function exactNumber(word: string): number | string {
  const number = Number(word)
  const isExact = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))
  return isExact ? number : word
}
