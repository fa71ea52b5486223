import { describe, expect, it } from 'vitest'
import { boot } from '../../src/host/boot.ts'
import { bytesFromText } from '../../src/host/bytes.ts'
import type { Account, Host, Place } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import { copy } from '../../src/modules/copy.ts'
import { template } from '../../src/modules/template.ts'
import { planTasks } from '../../src/runner/plan.ts'
import { undoPlan } from '../../src/runner/undo.ts'
import { afterChanges, aHost, planned } from '../builders.ts'
import { complaint } from './outcomes.ts'

const DEST = '/etc/libvirt/qemu.conf'
const root: Account = { name: observed('root'), id: observed(0) }
const aFile: Place = { kind: 'file', owner: root, group: root }

const withPlace = (place: Place, bytes?: string, mode = '644'): Host => {
  const host = aHost()
  return {
    ...host,
    places: { [DEST]: place },
    files: bytes === undefined ? host.files : { ...host.files, [DEST]: { bytes, mode } },
  }
}

const args = { dest: DEST, content: 'user = "ü"\n' }
const bytes = bytesFromText(args.content)

describe('copy', () => {
  it('makes a new file with the attributes it is given', () => {
    const outcome = planned(copy, withPlace({ kind: 'absent' }), { ...args, mode: '0600', owner: 'root' })
    expect(outcome).toEqual({
      kind: 'change',
      why: `${DEST} is new`,
      changes: [{ kind: 'write', path: DEST, before: undefined, after: bytes, mode: '600', owner: 'root' }],
    })
  })

  it.each([
    ['another text', 'old', {}, 'its text', { after: bytes }],
    ['another mode', bytes, { mode: '0600' }, 'mode 600', { mode: '600', formerly: { mode: '644' } }],
    ['another owner', bytes, { owner: 'libvirt-qemu' }, 'owner libvirt-qemu', { formerly: { owner: '0' } }],
    ['another group', bytes, { group: '104' }, 'group 104', { group: '104', formerly: { group: '0' } }],
    ['more than one thing', 'old', { mode: '4755' }, 'its text, mode 4755', { before: 'old', mode: '4755' }],
  ])('%s is a change', (_, now, more, differences, change) => {
    const outcome = planned(copy, withPlace(aFile, now), { ...args, ...more })
    expect(outcome).toMatchObject({ kind: 'change', why: `${DEST} gets ${differences}`, changes: [change] })
  })

  it.each([[{}], [{ mode: '0644' }], [{ mode: '644', owner: 'root', group: '0' }], [{ owner: 0 }]])(
    'is converged with %j',
    more => {
      expect(planned(copy, withPlace(aFile, bytes), { ...args, ...more })).toEqual({
        kind: 'converged',
        why: `${DEST} is so already`,
      })
    },
  )

  it.each([
    ['0077', '77'],
    ['007', '7'],
    ['0000', '0'],
    ['04755', '4755'],
  ])('is converged with the mode %s, which stat writes as %s', (mode, seen) => {
    expect(planned(copy, withPlace(aFile, bytes, seen), { ...args, mode }).kind).toBe('converged')
  })

  it('leaves what is there with force: false', () => {
    expect(planned(copy, withPlace(aFile, 'old'), { ...args, force: 'no' }).kind).toBe('converged')
    expect(planned(copy, withPlace({ kind: 'absent' }), { ...args, force: false }).kind).toBe('change')
  })

  it.each<[Place, string | undefined, string]>([
    [{ kind: 'no folder' }, undefined, 'there is no folder /etc/libvirt on the host'],
    [{ kind: 'directory' }, undefined, `${DEST} is a folder on the host`],
    [{ kind: 'unreadable' }, undefined, `${DEST} cannot be read`],
    [{ kind: 'other' }, undefined, `${DEST} is no regular file on the host`],
    [
      { kind: 'large', size: 2_000_000 },
      undefined,
      `${DEST} has 2000000 bytes, and no original larger than 1048576 is kept`,
    ],
    [aFile, '\x7fELF\0', `${DEST} is not a text file`],
  ])('is blocked by %j with %j', (place, content, why) => {
    expect(planned(copy, withPlace(place, content), args)).toMatchObject({ kind: 'blocked', why })
  })

  it('does not take more than a script can carry', () => {
    const long = { ...args, content: 'x'.repeat(1_048_577) }
    expect(planned(copy, withPlace({ kind: 'absent' }), long).kind).toBe('blocked')
  })

  it('is unknown where nobody has looked', () => {
    expect(planned(copy, aHost(), args)).toEqual({ kind: 'unknown', why: `${DEST} was not looked at` })
  })

  it.each([
    [{ content: 'x' }, 'is required'],
    [{ dest: DEST }, 'needs content or src'],
    [{ ...args, dest: 'etc/x' }, '"etc/x" is not an absolute path without . or ..'],
    [{ ...args, dest: '/etc/../x' }, '"/etc/../x" is not an absolute path without . or ..'],
    [{ ...args, dest: '/etc/x/' }, '"/etc/x/" is not an absolute path without . or ..'],
    [{ ...args, dest: '/etc//x' }, '"/etc//x" is not an absolute path without . or ..'],
    [{ ...args, dest: '/etc/a\nb' }, '"/etc/a\nb" is not an absolute path without . or ..'],
    [
      { ...args, dest: '/proc/sys/vm/swappiness' },
      'what the kernel shows in /proc and /sys is not kept in files',
    ],
    [{ ...args, mode: 644 }, 'must be octal digits in quotes, as in "0644"'],
    [{ ...args, mode: 'u=rw' }, '"u=rw" is no mode in octal digits, as in "0644"'],
    [
      { ...args, backup: true },
      'no backups are made beside files: the journal on the host keeps every original, in /var/lib/vfio-run/runs',
    ],
    [{ ...args, content: ['x'] }, 'must be a string, not a list'],
  ])('refuses %j', (written, why) => {
    expect(complaint(copy, written)).toBe(why)
  })

  it('asks for its file to be looked at', () => {
    expect(copy.looksAt?.(copy.args.parse(args))).toEqual({ files: [DEST] })
    expect(template.looksAt?.(template.args.parse({ src: 'x.j2', dest: DEST }))).toEqual({ files: [DEST] })
  })
})

