import { LOADER_MENUS } from '../backends/bootloaders/index.ts'
import { type Bytes, bytesFromBuffer } from './bytes.ts'
import { acsPatch } from './facts/acs_patch.ts'
import { ansible } from './facts/ansible.ts'
import type { Fact } from './facts/fact.ts'
import { files } from './facts/files.ts'
import { fqdn } from './facts/fqdn.ts'
import { framebuffers } from './facts/framebuffers.ts'
import { holders } from './facts/holders.ts'
import { images } from './facts/images.ts'
import { iommu } from './facts/iommu.ts'
import { journal } from './facts/journal.ts'
import { kernels } from './facts/kernels.ts'
import { enrolled } from './facts/limine.ts'
import { paths, tools } from './facts/loaders.ts'
import { log } from './facts/log.ts'
import { machine } from './facts/machine.ts'
import { mediatedParents } from './facts/mediated.ts'
import { network } from './facts/network.ts'
import { owners } from './facts/owners.ts'
import { managedBy, packagesNamed } from './facts/packages.ts'
import { driverModules, pci } from './facts/pci.ts'
import { pciNames } from './facts/pci_names.ts'
import { placesAt } from './facts/places.ts'
import { sealedDisks } from './facts/sealed_disks.ts'
import { mounts, storage } from './facts/storage.ts'
import { cmdline, cpu, firmware, osRelease, system } from './facts/system.ts'
import type { Host } from './host.ts'
import { type Known, unknown } from './known.ts'
import { hostScript } from './script.ts'

/** One script that prints every fact, and the reading of what it printed. */
export interface Gather {
  readonly script: string
  /** The same look as a piece of another script: functions first, then commands. */
  readonly body: { readonly functions: string; readonly commands: string }
  /** Throws FramesBroken when the output is not whole, FilesMoved when a file was written meanwhile. */
  parse(stdout: Buffer): Host
}

/** Shell that runs before the look: wait for udev after a boot, give the lock back. */
export interface Preliminaries {
  readonly functions: string
  readonly commands: string
}

/** Facts that take long on the host, and are only looked at where a task asks for them. */
export const EXTRAS = ['acsPatch', 'pciNames', 'fqdn'] as const
export type Extra = (typeof EXTRAS)[number]
const slowFacts = { acsPatch, pciNames, fqdn } satisfies Record<Extra, Fact<unknown>>

/** What only some tasks want to be looked at: paths of files, names of packages, facts that take long. */
export interface Requests {
  readonly files?: readonly string[]
  readonly packages?: readonly string[]
  readonly extras?: readonly Extra[]
}

export interface GatherOptions {
  readonly requests?: Requests
  readonly first?: Preliminaries | undefined
  readonly extras?: ReadonlySet<Extra>
}

