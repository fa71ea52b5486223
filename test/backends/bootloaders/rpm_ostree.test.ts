import { describe, expect, it } from 'vitest'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { rpmOstree } from '../../../src/backends/bootloaders/rpm_ostree.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import type { ArgEdit } from '../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles, withMenus } from '../../builders.ts'

const SUM = 'aac51b16bc712956159c198c65180ef483f9dc8e0dd74f672f91bb365da5822b'
const LINUX = `/ostree/fedora-${SUM}/vmlinuz-6.9.7-200.fc40.x86_64`
const entryOf = (
  number: number,
  options: string,
) => `title Fedora Linux 40.20240701.0 (Silverblue) (ostree:${2 - number})
version ${number}
options ${options}
linux ${LINUX}
initrd /ostree/fedora-${SUM}/initramfs-6.9.7-200.fc40.x86_64.img
`
const OSTREE = `ostree=/ostree/boot.0/fedora/${SUM}/0`
const LINE = `rhgb quiet root=UUID=ab12 rw ${OSTREE}`
const PATH = '/boot/loader/entries/ostree-2-fedora.conf'

function aSilverblue(options = LINE, differing: Partial<Host> = {}): Host {
  const bare: Host = {
    ...aHost(),
    files: {},
    tools: ['rpm-ostree', 'bootc', 'grubby', 'dracut'],
    paths: ['/run/ostree-booted', '/boot/loader/entries', '/boot/grub2/grub.cfg'],
    kernels: aHost().kernels.map(kernel => ({ ...kernel, release: '6.9.7-200.fc40.x86_64' })),
    ...differing,
  }
  const files = {
    [PATH]: entryOf(2, options),
    '/boot/loader/entries/ostree-1-fedora.conf': entryOf(1, 'rhgb root=UUID=ab12'),
  }
  return withCmdline(withFiles(bare, files), `BOOT_IMAGE=(hd0,gpt2)${LINUX} ${options}`)
}
const staged = (text: string) => rpmOstree.observes?.parse({ staged: text })
const withStaged = (host: Host, text: string) => {
  const menu = staged(text)
  return menu === undefined ? host : withMenus(host, { 'rpm-ostree': menu })
}

const ADD: readonly ArgEdit[] = [{ op: 'add', key: 'intel_iommu', value: 'on' }]
function edited(host: Host, edits = ADD): Host {
  const changes = rpmOstree.edit(host, edits)
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}
const argvOf = (host: Host, edits: readonly ArgEdit[]) => {
  const changes = rpmOstree.edit(host, edits)
  if (isRefusal(changes)) return changes.why
  const [change] = changes
  return change?.kind === 'run' ? change.argv.slice(2) : changes
}

