import type { Filter } from '../signature.ts'
import { DICT_FILTERS } from './dicts.ts'
import { LIST_FILTERS } from './lists.ts'
import { NUMBER_FILTERS } from './numbers.ts'
import { SELECTION_FILTERS } from './selection.ts'
import { TEXT_FILTERS } from './text.ts'
import { UNDEFINED_FILTERS } from './undefined.ts'

/** What stands after `|`: Jinja2's filters and those of ansible.builtin that provisioning uses. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  ...UNDEFINED_FILTERS,
  ...TEXT_FILTERS,
  ...NUMBER_FILTERS,
  ...LIST_FILTERS,
  ...SELECTION_FILTERS,
  ...DICT_FILTERS,
}
