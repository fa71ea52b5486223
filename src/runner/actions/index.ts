import type { Action } from './action.ts'
import { assert } from './assert.ts'
import { command } from './command.ts'
import { debug } from './debug.ts'
import { fail } from './fail.ts'
import { include_vars } from './include_vars.ts'
import { meta } from './meta.ts'
import { pause } from './pause.ts'
import { ping } from './ping.ts'
import { set_fact } from './set_fact.ts'
import { gather_facts, setup } from './setup.ts'
import { shell } from './shell.ts'
import { wait_for_connection } from './wait_for_connection.ts'

/** The words of playbooks that the runner runs, in the order the documentation has them. */
export const actions: ReadonlyMap<string, Action> = new Map(
  [
    command,
    shell,
    assert,
    fail,
    debug,
    set_fact,
    include_vars,
    pause,
    wait_for_connection,
    ping,
    setup,
    gather_facts,
    meta,
  ].map(action => [action.name, action as unknown as Action]),
)
