import { z } from 'zod'
import { defineModule } from './define.ts'

export const reboot = defineModule({
  name: 'reboot',
  summary: 'Reboot when a reboot is due, and wait until the machine is back',
  description: `As a handler it reboots when a task notified it. As a task it reboots when something waits for a
reboot, as the host's state says, or always with \`always: true\`.

The machine is back when a fresh connection reads a boot_id that differs from the one before. There is one deadline for
all of it. After the reboot every task that waited for it is looked at again: what is still not in effect fails the
host, and the same reboot is not tried a second time. Never reboots with \`--no-reboot\`, nor the machine that runs the
play.`,
  args: z.strictObject({
    reboot_timeout: z
      .number()
      .positive()
      .default(600)
      .describe('seconds from the command to the first answer of the new boot'),
    connect_timeout: z
      .number()
      .positive()
      .default(15)
      .describe('seconds for each try to connect to the new boot'),
    pre_reboot_delay: z.number().min(0).default(0).describe('seconds to wait before the reboot'),
    post_reboot_delay: z
      .number()
      .min(0)
      .default(0)
      .describe('seconds to wait after the machine has answered'),
    test_command: z
      .string()
      .default('')
      .describe('a command line of sh that must succeed on the machine that is back, by the same deadline'),
    always: z.boolean().default(false).describe('reboot though nothing is due'),
    msg: z
      .string()
      .regex(/^[\w .,:;()/-]*$/)
      .default('vfio-run: reboot for PCI passthrough')
      .describe('told to the users who are logged in'),
  }),
  example: `handlers:
  - name: reboot
    reboot:
      reboot_timeout: 900`,
  plan: () => ({
    kind: 'pending',
    why: 'a reboot was asked for',
    needs: 'reboot',
    brings: 'it was asked for',
  }),
})
