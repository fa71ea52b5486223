import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { connect } from '../../../src/runner/transport/connect.ts'
import type { ShOptions, ShResult, Target, Transport } from '../../../src/runner/transport/transport.ts'
import { type Fleet, type Member, startFleet } from '../../sandbox/fleet.ts'
import type { Sandbox } from '../../sandbox/machine.ts'
import { differences, hostTree, leftBehind } from './host_tree.ts'
import { archUki, fedoraOneKernel, oneKernel, z170a } from './members.ts'
import { replaceProgram, sandboxOf } from './on_host.ts'
import { type Played, playFleet } from './play_fleet.ts'

const HOST = 'z170-a'

interface Failure {
  readonly title: string
  /** Unless it is the guide's. */
  readonly member?: Member
  readonly breaks: (sandbox: Sandbox) => void
  readonly why: string | RegExp
  readonly says: string
}

const FAILURES: readonly Failure[] = [
  {
    title: 'update-grub fails',
    breaks: sandbox => sandbox.fail('update-grub', 'grub-probe: error: cannot find a device for /'),
    why: 'failed: update-grub failed with exit code 1',
    says: 'grub-probe: error: cannot find a device for /',
  },
  {
    title: 'update-grub fails in the middle of the menu',
    breaks: sandbox =>
      replaceProgram(
        sandbox,
        'update-grub',
        'echo half >"$VFIO_RUN_ROOT/boot/grub/grub.cfg"; echo Oh >&2; exit 3',
      ),
    why: 'failed: update-grub failed with exit code 3',
    says: 'Oh',
  },
  {
    title: 'update-initramfs fails',
    breaks: sandbox => sandbox.fail('update-initramfs', 'E: mkinitramfs failure zstd 70'),
    why: 'failed: update-initramfs -u -k all failed with exit code 1',
    says: 'E: mkinitramfs failure zstd 70',
  },
  {
    title: 'update-initramfs fails at the second of two images',
    breaks: sandbox =>
      replaceProgram(
        sandbox,
        'mkinitramfs',
        'case $* in *6.1.0-18-amd64*) echo "gzip: No space left on device" >&2; exit 1;; esac\nexec "$0.real" "$@"',
      ),
    why: 'failed: update-initramfs -u -k all failed with exit code 1',
    says: 'gzip: No space left on device',
  },
  {
    title: 'dracut fails when it has written over an image',
    member: fedoraOneKernel,
    breaks: sandbox => replaceProgram(sandbox, 'dracut', '"$0.real" "$@"; echo "dracut: late" >&2; exit 1'),
    why: /^failed: dracut --force .* failed with exit code 1$/,
    says: 'dracut: late',
  },
  {
    title: 'mkinitcpio fails in the middle of a unified kernel image',
    member: archUki,
    breaks: sandbox =>
      replaceProgram(
        sandbox,
        'mkinitcpio',
        `"$0.real" "$@"
for f in arch-linux-fallback.efi arch-linux.efi.tmp; do echo half >"$VFIO_RUN_ROOT/efi/EFI/Linux/$f"; done
echo "==> ERROR: full" >&2; exit 1`,
      ),
    why: 'failed: mkinitcpio -P failed with exit code 1',
    says: '==> ERROR: full',
  },
]

