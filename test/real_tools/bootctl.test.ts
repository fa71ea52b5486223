import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { editEntries } from '../../src/backends/bootloaders/entries/entry_edit.ts'
import { loaderEntries, optionTokens } from '../../src/backends/bootloaders/entries/loader_entries.ts'
import { compareVersions } from '../../src/backends/bootloaders/entries/version_order.ts'
import { SYSTEMD_BOOT } from '../../src/backends/bootloaders/systemd_boot.ts'
import { applyChanges } from '../../src/host/change.ts'
import type { Host } from '../../src/host/host.ts'
import type { ArgEdit } from '../../src/host/kernel_args.ts'
import { splitArgs } from '../../src/host/kernel_args.ts'
import { isRefusal } from '../../src/refusal.ts'
import { aHost, withFiles } from '../builders.ts'

// bootctl only reads what is the root of a file system: it gets one, in a namespace of its own.
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const hasBootctl = spawnSync('bootctl', ['--version']).status === 0
const hasAnalyze = spawnSync('systemd-analyze', ['compare-versions', '1', '2']).stdout !== null
const missing = hasBootctl ? 'no file system can be mounted in a namespace here' : 'bootctl is not installed'

const edits: readonly ArgEdit[] = [{ op: 'add', key: 'intel_iommu', value: 'on' }]

interface Listed {
  readonly id: string
  readonly path: string
  readonly options?: string
  readonly linux?: string
}

describe.skipIf(!(canMount && hasBootctl))(
  `bootctl, the program${canMount && hasBootctl ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder = ''
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'vfio-run-bootctl.'))
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    /** The menu as bootctl reads it of a host's /boot, in its order. */
    function listed(host: Host): Listed[] {
      const puts = Object.entries(host.files).map(
        ([path], i) => `cp '${folder}/${i}' "$esp${path.replace('/boot', '')}"`,
      )
      Object.values(host.files).forEach(({ bytes }, i) => {
        writeFileSync(join(folder, String(i)), bytes, 'latin1')
      })
      const script = `esp=/mnt; mount -t tmpfs none $esp && mkdir -p $esp/EFI $esp/loader/entries && : >$esp/vmlinuz
${puts.join('\n')}
bootctl list --esp-path=$esp --json=short`
      const run = spawnSync('unshare', ['-rm', 'sh'], {
        input: script,
        encoding: 'latin1',
        env: { PATH: process.env.PATH, SYSTEMD_RELAX_ESP_CHECKS: '1', SYSTEMD_RELAX_XBOOTLDR_CHECKS: '1' },
      })
      const entries = JSON.parse(`[${run.stdout.trim().replaceAll(/\}\s*\{/g, '},{')}]`) as
        | Listed[]
        | Listed[][]
      return entries.flat()
    }

    const hostWith = (entries: Readonly<Record<string, string>>): Host =>
      withFiles(
        aHost({ files: {} }),
        Object.fromEntries(
          Object.entries(entries).map(([name, text]) => [`/boot/loader/entries/${name}`, text]),
        ),
      )

    it('reads the edited options as they were meant', () => {
      const host = hostWith({
        'a.conf': 'title A\nlinux /vmlinuz\n',
        'b.conf': 'linux /vmlinuz\noptions root=/dev/sda2 dyndbg="file a +p"\noptions quiet\n',
        'c.conf': 'title\tC\nlinux\t/vmlinuz\noptions\troot=/dev/sda2  \n# options none',
        'd.conf': 'efi /vmlinuz\noptions FS0:EFI\\Microsoft\n',
      })
      const linux = loaderEntries(host, SYSTEMD_BOOT).filter(entry => entry.isLinux)
      const changes = editEntries(host, linux, edits)
      if (isRefusal(changes)) throw new Error(changes.why)
      const after = applyChanges(host, changes)
      const options = Object.fromEntries(listed(after).map(entry => [entry.id, entry.options]))
      expect(options).toEqual({
        'a.conf': 'intel_iommu=on',
        'b.conf': 'root=/dev/sda2 dyndbg="file a +p" quiet intel_iommu=on',
        'c.conf': 'root=/dev/sda2 intel_iommu=on',
        'd.conf': 'FS0:EFI\\Microsoft',
      })
      for (const entry of loaderEntries(after, SYSTEMD_BOOT))
        expect(optionTokens(after, entry)).toEqual(splitArgs(options[entry.id] ?? ''))
    })

    it('sorts the menu as we do', () => {
      const key = fc.constantFrom('', 'sort-key debian\n', 'sort-key arch\n')
      const version = fc.constantFrom('', 'version 6.1.0-9\n', 'version 6.1.0-10\n', 'version 6.9~rc1\n')
      const machine = fc.constantFrom('', `machine-id ${'a'.repeat(32)}\n`, `machine-id ${'b'.repeat(32)}\n`)
      const name = fc
        .tuple(
          fc.constantFrom('a', 'b', 'arch-6.9', 'arch-6.10', 'x-6.1.0-9', 'x-6.1.0-10'),
          fc.constantFrom('', '+0', '+0-3', '+2-1', '+3'),
        )
        .map(parts => `${parts.join('')}.conf`)
      const text = fc.tuple(key, version, machine).map(lines => `title T\nlinux /vmlinuz\n${lines.join('')}`)
      fc.assert(
        fc.property(fc.dictionary(name, text, { minKeys: 2, maxKeys: 6 }), entries => {
          const host = hostWith(entries)
          const names = (paths: readonly { readonly path: string }[]) =>
            paths.map(({ path }) => path.replace(/.*\//, ''))
          // Of one name with several counters bootctl shows one.
          const bases = Object.keys(entries).map(one => one.replace(/\+.*/, '').replace('.conf', ''))
          fc.pre(new Set(bases).size === bases.length)
          expect(names(loaderEntries(host, SYSTEMD_BOOT))).toEqual(names(listed(host)))
        }),
        { numRuns: 40 },
      )
    })
  },
)

describe.skipIf(!hasAnalyze)(
  `systemd-analyze compare-versions, the program${hasAnalyze ? '' : ' (skipped: it is not installed)'}`,
  () => {
    it('orders versions as we do', () => {
      const version = fc.string({ unit: fc.constantFrom(...'0129abA.-~^_+'), minLength: 1, maxLength: 8 })
      fc.assert(
        fc.property(version, version, (a, b) => {
          const { stdout } = spawnSync('systemd-analyze', ['compare-versions', '--', a, b], {
            encoding: 'utf8',
          })
          const sign = { '<': -1, '==': 0, '>': 1 }[/ (<|==|>) /.exec(stdout)?.[1] ?? '']
          expect(Math.sign(compareVersions(a, b))).toBe(sign)
        }),
        { numRuns: 100 },
      )
    })
  },
)
