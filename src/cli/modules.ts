import { Command } from 'commander'
import { UserError } from '../errors.ts'
import { describeModule, listModules } from '../modules/document.ts'
import { modules } from '../modules/index.ts'
import { didYouMean } from '../nearest.ts'
import { actions } from '../runner/actions/index.ts'
import { REFUSED_MODULES } from '../runner/playbook/refused_words.ts'

/** `vfio-run modules [NAME]`: the vocabulary of playbooks. */
export const modulesCommand = (): Command =>
  new Command('modules')
    .description('list the modules, or document one')
    .argument('[name]', 'a module')
    .action((name: string | undefined) => {
      process.stdout.write(name === undefined ? listModules(modules, actions) : moduleText(name))
    })

function moduleText(name: string): string {
  const module = modules.get(name) ?? actions.get(name)
  if (module !== undefined) return describeModule(module)
  const refused = Object.hasOwn(REFUSED_MODULES, name) ? REFUSED_MODULES[name] : undefined
  if (refused !== undefined)
    throw new UserError({
      where: 'vfio-run modules',
      why: `${name} is not supported: ${refused.because}`,
      hint: refused.instead,
    })
  throw new UserError({
    where: 'vfio-run modules',
    why: `there is no module "${name}"`,
    hint: didYouMean(name, [...modules.keys(), ...actions.keys()]) ?? 'vfio-run modules lists them',
  })
}