describe.concurrent('a step that fails', () => {
  test.for(FAILURES.map(failure => [failure.title, failure] as const))(
    'because %s: every file is put back, and the host is not rebooted',
    async ([, { member = z170a, breaks, why, says }], context) => {
      const { expect } = context
      await using fleet = await startFleet({ [HOST]: member })
      const sandbox = sandboxOf(fleet)
      const { bootId } = sandbox.running
      const before = hostTree(sandbox)
      breaks(sandbox)
      const run = await playFleet(fleet)
      const [failure, hint] = run.failure(HOST).split('\n')
      expect([run.exitCode, hint]).toEqual([
        2,
        'the files were put back as they were, and the host was not rebooted',
      ])
      expect(failure).toMatch(why)
      expect(run.of('host_failed')[0]?.output).toContain(says)
      expect([changedSince(before, sandbox), leftBehind(sandbox)]).toEqual([[], []])
      expect([run.rebooted(HOST), sandbox.running.bootId]).toEqual([false, bootId])
      expect(sandbox.read('/var/lib/vfio-run/lock')).toBe('')
    },
  )

  test('takes nothing from the other hosts of the play, and the next run goes on where it can', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel, other: oneKernel })
    sandboxOf(fleet, HOST).fail('update-grub', 'no')
    const run = await playFleet(fleet)
    expect([run.exitCode, run.recap(HOST).failed, run.recap('other')]).toEqual([
      2,
      1,
      expect.objectContaining({ failed: 0, unreachable: 0, rebootPending: '' }),
    ])
    expect(run.rebooted('other')).toBe(true)
    sandboxOf(fleet, HOST).fail('update-grub', undefined)
    const next = await playFleet(fleet)
    expect([next.exitCode, next.rebooted(HOST), next.recap('other').changed]).toEqual([0, true, 0])
  })

  test('because one host is gone and another fails gives exit code 6', async () => {
    await using fleet = await startFleet({ gone: oneKernel, [HOST]: oneKernel })
    await fleet.hosts.get('gone')?.server.stop()
    sandboxOf(fleet, HOST).fail('update-grub', 'no')
    const run = await playFleet(fleet)
    expect([run.exitCode, run.recap('gone').unreachable, run.recap(HOST).failed]).toEqual([6, 1, 1])
  })
})

describe.concurrent('the work on a host', () => {
  test('goes on when the shell that waits for it is killed, and the run waits for its end', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    replaceProgram(sandbox, 'update-grub', UNTIL_TOLD)
    const run = await playFleet(fleet, {
      noReboot: true,
      connect: async target => {
        const ssh = await sshTo(fleet, target)
        return {
          ...ssh,
          sh: (script, options) =>
            script.includes('setsid sh')
              ? endsAt('update-grub', ssh, script, options, told)
              : ssh.sh(script, options),
        }
      },
    })
    function told() {
      sandbox.write('/tmp/go', '')
    }
    expect([run.exitCode, run.failure(HOST), sandbox.read('/var/lib/vfio-run/lock')]).toEqual([0, '', ''])
    expect(sandbox.read('/boot/grub/grub.cfg')).toContain('intel_iommu=on')
    expect(leftBehind(sandbox)).toEqual([])
  })

  test('is given up on the second Ctrl-C: the host is told of as unreachable, and goes on', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    replaceProgram(sandbox, 'update-grub', UNTIL_TOLD)
    const [stop, abandon] = [new AbortController(), new AbortController()]
    const run = await playFleet(fleet, {
      noReboot: true,
      stop: stop.signal,
      abandon: abandon.signal,
      onEvent: event => {
        if (event.event !== 'output' || event.step !== 'update-grub') return
        stop.abort()
        // As the command line does it.
        abandon.abort(new UserError({ kind: 'unreachable', where: 'interrupted', why: 'given up' }))
      },
    })
    expect([run.exitCode, run.failure(HOST), run.recap(HOST).unreachable]).toEqual([
      130,
      'unreachable: interrupted: given up',
      1,
    ])
    expect(sandbox.read('/var/lib/vfio-run/lock')).not.toBe('')
    sandbox.write('/tmp/go', '')
    await vi.waitFor(() => expect(leftBehind(sandbox)).toEqual([]), { timeout: 10_000 })
    await vi.waitFor(() => expect(sandbox.read('/var/lib/vfio-run/lock')).toBe(''), { timeout: 10_000 })
  })

  test('lets programs make files that others may read', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    replaceProgram(sandbox, 'update-grub', ': >"$VFIO_RUN_ROOT/etc/from-a-hook"; exec "$0.real"')
    expect((await playFleet(fleet, { noReboot: true })).exitCode).toBe(0)
    expect((statSync(sandbox.at('/etc/from-a-hook')).mode & 0o777).toString(8)).toBe('644')
  })

  const UNTIL_TOLD = 'while [ ! -e "$VFIO_RUN_ROOT/tmp/go" ]; do sleep 0.05; done; exec "$0.real"'

  const sshTo = (fleet: Fleet, target: Target) =>
    connect(target, {
      knownHostsFiles: [fleet.knownHosts],
      acceptNewHostKeys: false,
      passphrase: undefined,
    })

  /** A script of which the runner hears no more once a step has begun; sudo's terminal is closed so when its shell is killed. */
  async function endsAt(
    step: string,
    ssh: Transport,
    script: string,
    { onStdout, ...options }: ShOptions,
    then: () => void,
  ): Promise<ShResult> {
    const { promise, resolve } = Promise.withResolvers<ShResult>()
    let isOver = false
    const hear = (piece: Buffer) => {
      if (isOver) return
      onStdout?.(piece)
      isOver = piece.includes(`\n${step}\n`)
      if (isOver) resolve({ exitCode: 143, stdout: piece, stderr: 'Terminated\n' })
    }
    ssh.sh(script, { ...options, onStdout: hear }).catch(() => {})
    promise.then(then)
    return promise
  }
})

