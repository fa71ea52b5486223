import type { Host, Menu } from './host.ts'
import { type Known, unknown } from './known.ts'

/** The menu that the look found for a loader. */
export const menuOf = (host: Host, loader: string): Known<Menu> =>
  host.menus[loader] ?? unknown('there is none')

export const withMenu = (host: Host, loader: string, menu: Known<Menu>): Host => ({
  ...host,
  menus: { ...host.menus, [loader]: menu },
})
