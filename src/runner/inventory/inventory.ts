import { existsSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import type { Problems } from '../playbook/problems.ts'
import { isDirectory, isExecutable, isProgram, readTextFile, sortedNames } from '../yaml/files.ts'
import { isVaulted, openVault } from '../yaml/vault.ts'
import { parseYaml } from '../yaml/yaml.ts'
import { isNothing } from '../yaml/yaml_node.ts'
import { readHostList } from './host_list.ts'
import { readIniInventory } from './ini.ts'
import { InventoryBuilder, type Origin } from './inventory_builder.ts'
import type { Group, Inventory } from './inventory_tree.ts'
import { readScriptInventory } from './script_inventory.ts'
import { readYamlInventory } from './yaml_inventory.ts'

export type { Group, Inventory }

/**
 * Reads inventories, each a file in YAML, JSON or INI form, a program that prints JSON, a folder of them, or a list of
 * hosts with a comma in it. A host or group in several places is one, and later values win.
 */
export function readInventories(paths: readonly string[], problems: Problems): Inventory {
  const builder = new InventoryBuilder(problems)
  for (const path of paths) readSource(path, builder)
  return builder.join()
}

/** Hosts of which nothing is known but their names. */
export function bareInventory(names: readonly string[], file: string, problems: Problems): Inventory {
  const builder = new InventoryBuilder(problems)
  const origin = { folder: resolve(file), file: resolve(file) }
  for (const name of names) builder.addHost(name, 'all', { file, line: 1, column: 1 }, origin)
  return builder.join()
}

/** Where a comma stands and no such file is, hosts are listed. */
export const isHostList = (path: string): boolean => path.includes(',') && !existsSync(path)

function readSource(path: string, builder: InventoryBuilder): void {
  if (isHostList(path)) readHostList(path, builder)
  else if (isDirectory(path)) readFolder(path, builder)
  else readFile(path, { folder: resolve(dirname(path)), file: resolve(path) }, builder)
}

function readFolder(folder: string, builder: InventoryBuilder): void {
  for (const name of sortedNames(folder, builder.problems))
    if (!IGNORED.test(name)) readSource(join(folder, name), builder)
}

/** In a folder of inventories (ansible/ansible, inventory/manager.py, IGNORED; constants.py, REJECT_EXTS). */
const IGNORED =
  /^\.|^host_vars$|^group_vars$|^vars_plugins$|~$|\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|ini|cfg|retry)$/

function readFile(path: string, origin: Origin, builder: InventoryBuilder): undefined {
  const { problems } = builder
  if (isProgram(path)) {
    if (isExecutable(path)) return readScriptInventory(path, origin, builder)
    return problems.add(path, 'is a script that may not be run', `chmod +x ${path}`)
  }
  if (extname(path) === '.toml')
    return problems.add(path, 'an inventory in TOML form is not supported', 'write it as YAML or INI')
  const text = readTextFile(path, problems)
  if (text === undefined) return
  const open = isVaulted(text) ? openVault(text, problems.vault) : { text }
  if (open.why !== undefined) return problems.add(path, open.why, open.hint)
  readAnyForm({ path, text, open: open.text }, origin, builder)
}

interface Source {
  readonly path: string
  readonly text: string
  /** The text, opened where ansible-vault had closed it. */
  readonly open: string
}

/** YAML first, then INI, as Ansible tries them; what neither reads is told of the one that it was meant to be. */
function readAnyForm(source: Source, origin: Origin, builder: InventoryBuilder): undefined {
  const { path, text, open } = source
  const { problems } = builder
  const asYaml = problems.trial()
  const mayBeYaml = YAML_ENDINGS.includes(extname(path))
  const tree = mayBeYaml ? parseYaml(text, path, asYaml) : undefined
  if (tree && (tree.kind === 'map' || isNothing(tree))) return readYamlInventory(tree, origin, builder)
  if (tree) readYamlInventory(tree, origin, builder.noting(asYaml))
  if (isVaulted(text)) keepValues(open, problems)
  const asIni = problems.trial()
  readIniInventory(open, path, origin, builder.noting(asIni))
  if (asIni.count === 0) return
  const meant = meantAs(source, mayBeYaml)
  if (meant === undefined) return problems.add(path, UNKNOWN_FORM, triedAs(asYaml, asIni))
  for (const error of (meant === 'yaml' ? asYaml : asIni).all) problems.include(error)
}

/** The reader of YAML keeps what it opens; lines of INI have their values behind `=`. */
function keepValues(open: string, problems: Problems): void {
  for (const [, quoted, plain = ''] of open.matchAll(/=\s*(?:["'](.*?)["']|(\S+))/g))
    problems.secrets.keep(quoted ?? plain)
}

const YAML_ENDINGS = ['', '.yaml', '.yml', '.json']

const UNKNOWN_FORM = 'is no inventory, neither as YAML nor as INI'

function meantAs({ path, open }: Source, mayBeYaml: boolean): 'yaml' | 'ini' | undefined {
  if (!mayBeYaml) return 'ini'
  const first = open.split('\n').find(line => !/^\s*([#;]|$)/.test(line)) ?? ''
  if (INI_LINE.test(first)) return 'ini'
  return extname(path) !== '' || YAML_LINE.test(first) ? 'yaml' : undefined
}

/** `[group]`, or a host with its variables: `lab ansible_host=10.0.0.1`. */
const INI_LINE = /^\[[\w.:-]+\]\s*([#;].*)?$|^[\w.-]+(\s+\w+=\S*)+\s*$/
const YAML_LINE = /^(?:---|\{|["']?[\w.-]+["']?:(?:\s|$))/

function triedAs(asYaml: Problems, asIni: Problems): string {
  const first = ({ all: [error] }: Problems) => (error === undefined ? '' : `${error.where} ${error.why}`)
  return `as YAML: ${first(asYaml)}; as INI: ${first(asIni)}`
}
