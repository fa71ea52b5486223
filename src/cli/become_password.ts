import { readPasswordFile } from './password_file.ts'

/**
 * The password to become another user, where no variable of the inventory has one: -K, else --become-password-file or
 * the one of ansible.cfg, else the environment. Undefined: none. It is taken out of the environment in any case: what
 * is started from here, commands of tasks on this machine among them, would inherit it.
 */
export async function readBecomePassword({
  ask,
  file,
  env,
}: BecomePasswordSources): Promise<string | undefined> {
  const inherited = VARIABLES.map(name => env[name]).find(Boolean)
  for (const name of VARIABLES) Reflect.deleteProperty(env, name)
  if (ask !== undefined) return await ask()
  if (file !== undefined) return await readPasswordFile(file.from, file.path)
  return inherited
}

export interface BecomePasswordSources {
  /** Undefined without -K. */
  readonly ask: (() => Promise<string>) | undefined
  /** `from`: the option, or where ansible.cfg says so. */
  readonly file: { readonly path: string; readonly from: string } | undefined
  readonly env: Record<string, string | undefined>
}

/** Ours, and Ansible's. */
const VARIABLES = ['VFIO_RUN_BECOME_PASSWORD', 'ANSIBLE_BECOME_PASS']
