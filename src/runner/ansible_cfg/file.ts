import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UserError } from '../../errors.ts'
import { expandPath, type Surroundings } from './readings.ts'

/**
 * The first that there is of ANSIBLE_CONFIG, ./ansible.cfg, ~/.ansible.cfg and /etc/ansible/ansible.cfg
 * (ansible/ansible, lib/ansible/config/manager.py, find_ini_config_file). In a folder that everybody may write to,
 * ./ansible.cfg may be anybody's: it is left out, and said so. Throws UserError where it cannot be read.
 */
export function readAnsibleCfg(surroundings: Surroundings): {
  readonly path: string | undefined
  /** '' where there is none. */
  readonly text: string
  readonly warnings: readonly string[]
} {
  const { env, cwd, home } = surroundings
  const own = join(cwd, 'ansible.cfg')
  const isOpen = isWorldWritable(cwd)
  const named = env.ANSIBLE_CONFIG
    ? fileOrInside(expandPath(env.ANSIBLE_CONFIG, cwd, surroundings))
    : undefined
  const places = [
    ...(named === undefined ? [] : [named]),
    ...(isOpen ? [] : [own]),
    join(home, '.ansible.cfg'),
    '/etc/ansible/ansible.cfg',
  ]
  const path = places.find(isReadable)
  const warnings = [
    ...(named !== undefined && path !== named
      ? [`ANSIBLE_CONFIG names ${named}, which is not there or may not be read`]
      : []),
    ...(isOpen && existsSync(own) && (named === undefined || path !== named)
      ? [`${own} is left out: everybody may write to its folder (chmod o-w ${resolve(cwd)})`]
      : []),
  ]
  return { path, text: path === undefined ? '' : readText(path), warnings }
}

const fileOrInside = (path: string): string => (isFolder(path) ? join(path, 'ansible.cfg') : path)

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()

const isWorldWritable = (folder: string): boolean =>
  existsSync(folder) && (statSync(folder).mode & constants.S_IWOTH) !== 0

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (cause) {
    const why = cause instanceof TypeError ? 'is not UTF-8 text' : 'cannot be read'
    throw new UserError({ where: path, why, hint: 'name another with ANSIBLE_CONFIG', cause })
  }
}
