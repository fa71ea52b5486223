import type { Filter } from '../signature.ts'
import { DATE_FILTERS } from './dates.ts'
import { DICT_FILTERS } from './dicts.ts'
import { ENCODING_FILTERS } from './encoding.ts'
import { JSON_FILTERS } from './json.ts'
import { LIST_FILTERS } from './lists.ts'
import { NUMBER_FILTERS } from './numbers.ts'
import { PATH_FILTERS } from './paths.ts'
import { RANDOM_FILTERS } from './random.ts'
import { REGEX_FILTERS } from './regex.ts'
import { SELECTION_FILTERS } from './selection.ts'
import { TEXT_FILTERS } from './text.ts'
import { UNDEFINED_FILTERS } from './undefined.ts'
import { YAML_FILTERS } from './yaml.ts'

/** What stands after `|`: Jinja2's filters and those of ansible.builtin. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  ...UNDEFINED_FILTERS,
  ...TEXT_FILTERS,
  ...REGEX_FILTERS,
  ...NUMBER_FILTERS,
  ...LIST_FILTERS,
  ...SELECTION_FILTERS,
  ...DICT_FILTERS,
  ...JSON_FILTERS,
  ...YAML_FILTERS,
  ...PATH_FILTERS,
  ...ENCODING_FILTERS,
  ...DATE_FILTERS,
  ...RANDOM_FILTERS,
}

const CONTROLLER = 'it would look at files of the controller: put what it finds into a variable'
const WINDOWS = 'hosts here run Linux: use the name without win_'
const VAULT = 'keep the value closed with ansible-vault encrypt_string'

/** Filters of Jinja2 and Ansible that are refused, and what to do instead. */
export const REFUSED_FILTERS: Readonly<Record<string, string>> = {
  expanduser: 'it would look at users of the controller: write the path',
  expandvars: 'it would look at the environment of the controller: use variables',
  fileglob: CONTROLLER,
  realpath: CONTROLLER,
  win_basename: WINDOWS,
  win_dirname: WINDOWS,
  win_splitdrive: WINDOWS,
  vault: VAULT,
  unvault: VAULT,
  password_hash: 'write the hash, as mkpasswd prints it, into a variable',
  to_datetime: 'compare the texts: dates written as 2024-01-31 sort by time',
  json_query: "it belongs to community.general: use selectattr and map(attribute='…')",
  urlize: 'write the link itself',
  pprint: 'use to_nice_json or to_nice_yaml',
  ipaddr: 'it belongs to ansible.utils: write the address into a variable',
}