describe('what copy foresees', () => {
  const all = { ...args, mode: '0600', owner: 'qemu', group: '64' }

  it.each([
    ['a new file', withPlace({ kind: 'absent' })],
    ['one that is there', withPlace(aFile, 'old', '755')],
  ])('%s is so afterwards, and after the boot', (_, host) => {
    const after = afterChanges(host, planned(copy, host, all))
    expect(after.files[DEST]).toEqual({ bytes, mode: '600' })
    expect(planned(copy, after, all).kind).toBe('converged')
    expect(planned(copy, boot(after), all).kind).toBe('converged')
    expect(planned(copy, after, { ...all, owner: 'root' })).toMatchObject({ kind: 'change' })
  })

  it('two tasks on one file come to one change with both of what they say', () => {
    const host = withPlace(aFile, bytes)
    const calls = [{ mode: '0600' }, { owner: 'qemu' }, { mode: '0640' }].map(more => ({
      module: copy,
      args: copy.args.parse({ ...args, ...more }),
    }))
    const { changes } = planTasks(host, calls as unknown as Parameters<typeof planTasks>[1])
    expect(changes).toEqual([
      {
        ...{ kind: 'write', path: DEST, before: bytes, after: bytes },
        ...{ mode: '640', owner: 'qemu', formerly: { mode: '644', owner: '0' } },
      },
    ])
  })

  it('is taken back with its attributes', () => {
    const host = withPlace(aFile, 'old', '640')
    const outcome = planned(copy, host, all)
    const after = afterChanges(host, outcome)
    const plan = { ...planTasks(host, []), changes: outcome.kind === 'change' ? outcome.changes : [] }
    const [back] = undoPlan(plan, after).changes
    expect(back).toEqual({
      ...{ kind: 'write', path: DEST, before: bytes, after: 'old', mode: '640', owner: '0', group: '0' },
    })
  })
})

it('template writes what its file came to', () => {
  const host = withPlace({ kind: 'absent' })
  const written = { src: 'qemu.conf.j2', dest: DEST, content: 'x' }
  expect(planned(template, host, written)).toMatchObject({ kind: 'change', changes: [{ after: 'x' }] })
  expect(planned(template, host, { src: 'qemu.conf.j2', dest: DEST })).toMatchObject({
    kind: 'blocked',
    why: 'qemu.conf.j2 was not read',
  })
})
