import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sealedDisks } from '../../../src/host/facts/sealed_disks.ts'
import { hostScript } from '../../../src/host/script.ts'
import { parsesAnything } from './any_output.ts'
import { REAL_SHELLS } from './real_shells.ts'

const NOTHING = { tokens: '', crypttab: '', cmdline: '', beside: '' }

/** As `cryptsetup luksDump` prints them, version 2.6 without the plugin of systemd. */
const dump = (...tokens: readonly string[]) =>
  ['Tokens:', ...tokens.flatMap((type, i) => [`  ${i}: ${type}`, `\tKeyslot:    ${i + 1}`]), 'Digests:'].join(
    '\n',
  )
const jwe = (header: object) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.x.y.z.w`
const clevis = (pin: object) =>
  `export {"type":"clevis","keyslots":["1"],"jwe":{"protected":"${jwe({ alg: 'dir', clevis: pin }).split('.')[0]}"}}`
const TPM = { pin: 'tpm2', tpm2: { hash: 'sha256', pcr_ids: '7' } }
const TANG = { pin: 'tang', tang: { url: 'http://tang' } }
const shared = (pin: object) => ({
  pin: 'sss',
  sss: { t: 1, jwe: [jwe({ clevis: TANG }), jwe({ clevis: pin })] },
})

describe('disks that the TPM unlocks', () => {
  it.each<[string, Partial<typeof NOTHING>, readonly string[]]>([
    ['no encrypted disk', {}, []],
    ['a passphrase only', { tokens: `device /dev/sda3\n${dump()}\n` }, []],
    [
      'systemd-cryptenroll',
      { tokens: `device /dev/sda3\n${dump('systemd-tpm2')}\n` },
      ['/dev/sda3 systemd-cryptenroll'],
    ],
    [
      'systemd-cryptenroll, as cryptsetup shows it with systemd’s plugin',
      { tokens: `device /dev/sda3\n${dump('systemd-tpm2\n\ttpm2-hash-pcrs:   7')}\n` },
      ['/dev/sda3 systemd-cryptenroll, PCR 7'],
    ],
    [
      'a recovery key and a security key',
      { tokens: `device /dev/sda3\n${dump('systemd-recovery', 'systemd-fido2')}\n` },
      [],
    ],
    [
      'clevis with the TPM',
      { tokens: `device /dev/sda3\n${dump('clevis')}\n${clevis(TPM)}\n` },
      ['/dev/sda3 clevis'],
    ],
    [
      'clevis with a server in the network',
      { tokens: `device /dev/sda3\n${dump('clevis')}\n${clevis(TANG)}\n` },
      [],
    ],
    [
      'clevis with either',
      { tokens: `device /dev/sda3\n${dump('clevis')}\n${clevis(shared(TPM))}\n` },
      ['/dev/sda3 clevis'],
    ],
    [
      'clevis with two servers',
      { tokens: `device /dev/sda3\n${dump('clevis')}\n${clevis(shared(TANG))}\n` },
      [],
    ],
    [
      'clevis, and its token cannot be read',
      { tokens: `device /dev/sda3\n${dump('clevis')}\nexport \n` },
      ['/dev/sda3 clevis'],
    ],
    [
      'two disks, one of them',
      { tokens: `device /dev/sda3\n${dump()}\ndevice /dev/sdb1\n${dump('systemd-tpm2')}\n` },
      ['/dev/sdb1 systemd-cryptenroll'],
    ],
    [
      'crypttab',
      { crypttab: 'file /etc/crypttab\nroot\nhome\n' },
      ['root /etc/crypttab', 'home /etc/crypttab'],
    ],
    [
      'the command line, for one disk',
      { cmdline: 'rd.luks.options=5f0a1111-22=tpm2-device=auto,discard quiet' },
      ['5f0a1111-22 luks.options on the kernel command line'],
    ],
    [
      'the command line, for all',
      { cmdline: 'ro rd.luks.options=tpm2-device=auto' },
      ['a disk luks.options on the kernel command line'],
    ],
    ['the command line without it', { cmdline: 'ro rd.luks.options=discard' }, []],
    [
      'openSUSE’s fde-tools',
      { beside: '/boot/efi/EFI/opensuse/sealed.tpm\n' },
      ['the root disk fde-tools (/boot/efi/EFI/opensuse/sealed.tpm)'],
    ],
    [
      'sdbootutil',
      { beside: '/var/lib/systemd/pcrlock.json\n' },
      ['the root disk systemd-pcrlock (/var/lib/systemd/pcrlock.json)'],
    ],
  ])('%s', (_, out, found) => {
    expect(sealedDisks.parse({ ...NOTHING, ...out }).map(({ device, by }) => `${device} ${by}`)).toEqual(
      found,
    )
  })

  it('no output makes it throw', () => {
    parsesAnything(sealedDisks)
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing)('the disks below dm-crypt are asked, and no others', () => {
      const cryptsetup = `case $1 in
luksDump) echo 'LUKS header information'; case $2 in */dev/sda3) echo "${dump('systemd-tpm2', 'clevis').replaceAll('\n', '\\n')}" | sed 's/\\\\n/\\n/g';; esac;;
token) [ "$4" = 1 ] && echo '${clevis(TPM).slice(7)}';;
esac
echo "$*" >>"$VFIO_RUN_ROOT/asked"`
      const found = look(argv, cryptsetup, {
        'sys/block/dm-0/dm/uuid': 'CRYPT-LUKS2-5f0a-root\n',
        'sys/block/dm-0/slaves/sda3/dev': '8:3\n',
        'sys/block/dm-1/dm/uuid': 'LVM-abc\n',
        'sys/block/dm-1/slaves/dm-0/dev': '253:0\n',
        'etc/crypttab':
          '# root UUID=1 none tpm2-device=auto\nhome UUID=2 none luks,tpm2-device=auto\nswap /dev/sdb /dev/urandom swap\n',
        'proc/cmdline': 'ro quiet\n',
        'efi/EFI/opensuse/sealed.tpm': 'key',
      })
      expect(found.disks.map(({ device, by }) => `${device} ${by}`)).toEqual([
        '/dev/sda3 systemd-cryptenroll',
        '/dev/sda3 clevis',
        'home /etc/crypttab',
        'the root disk fde-tools (/efi/EFI/opensuse/sealed.tpm)',
      ])
      expect(found.asked).toBe(2)
    })
  })
})

function look(argv: readonly string[], cryptsetup: string, contents: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-sealed-'))
  try {
    const root = join(folder, 'root')
    for (const [path, content] of Object.entries({ asked: '', ...contents })) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
    }
    mkdirSync(join(folder, 'bin'))
    writeFileSync(join(folder, 'bin/cryptsetup'), `#!/bin/sh\n${cryptsetup}\n`)
    chmodSync(join(folder, 'bin/cryptsetup'), 0o755)
    const [program = '', ...args] = argv
    const read = (command: string) =>
      spawnSync(program, args, {
        input: hostScript('', command),
        env: { VFIO_RUN_ROOT: root, VFIO_RUN_PATH: `${folder}/bin:/usr/bin:/bin` },
        encoding: 'latin1',
        timeout: 30_000,
      }).stdout
    const { tokens, crypttab, cmdline, beside } = sealedDisks.commands
    const disks = sealedDisks.parse({
      tokens: read(tokens),
      crypttab: read(crypttab),
      cmdline: read(cmdline),
      beside: read(beside),
    })
    const asked = read('cat "$root/asked"').split('\n').filter(Boolean)
    return { disks, asked: asked.length }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
