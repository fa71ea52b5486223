import { z } from 'zod'
import { text } from '../../modules/ansible_types.ts'
import { defineAction } from './action.ts'
import { COMMON, FREE_FORM_OPTIONS, refuseNul } from './command/arguments.ts'
import { runCommand } from './command/run.ts'

export const shell = defineAction({
  name: 'shell',
  summary: 'Run a command line with a shell',
  description: `As \`command\`, for what needs a shell: pipes, redirections, \`&&\`. A value in it is read by the shell
as if it had been typed: write \`{{ value | quote }}\`.`,
  args: z
    .strictObject({
      cmd: text.describe('the command line'),
      executable: text.prefault('/bin/sh').describe('the shell, as an absolute path'),
      ...COMMON,
    })
    .refine(({ cmd }) => cmd.trim() !== '', { error: 'must not be empty', path: ['cmd'] })
    .superRefine(refuseNul),
  freeForm: 'cmd',
  freeFormOptions: [...FREE_FORM_OPTIONS, 'executable'],
  isBarrier: true,
  example: `- shell: lspci -nn | grep -i nvidia
  register: cards
  changed_when: false`,
  run: async ({ cmd, executable, ...common }, context) =>
    await runCommand({ words: [executable, '-c', cmd], expands: false, shown: cmd, ...common }, context),
})
