import { z } from 'zod'
import { text } from './ansible_types.ts'
import { blocked, defineModule } from './define.ts'
import { planTextFile, TEXT_FILE } from './text_file.ts'

export const copy = defineModule({
  name: 'copy',
  summary: 'Keep a text file on the host',
  description: `The file gets the text that \`content\` gives, or that of the file \`src\`, which lies in \`files\` beside
the playbook, or beside it. A dry run with \`--diff\` shows what would change, byte for byte.

It is for configuration: texts of up to one megabyte. Folders are not made. The original goes to the journal on the
host before the file is written, and a file that somebody has changed meanwhile is not written over.`,
  args: z
    .strictObject({
      content: text.optional().describe('the text'),
      src: text.optional().describe('a file beside the playbook that has the text'),
      ...TEXT_FILE,
    })
    .refine(({ content, src }) => content !== undefined || src !== undefined, {
      error: 'needs content or src',
    }),
  source: 'file',
  looksAt: ({ dest }) => ({ files: [dest] }),
  example: `- copy:
    content: |
      user = "libvirt-qemu"
    dest: /etc/libvirt/qemu.conf
    mode: "0600"`,
  plan: (host, { content, src, ...file }) =>
    content === undefined
      ? blocked(`${src} was not read`, 'look for it beside the playbook')
      : planTextFile(host, { ...file, content }),
})
