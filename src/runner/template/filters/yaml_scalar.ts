/**
 * How PyYAML writes a scalar (yaml/emitter.py, analyze_scalar and choose_scalar_style); libyaml takes nothing beyond
 * U+FFFF for printable.
 */
export function scalarStyle(
  text: string,
  isText: boolean,
  isInFlow: boolean,
  isKey: boolean,
): 'plain' | 'single' | 'double' {
  if (!isText) return 'plain'
  const { plain, single } = allowed(text, isInFlow)
  if (plain && !isOtherType(text) && !(isKey && text === '')) return 'plain'
  return single && !(isKey && text.includes('\n')) ? 'single' : 'double'
}

const BREAK = '[\\n\\x85\\u2028\\u2029]'
const FIRST = /^[#,[\]{}&*!|>'"%@`]|^[?:-](?=[\0 \t\r\n\x85\u2028\u2029]|$)|^---|^\.\.\./
const ANYWHERE = /:(?=[\0 \t\r\n\x85\u2028\u2029]|$)|(?<=[\0 \t\r\n\x85\u2028\u2029])#/
const IN_FLOW = /^[?:]|[,?[\]{}:]/
const SPECIAL = /[^\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u
const EDGES = new RegExp(`^(?: |${BREAK})|(?: |${BREAK})$`)

function allowed(text: string, isInFlow: boolean): { readonly plain: boolean; readonly single: boolean } {
  if (text === '') return { plain: !isInFlow, single: true }
  const single = !SPECIAL.test(text) && !new RegExp(`${BREAK} | ${BREAK}`).test(text)
  const plain =
    single &&
    !EDGES.test(text) &&
    !new RegExp(BREAK).test(text) &&
    !FIRST.test(text) &&
    !ANYWHERE.test(text) &&
    !(isInFlow && IN_FLOW.test(text))
  return { plain, single }
}

/** What YAML 1.1 reads as something else (yaml/resolver.py). */
const OTHER_TYPES: readonly RegExp[] = [
  /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  /^(?:~|null|Null|NULL|)$/,
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/,
  /^(?:[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/,
  /^(?:<<|=)$/,
]

const isOtherType = (text: string): boolean => OTHER_TYPES.some(pattern => pattern.test(text))
