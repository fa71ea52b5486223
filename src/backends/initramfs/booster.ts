import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { addressRules } from '../../host/address_binding.ts'
import type { Bytes } from '../../host/bytes.ts'
import { applyChanges, type Change, write } from '../../host/change.ts'
import { sha256 } from '../../host/digest.ts'
import { boosterOptionsPath } from '../../host/facts/images.ts'
import type { Host, InstalledKernel } from '../../host/host.ts'
import { moduleName } from '../../host/modprobe.ts'
import { kernelsLacking } from '../../host/vfio_kernels.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { tool } from '../evidence.ts'
import { refuseText } from '../plain_text.ts'
import type { InitramfsGenerator, ModuleEdit } from './generator.ts'
import { imagesOf, vfioModulesOf, type WantedContent } from './images.ts'

export const BOOSTER_FILE = '/etc/booster.yaml'
const KEY = 'modules_force_load'

/** booster(1): modules_force_load is one string of names with commas; they are in the image, and loaded before others. */
export const booster: InitramfsGenerator = {
  name: 'booster',
  evidence: tool('booster'),
  reads: [BOOSTER_FILE],
  carries:
    "today's options of these modules (booster takes nothing else of modprobe.d: no softdep, no blacklist)",
  listed(host) {
    const list = readList(host)
    return isRefusal(list) ? [] : namesIn(list.text).map(moduleName)
  },
  edit,
  carryRules: host =>
    addressRules(host).length === 0
      ? []
      : refuse(
          "booster's images have neither udev nor a shell, so that nothing in them could bind a device by its address",
          'choose all devices of that id, or none, and bind by ids; or let dracut or mkinitcpio make the images',
        ),
  images: imagesOf({ rebuild: () => [['/usr/lib/booster/regenerate_images']], wants }),
}

/** The list as it is written, and where; no `start`: the file has no such key. */
interface List {
  readonly text: Bytes
  readonly start?: number
  readonly end?: number
}

function readList(host: Host): List | Refusal {
  const bytes = host.files[BOOSTER_FILE]?.bytes ?? ''
  const refusal = refuseText(host, BOOSTER_FILE)
  if (refusal !== undefined) return refusal
  const lines = new LineCounter()
  const document = parseDocument(bytes, { lineCounter: lines })
  const [error] = document.errors
  if (error !== undefined)
    return refuse(
      `${BOOSTER_FILE}:${lines.linePos(error.pos[0]).line} is no valid YAML: ${error.message.split('\n')[0]}`,
      'mend it, then run again',
    )
  const { contents } = document
  if (contents === null) return { text: '' }
  const node: unknown = isMap(contents) ? contents.get(KEY, true) : contents
  if (node === undefined) return { text: '' }
  if (isMap(contents) && isScalar(node) && node.range && isPlain(bytes, node.range))
    return { text: bytes.slice(node.range[0], node.range[1]), start: node.range[0], end: node.range[1] }
  return refuse(
    `${BOOSTER_FILE} does not write ${KEY} as names with commas between, on one line`,
    `write it as ${KEY}: vfio,vfio_pci, then run again`,
  )
}

