import { z } from 'zod'
import { text } from './ansible_types.ts'
import { blocked, defineModule } from './define.ts'
import { planTextFile, TEXT_FILE } from './text_file.ts'

export const template = defineModule({
  name: 'template',
  summary: 'Keep a text file on the host that is made from a template',
  description: `\`src\` is a file in \`templates\` beside the playbook, or beside it, with Jinja2 in it: \`{{ }}\`,
\`{% if %}\`, \`{% for %}\`. It is read and checked before the first connection, and filled in for each host. All else is
as with \`copy\`.`,
  args: z.strictObject({
    src: text.describe('the template'),
    content: text.optional().describe('what the template came to; set by the run itself'),
    ...TEXT_FILE,
  }),
  source: 'template',
  looksAt: ({ dest }) => ({ files: [dest] }),
  example: `- template:
    src: guest.xml.j2
    dest: /etc/libvirt/qemu/guest.xml
    owner: root
    mode: "0600"`,
  plan: (host, { content, src, ...file }) =>
    content === undefined
      ? blocked(`${src} was not read`, 'look for it beside the playbook')
      : planTextFile(host, { ...file, content }),
})
