import type { Cpu, Firmware, OsRelease } from '../host.ts'
import { splitArgs } from '../kernel_args.ts'
import { type Known, observed, unknown } from '../known.ts'
import { defineFact, linesOf } from './fact.ts'

/** Who looks, and at what: id(1), uname(1), boot_id (random(4)). */
export const system = defineFact({
  commands: {
    uid: 'id -u',
    hostname: 'uname -n',
    release: 'uname -r',
    arch: 'uname -m',
    boot_id: 'cat "$root/proc/sys/kernel/random/boot_id"',
  },
  parse: out => ({
    uid: Number.parseInt(out.uid, 10),
    hostname: out.hostname.trim(),
    kernel: known(out.release.trim(), 'uname -r said nothing'),
    arch: out.arch.trim(),
    bootId: known(
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.exec(out.boot_id.trim())?.[0] ?? '',
      'boot_id is not readable',
    ),
  }),
})

const known = (value: string, why: string): Known<string> => (value === '' ? unknown(why) : observed(value))

/** os-release(5). */
export const osRelease = defineFact({
  commands: { text: 'cat "$root/etc/os-release"' },
  parse({ text }): OsRelease {
    const fields = new Map(
      linesOf(text).map(line => [line.split('=', 1)[0] ?? '', unquote(line.slice(line.indexOf('=') + 1))]),
    )
    return {
      id: fields.get('ID') ?? '',
      idLike: (fields.get('ID_LIKE') ?? '').split(' ').filter(Boolean),
      version: fields.get('VERSION_ID') ?? '',
      name: fields.get('NAME') ?? '',
      fields: Object.fromEntries(fields),
    }
  },
})

const unquote = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/, '$2')

const CPU_FLAGS = ['vmx', 'svm', 'hypervisor']

/** The first processor of /proc/cpuinfo; arm64 has no vendor_id. */
export const cpu = defineFact({
  commands: {
    text: "sed -n -e '/^flags/{p;q;}' -e '/^vendor_id/p' -e '/^model name/p' \"$root/proc/cpuinfo\"",
  },
  parse({ text }): Cpu {
    const field = (name: string) =>
      linesOf(text)
        .find(line => line.startsWith(name))
        ?.split(':')
        .slice(1)
        .join(':')
        .trim() ?? ''
    const vendors: Readonly<Record<string, Cpu['vendor']>> = {
      GenuineIntel: 'intel',
      AuthenticAMD: 'amd',
      HygonGenuine: 'amd',
    }
    const flags = field('flags').split(/\s+/)
    return {
      vendor: vendors[field('vendor_id')] ?? 'other',
      model: field('model name'),
      flags: CPU_FLAGS.filter(flag => flags.includes(flag)),
    }
  },
})

/** UTF-16 behind four bytes of attributes (Boot Loader Interface); efivarfs cannot seek, which tail would. */
const loaderVariable = (name: string): string =>
  `f="$root/sys/firmware/efi/efivars/${name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"; [ -r "$f" ] && cat "$f" | tail -c +5 | tr -d "\\000"`

/** What ACPI and UEFI offer. */
export const firmware = defineFact({
  commands: {
    tables: 'for t in DMAR IVRS; do [ -e "$root/sys/firmware/acpi/tables/$t" ] && echo "$t"; done',
    uefi: '[ -d "$root/sys/firmware/efi" ] && echo uefi',
    variables: 'for f in "$root/sys/firmware/efi/efivars/"*; do [ -e "$f" ] && echo some; break; done',
    loader_info: loaderVariable('LoaderInfo'),
    stub_info: loaderVariable('StubInfo'),
    loader_default: loaderVariable('LoaderEntryDefault'),
    loader_one_shot: loaderVariable('LoaderEntryOneShot'),
    secure_boot:
      'f="$root/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"; [ -r "$f" ] && od -An -tu1 "$f"',
  },
  parse: (out): Firmware => ({
    uefi: out.uefi.trim() === 'uefi',
    // A value is proof enough: recordings may be older than the question.
    efiVariables: [out.variables, out.loader_info, out.secure_boot].some(text => text.trim() !== ''),
    tables: (['DMAR', 'IVRS'] as const).filter(table => linesOf(out.tables).includes(table)),
    loaderInfo: out.loader_info.trim() || undefined,
    stubInfo: out.stub_info.trim() || undefined,
    loaderEntries: { default: out.loader_default.trim(), oneShot: out.loader_one_shot.trim() },
    secureBoot: out.secure_boot.trim().split(/\s+/).at(-1) === '1',
  }),
})

export const cmdline = defineFact({
  commands: { text: 'cat "$root/proc/cmdline"' },
  parse: ({ text }): Known<readonly string[]> =>
    text.trim() === '' ? unknown('/proc/cmdline is not readable') : observed(splitArgs(text)),
})