describe('rpm-ostree', () => {
  it('carries the argument in a new deployment, which can be dropped again', () => {
    const next = `rhgb quiet root=UUID=ab12 rw ostree=/ostree/boot.1/fedora/${SUM}/0 intel_iommu=on`
    expect(rpmOstree.edit(aSilverblue(), ADD)).toEqual([
      {
        kind: 'run',
        argv: ['rpm-ostree', 'kargs', '--append-if-missing=intel_iommu=on'],
        reason: 'a new deployment carries the arguments',
        edits: [{ path: PATH, before: entryOf(2, LINE), after: entryOf(2, next) }],
        undo: ['rpm-ostree', 'cleanup', '--pending'],
      },
    ])
    expect(rpmOstree.edit(edited(aSilverblue()), ADD)).toEqual([])
  })

  it.each<[string, string, readonly ArgEdit[], unknown]>([
    [
      'an argument goes',
      `${LINE} intel_iommu=on`,
      [{ op: 'remove', key: 'intel_iommu', value: 'on' }],
      ['--delete-if-present=intel_iommu=on'],
    ],
    [
      'a list grows by taking the old one away',
      `${LINE} vfio-pci.ids=1:2`,
      [{ op: 'set', key: 'vfio-pci.ids', values: ['1:2', '3:4'] }],
      ['--delete-if-present=vfio-pci.ids=1:2', '--append=vfio-pci.ids=1:2,3:4'],
    ],
    [
      'a second console is appended whatever the first is',
      `${LINE} console=tty0`,
      [{ op: 'add_token', token: 'console=ttyS0' }],
      ['--append=console=ttyS0'],
    ],
    ['nothing where it holds', `${LINE} intel_iommu=on`, ADD, []],
  ])('%s', (_, options, edits, argv) => {
    expect(argvOf(aSilverblue(options), edits)).toEqual(argv)
  })

  it('boots the deployment that the entry names, in the other of its two sets', () => {
    expect(rpmOstree.next(edited(aSilverblue()))).toEqual({
      title: 'Fedora Linux 40.20240701.0 (Silverblue) (ostree:0)',
      chosenBy: 'the order of the deployments',
      release: '6.9.7-200.fc40.x86_64',
      cmdline: [
        `BOOT_IMAGE=(hd0,gpt2)${LINUX}`,
        ...`rhgb quiet root=UUID=ab12 rw ostree=/ostree/boot.1/fedora/${SUM}/0 intel_iommu=on`.split(' '),
      ],
    })
  })

  it('of several edits before a reboot the last is the one new set, and what runs already is no new one', () => {
    const more: readonly ArgEdit[] = [{ op: 'add', key: 'iommu', value: 'pt' }]
    const twice = edited(edited(aSilverblue()), more)
    expect(twice.files[PATH]?.bytes).toContain(
      `ostree=/ostree/boot.1/fedora/${SUM}/0 intel_iommu=on iommu=pt\n`,
    )
    const back = edited(twice, [
      { op: 'remove', key: 'intel_iommu', value: 'on' },
      { op: 'remove', key: 'iommu', value: 'pt' },
    ])
    expect(back.files).toEqual(aSilverblue().files)
  })

  it('knows the arguments of a deployment that waits for the reboot', () => {
    const host = withStaged(aSilverblue(), `staged\nThe kernel arguments are:\n${LINE} intel_iommu=on\n`)
    expect(rpmOstree.edit(host, ADD)).toEqual([])
    expect(rpmOstree.configured(host)).toContain('intel_iommu=on')
    expect(rpmOstree.next(host)).toMatchObject({ refused: true })
  })

  it.each([
    [
      'another deployment waits',
      withStaged(aSilverblue(), `staged\n${LINE}\n`),
      'a deployment is staged already (an update, or other kernel arguments), and waits for the machine to reboot',
    ],
    [
      'only bootc is there',
      aSilverblue(LINE, { tools: ['bootc'] }),
      'this host is managed by bootc without rpm-ostree, whose kernel arguments belong to its image',
    ],
    [
      'a line has quotes',
      aSilverblue(`${LINE} a="b c"`),
      `${PATH} has options that rpm-ostree cannot edit as they are meant: quotes, a -- or repeated arguments`,
    ],
    [
      'a line ends for init',
      aSilverblue(`${LINE} -- a`),
      `${PATH} has options that rpm-ostree cannot edit as they are meant: quotes, a -- or repeated arguments`,
    ],
    [
      'there is no deployment',
      withFiles(aSilverblue(), { [PATH]: undefined, '/boot/loader/entries/ostree-1-fedora.conf': undefined }),
      'no deployment can be seen in /boot/loader/entries',
    ],
    [
      'another deployment boots next',
      withCmdline(aSilverblue(), `root=x ostree=/ostree/boot.0/fedora/${SUM.replace('a', 'b')}/0`),
      `${PATH} boots next, which is another deployment than the running one`,
    ],
  ])('refuses where %s', (_, host, why) => {
    expect(rpmOstree.edit(host, ADD)).toMatchObject({ refused: true, why })
  })

  it('takes no silence of rpm-ostree for a line without arguments', () => {
    const host = withStaged(aSilverblue(), 'staged\n')
    expect(rpmOstree.edit(host, [{ op: 'remove', key: 'intel_iommu', value: 'on' }])).toMatchObject({
      refused: true,
    })
  })

  it('is what a booted ostree speaks for, whatever else lies there', () => {
    expect(findBootloader(aSilverblue())).toMatchObject({ loader: { name: 'rpm-ostree' } })
  })
})