describe.concurrent('a file', () => {
  test.for([
    ['that was edited', '/etc/default/grub', 'GRUB_TIMEOUT=0\n'],
    ['that has come into being', '/etc/modprobe.d/vfio.conf', '# mine\n'],
  ] as const)(
    '%s by someone else since the look is left as it is, and nothing else is written',
    async ([, path, text], context) => {
      const { expect } = context
      await using fleet = await startFleet({ [HOST]: oneKernel })
      const sandbox = sandboxOf(fleet)
      const before = new Map(hostTree(sandbox))
      const run = await playFleet(fleet, {
        onEvent: event => {
          if (event.event === 'phase' && event.phase === 'apply') sandbox.write(path, text)
        },
      })
      expect([run.exitCode, run.failure(HOST)]).toEqual([
        2,
        `failed: ${path} was changed by someone else since it was looked at; nothing of that is overwritten`,
      ])
      expect(sandbox.read(path)).toBe(text)
      expect(changedSince(before, sandbox)).toEqual([path])
      expect([run.rebooted(HOST), sandbox.read('/var/lib/vfio-run/lock'), leftBehind(sandbox)]).toEqual([
        false,
        '',
        [],
      ])
    },
  )
})

describe.concurrent('a disk that is full', () => {
  // As coreutils' base64 does it, when its output is one of ours.
  const fullFor = (path: string) =>
    `case $(readlink /proc/$$/fd/1) in ${path}) head -c 3; echo 'base64: write error: No space left on device' >&2; exit 1;; esac\nexec /usr/bin/base64 "$@"`

  test('while a file is written: what was written before is taken back', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    const before = hostTree(sandbox)
    replaceProgram(sandbox, 'base64', fullFor('*/modprobe.d/.vfio-run.*'))
    const run = await playFleet(fleet)
    expectUntouched(
      run,
      sandbox,
      before,
      /^failed: cannot write \/etc\/modprobe.d\/\w+.conf \(disk full\?\)\n/,
    )
  })

  test('while the journal is written: nothing is begun', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    const before = hostTree(sandbox)
    replaceProgram(sandbox, 'base64', fullFor('*/apply.sh'))
    const run = await playFleet(fleet)
    expectUntouched(
      run,
      sandbox,
      before,
      /^failed: cannot write to .*\/var\/lib\/vfio-run\/runs\/.* \(is the disk full\?\)/,
    )
  })

  test('before the images are made anew: nothing is begun', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    const before = hostTree(sandbox)
    replaceProgram(
      sandbox,
      'df',
      "echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'; echo '/dev/sda1 480000 480000 0 100% /boot'",
    )
    const run = await playFleet(fleet)
    expectUntouched(
      run,
      sandbox,
      before,
      /^failed: \/boot has 0 MB free, and what is rebuilt there needs about 1 MB: make room/,
    )
  })

  test('before there is a lock: nothing is begun', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    // No folder can be made there, as on a file system without space or inodes, or a read-only one.
    sandbox.write('/var/lib/vfio-run', '')
    const before = hostTree(sandbox)
    const run = await playFleet(fleet)
    expect([run.exitCode, changedSince(before, sandbox)]).toEqual([2, []])
    expect(run.failure(HOST)).toMatch(
      /^failed: cannot write to .*\/var\/lib\/vfio-run \(read-only or full\?\)/,
    )
  })

  // Only root may mount a file system of a few pages.
  test.skipIf(!canMount())('in earnest', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    const folder = sandbox.at('/etc/modprobe.d')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,mode=755', 'vfio-run-test', folder])
    try {
      sandbox.write('/etc/modprobe.d/full.conf', '# '.padEnd(4096, 'x'))
      const before = hostTree(sandbox)
      const run = await playFleet(fleet)
      expectUntouched(
        run,
        sandbox,
        before,
        /^failed: cannot write \/etc\/modprobe.d\/\w+.conf \(disk full\?\)\n/,
      )
    } finally {
      execFileSync('umount', [folder])
    }
  })

  function expectUntouched(
    run: Played,
    sandbox: Sandbox,
    before: ReadonlyMap<string, string>,
    why: RegExp,
  ): void {
    expect([run.exitCode, run.rebooted(HOST)]).toEqual([2, false])
    expect(run.failure(HOST)).toMatch(why)
    expect([changedSince(before, sandbox), leftBehind(sandbox)]).toEqual([[], []])
    expect(sandbox.read('/var/lib/vfio-run/lock')).toBe('')
  }
})

