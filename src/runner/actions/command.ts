import { z } from 'zod'
import { flag, text } from '../../modules/ansible_types.ts'
import { defineAction } from './action.ts'
import { COMMON, FREE_FORM_OPTIONS, refuseNul } from './command/arguments.ts'
import { runCommand } from './command/run.ts'
import { splitWords } from './command/words.ts'

export const command = defineAction({
  name: 'command',
  summary: 'Run a program',
  description: `The program is started as it is, without a shell: \`|\`, \`>\`, \`&&\` and \`*\` mean nothing. A string
is taken apart at its blanks as a shell would, quotes kept together; \`argv\` takes the words one by one. Variables of the
host's environment ($HOME) and a ~ at a word's beginning are replaced.

A program is run each time: nobody can tell what it changes. With \`creates\` or \`removes\` it is left out where its work
is done. A dry run says \`would run\`, and what follows is marked as unknown; only whether \`creates\` and \`removes\` let
it run is looked at, which changes nothing.`,
  args: z
    .strictObject({
      cmd: text.optional().describe('the program and its arguments'),
      argv: z.array(text).min(1).optional().describe('the same as a list'),
      expand_argument_vars: flag.prefault(true).describe('replace $NAME and ~ in the arguments'),
      ...COMMON,
    })
    .superRefine(({ cmd, argv }, context) => {
      if ((cmd === undefined) === (argv === undefined))
        context.addIssue({ code: 'custom', message: 'takes cmd or argv, and one of them' })
      const words = cmd === undefined ? undefined : splitWords(cmd)
      if (words === undefined) return
      if (typeof words === 'string') context.addIssue({ code: 'custom', message: words, path: ['cmd'] })
      else if (words.length === 0)
        context.addIssue({ code: 'custom', message: 'must not be empty', path: ['cmd'] })
    })
    .superRefine(refuseNul),
  freeForm: 'cmd',
  freeFormOptions: FREE_FORM_OPTIONS,
  isBarrier: true,
  example: `- command: virsh net-autostart default
  args:
    creates: /etc/libvirt/qemu/networks/autostart/default.xml`,
  async run({ cmd = '', argv, expand_argument_vars, ...common }, context) {
    const words = argv ?? splitWords(cmd)
    if (typeof words === 'string') return { status: 'failed', why: words, result: { msg: words } }
    return await runCommand({ words, expands: expand_argument_vars, shown: words, ...common }, context)
  },
})
