import { isAddress } from './host_names.ts'
import type { InventoryBuilder } from './inventory_builder.ts'

/** `-i lab1,lab2,`: a comma where no file is (ansible/ansible, plugins/inventory/host_list.py). Without ranges. */
export function readHostList(list: string, builder: InventoryBuilder): void {
  const at = { file: '-i', line: 1, column: 1 }
  const origin = { folder: undefined, file: list }
  for (const piece of list.split(',')) {
    const name = piece.trim()
    if (name === '') continue
    if (isAddress(name) && !name.includes('[')) builder.addHosts(name, 'ungrouped', at, origin)
    else builder.addHost(name, 'ungrouped', at, origin)
  }
}