describe.concurrent('a file system that is mounted read-only', () => {
  test.for([
    ['/', oneKernel, '/etc/default/grub'],
    ['/efi', archUki, '/efi/EFI/Linux/arch-linux-fallback.efi'],
  ] as const)('is known before anything is written: %s', async ([at, member, path], context) => {
    const { expect } = context
    await using fleet = await startFleet({ [HOST]: member })
    const sandbox = sandboxOf(fleet)
    remountReadOnly(sandbox, at)
    const before = hostTree(sandbox)
    const run = await playFleet(fleet)
    expect([run.exitCode, run.rebooted(HOST)]).toEqual([2, false])
    expect(run.failure(HOST)).toContain(
      `failed: ${path} would be written, and ${at} is mounted read-only\nmount -o remount,rw ${at} `,
    )
    expect(differences(before, hostTree(sandbox))).toEqual([])
  })

  test('is no matter where nothing has to be written to it', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    remountReadOnly(sandboxOf(fleet), '/boot/efi')
    const run = await playFleet(fleet, { noReboot: true })
    expect([run.exitCode, run.failure(HOST)]).toEqual([0, ''])
  })

  function remountReadOnly(sandbox: Sandbox, at: string): void {
    const mountinfo = sandbox.read('/proc/self/mountinfo')
    const [line] = mountinfo.split('\n').filter(one => one.split(' ')[4] === at)
    if (line === undefined) throw new Error(`nothing is mounted at ${at}:\n${mountinfo}`)
    rmSync(sandbox.at('/proc/self/mountinfo'))
    sandbox.write('/proc/self/mountinfo', mountinfo.replace(line, line.replace(' rw,', ' ro,')))
  }
})

/** Apart from the journal, and the control folder of the sandbox. */
const changedSince = (before: ReadonlyMap<string, string>, sandbox: Sandbox): string[] =>
  differences(before, hostTree(sandbox)).filter(path => !/^\/(var\/lib\/vfio-run|\.sandbox)(\/|$)/.test(path))

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'vfio-run-test', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder])
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
}