/** `nonce`: random per script, so that nothing on the host can forge a frame. */
export function gather(
  nonce: string,
  {
    requests: { files: named = [], packages: wanted = [] } = {},
    first,
    extras = new Set(),
  }: GatherOptions = {},
): Gather {
  const places = placesAt(distinct(named))
  const packages = packagesNamed(distinct(wanted))
  const facts = {
    system,
    osRelease,
    cpu,
    machine,
    firmware,
    cmdline,
    pci,
    driverModules,
    iommu,
    kernels,
    holders,
    framebuffers,
    mediatedParents,
    owners,
    log,
    storage,
    mounts,
    network,
    tools,
    paths,
    enrolled,
    files,
    images,
    sealedDisks,
    journal,
    ansible,
  }
  const menus = Object.entries(LOADER_MENUS).map(([name, fact]) => [menuName(name), fact] as const)
  const asked = EXTRAS.filter(name => extras.has(name)).map(name => [name, slowFacts[name]] as const)
  const all: readonly (readonly [string, Fact<unknown>])[] = [
    ...Object.entries(facts),
    ...(named.length > 0 ? [['places', places] as const] : []),
    ['packages', packages],
    ...menus,
    ...asked,
  ]
  const readings = all.flatMap(([name, fact]) =>
    Object.entries(fact.commands).map(([reading, command]) => ({ name: `${name}.${reading}`, command })),
  )
  const functions = `${all.flatMap(([, fact]) => fact.functions ?? []).join('\n')}
frame() { printf '%s %s %s\\n%s\\n' '@${nonce}' "$1" "\${#2}" "$2"; }
${readings.map(({ command }, i) => `look_${i}() {\n${command}\n}`).join('\n')}`
  // `echo .` keeps the newlines at the end, which command substitution would drop.
  const commands = `${readings.map(({ name }, i) => `o=$(look_${i} 2>/dev/null; echo .) || :; frame ${name} "\${o%.}"`).join('\n')}
frame end ''`
  return {
    script:
      first === undefined
        ? hostScript(functions, commands)
        : hostScript(`${first.functions}\n${functions}`, `${first.commands}\n${commands}`),
    body: { functions, commands },
    parse(stdout) {
      const frames = readFrames(nonce, bytesFromBuffer(stdout))
      const read = <T, R extends string>(name: string, fact: Fact<T, R>): T => {
        const own = Object.keys(fact.commands).map(reading => [
          reading,
          frames.get(`${name}.${reading}`) ?? '',
        ])
        return fact.parse(Object.fromEntries(own) as Record<R, Bytes>)
      }
      const readExtra = <T, R extends string>(name: Extra, fact: Fact<Known<T>, R>): Known<T> =>
        [...frames.keys()].some(frame => frame.startsWith(`${name}.`))
          ? read(name, fact)
          : unknown('it takes long to find out, and no task asks for it')
      const os = read('osRelease', facts.osRelease)
      const found = read('places', places)
      return {
        ...read('system', facts.system),
        os,
        cpu: read('cpu', facts.cpu),
        firmware: read('firmware', facts.firmware),
        cmdline: read('cmdline', facts.cmdline),
        machine: read('machine', facts.machine),
        holders: read('holders', facts.holders),
        framebuffers: read('framebuffers', facts.framebuffers),
        mediatedParents: read('mediatedParents', facts.mediatedParents),
        owners: read('owners', facts.owners),
        acsPatch: readExtra('acsPatch', slowFacts.acsPatch),
        pciNames: readExtra('pciNames', slowFacts.pciNames),
        devices: read('pci', facts.pci),
        driverModules: read('driverModules', facts.driverModules),
        iommu: read('iommu', facts.iommu),
        kernels: read('kernels', facts.kernels),
        log: read('log', facts.log),
        storage: read('storage', facts.storage),
        mounts: read('mounts', facts.mounts),
        network: read('network', facts.network),
        tools: read('tools', facts.tools),
        paths: read('paths', facts.paths),
        enrolled: read('enrolled', facts.enrolled),
        files: { ...found.files, ...read('files', facts.files) },
        places: found.places,
        ...managedBy(os, read('packages', packages)),
        menus: Object.fromEntries(
          Object.entries(LOADER_MENUS).map(([name, fact]) => [name, read(menuName(name), fact)]),
        ),
        images: read('images', facts.images),
        sealedDisks: read('sealedDisks', facts.sealedDisks),
        journal: read('journal', facts.journal),
        ansible: read('ansible', facts.ansible),
        fqdn: readExtra('fqdn', slowFacts.fqdn),
      }
    },
  }
}

const distinct = (names: readonly string[]): readonly string[] => [...new Set(names)]

/** Frame names have no blanks; loaders' names may. */
const menuName = (loader: string): string => `menu:${loader.replaceAll(' ', '_')}`

/** The output of a look was cut or mangled on the way. */
export class FramesBroken extends Error {
  override readonly name = 'FramesBroken'
}

/** `@NONCE NAME LENGTH`, a newline, LENGTH bytes, a newline; anything between frames is noise of the login. */
export function readFrames(nonce: string, stdout: Bytes): Map<string, Bytes> {
  const frames = new Map<string, Bytes>()
  const header = new RegExp(`^@${nonce} (\\S+) (\\d+)$`, 'gm')
  for (let match = header.exec(stdout); match !== null; match = header.exec(stdout)) {
    const start = match.index + match[0].length + 1
    const end = start + Number(match[2])
    if (end > stdout.length) throw new FramesBroken(`the frame ${match[1]} is cut`)
    frames.set(match[1] ?? '', stdout.slice(start, end))
    header.lastIndex = end
  }
  if (!frames.has('end')) throw new FramesBroken('the look at the host did not come to its end')
  return frames
}