/** Names, commas and blanks, perhaps in quotes: nothing that YAML would read otherwise than it looks. */
const isPlain = (bytes: Bytes, [start, end]: readonly number[]): boolean =>
  /^(["']?)[\w ,./*-]*\1$/.test(bytes.slice(start, end))

const namesIn = (text: Bytes): string[] =>
  text
    .replaceAll(/["']/g, '')
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')

function edit(host: Host, { add, remove }: ModuleEdit): readonly Change[] | Refusal {
  const list = readList(host)
  if (isRefusal(list)) return list
  const listed = namesIn(list.text)
  const wanted = add.map(moduleName)
  const gone =
    remove.length > 0
      ? listed.filter(name => remove.map(moduleName).includes(moduleName(name)))
      : listed.filter(name => isWrong(host, name))
  const missing = remove.length > 0 ? [] : wanted.filter(name => !listed.includes(name))
  const after = withNames(withoutNames(list.text, gone), missing)
  if (after === list.text) return []
  const changes = write(host, BOOSTER_FILE, withList(host.files[BOOSTER_FILE]?.bytes ?? '', list, after))
  const meant = [...listed.filter(name => !gone.includes(name)), ...missing]
  // A flow map or the end of a document may stand where a line was put, or another way to write the key.
  const read = readList(applyChanges(host, changes))
  return !isRefusal(read) && namesIn(read.text).join() === meant.join() ? changes : unsafe
}

function withList(bytes: Bytes, { start, end }: List, after: Bytes): Bytes {
  const newline = bytes === '' || bytes.endsWith('\n') ? '' : '\n'
  if (start === undefined) return `${bytes}${newline}${KEY}: ${after}\n`
  return namesIn(after).length > 0
    ? bytes.slice(0, start) + blankBefore(bytes, start) + after + bytes.slice(end)
    : bytes.replace(new RegExp(`^(["']?)${KEY}\\1[ \\t]*:.*\\n?`, 'm'), '')
}

const unsafe = refuse(
  `${BOOSTER_FILE} is written in a way in which ${KEY} cannot be set safely`,
  `write the file as lines of key: value, ${KEY} among them, then run again`,
)

/** An empty value has no blank behind its colon. */
const blankBefore = (bytes: Bytes, start: number): string => (bytes[start - 1] === ':' ? ' ' : '')

/** booster knows modules by underscored names, and makes no image where one is not there. */
function isWrong(host: Host, name: string): boolean {
  const module = moduleName(name)
  return module.startsWith('vfio') && (module !== name || kernelsLacking(host, module).length > 0)
}

/** Each with the comma before it; the first that is left with the one behind. */
function withoutNames(text: Bytes, gone: readonly string[]): Bytes {
  const [, quote = '', inner = ''] = /^(["']?)(.*?)\1$/.exec(text) ?? []
  const kept = inner.split(',').filter(item => !gone.includes(item.trim()))
  return gone.length === 0 ? text : quote + kept.join(',').trim() + quote
}

function withNames(text: Bytes, names: readonly string[]): Bytes {
  if (names.length === 0) return text
  const [, quote = '', inner = ''] = /^(["']?)(.*?)\1$/.exec(text) ?? []
  const separator = inner.includes(', ') ? ', ' : ','
  return quote + [...(inner === '' ? [] : [inner]), ...names].join(separator) + quote
}

function wants(host: Host, kernel: InstalledKernel): WantedContent | Refusal {
  const list = readList(host)
  if (isRefusal(list)) return list
  const listed = namesIn(list.text)
    .map(moduleName)
    .filter(name => name.startsWith('vfio'))
  const modules = vfioModulesOf(kernel, listed)
  const options = modules.includes('vfio_pci') ? optionsOf(host, 'vfio_pci') : ''
  return {
    modules,
    loads: listed.filter(name => kernel.vfio[name]?.is === 'module'),
    files: options === '' ? {} : { [boosterOptionsPath('vfio_pci')]: sha256(options) },
  }
}

/** In its own order, which is not modprobe's, and without one folder hiding another (generator/kmod.go). */
const OPTION_FOLDERS = ['/usr/lib/modprobe.d/', '/lib/modprobe.d/', '/etc/modprobe.d/', '/run/modprobe.d/']

function optionsOf(host: Host, module: string): string {
  const paths = OPTION_FOLDERS.flatMap(folder =>
    Object.keys(host.files)
      .filter(path => path.startsWith(folder))
      .sort(),
  )
  const lines = paths.flatMap(path => (host.files[path]?.bytes ?? '').replaceAll(/\\\n/g, ' ').split('\n'))
  return lines
    .flatMap(line => {
      const [, name = '', params] = /^options (\S+) (.*)$/.exec(line.trim()) ?? []
      return params !== undefined && moduleName(name) === module ? [params] : []
    })
    .join(' ')
    .trim()
}
