import { cardMates } from '../../host/cards.ts'
import type { Bar, Host, PciDevice } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { describe, idOf, isDisplay, isVfioDriver, shortAddress } from '../../host/pci.ts'
import type { Finding } from '../finding.ts'
import { quoted } from '../messages/said.ts'
import { messagesOf } from '../messages.ts'
import { resetEvidence, resetTrouble } from '../reset.ts'

/** Graphics cards and accelerators: what they are, and what people stumble over with cards of their make. */
export const gpuFindings = (host: Host, devices: readonly PciDevice[]): Finding[] => [
  ...devices.filter(isGpu).flatMap(gpu => CHECKS.flatMap(check => check(host, gpu))),
  ...error43(devices),
]

export const isGpu = (device: PciDevice): boolean => isDisplay(device) || device.class.startsWith('12')

type Check = (host: Host, gpu: PciDevice) => Finding[]

const identity: Check = (host, gpu) => {
  const name = ifKnown(host.pciNames)?.[idOf(gpu)]
  const driver = ifKnown(gpu.driver)
  const mates = cardMates(host, gpu).map(describe)
  return [
    {
      stage: 'driver',
      severity: 'ok',
      what: [
        `${describe(gpu)}${name === undefined ? '' : ` ${name}`}`,
        ...(driver === undefined ? [] : [driver === '' ? 'without a driver' : `on ${driver}`]),
        ...(mates.length === 0 ? [] : [`on one card with ${mates.join(', ')}`]),
      ].join(', '),
      evidence: `/sys/bus/pci/devices/${gpu.address}`,
      next: '',
    },
  ]
}

/** Boards of servers: made for the host, and of no use to a guest. */
const MANAGEMENT_DISPLAYS: Readonly<Record<string, string>> = { '1a03': 'ASPEED', '102b': 'Matrox' }

export const isManagementDisplay = (device: PciDevice): boolean =>
  isDisplay(device) && MANAGEMENT_DISPLAYS[device.vendor] !== undefined

const managementDisplay: Check = (_, gpu) =>
  !isManagementDisplay(gpu)
    ? []
    : [
        {
          stage: 'usable',
          severity: 'ok',
          what: `${describe(gpu)} is the board's management display, which serves the host well`,
          evidence: `its vendor is ${MANAGEMENT_DISPLAYS[gpu.vendor]}`,
          next: '',
        },
      ]

/** drivers/firmware/sysfb.c hands the firmware's framebuffer to efifb, vesafb or simpledrm, which keep its memory. */
const bootFramebuffer: Check = (host, gpu) => {
  const framebuffer = host.framebuffers.find(({ device }) => device === gpu.address)
  if (framebuffer === undefined) return []
  const refused = messagesOf(host).heldBars.find(({ value }) => value.device === gpu.address)
  const evidence = refused ? quoted(refused.line) : `/proc/iomem: ${framebuffer.name} within its memory`
  const what = `the boot framebuffer (${framebuffer.name}) lies in the memory of ${describe(gpu)}`
  if (refused === undefined && !isVfioDriver(ifKnown(gpu.driver) ?? ''))
    return [
      {
        stage: 'usable',
        severity: 'note',
        what,
        evidence,
        next: 'firmware that starts with another card avoids it; vfio-pci of newer kernels takes it over',
      },
    ]
  return [
    {
      stage: 'usable',
      severity: 'warning',
      what: `${what}: a guest may not get it`,
      evidence,
      next: 'let firmware start with another card, or boot a newer kernel, whose vfio-pci takes the framebuffer over',
    },
  ]
}

const MIB = 2 ** 20
/** What a BAR has without Resizable BAR; firmware of guests maps larger ones above 4 GiB or not at all. */
const CLASSIC_BAR = 256 * MIB

const bars: Check = (_, gpu) => {
  const largest = gpu.bars.reduce<Bar | undefined>(
    (most, bar) => (bar.size > (most?.size ?? 0) ? bar : most),
    undefined,
  )
  if (largest === undefined || largest.size <= CLASSIC_BAR) return []
  return [
    {
      stage: 'usable',
      severity: 'note',
      what: `${describe(gpu)} has a BAR of ${sizeOf(largest.size)}: a guest maps it above 4 GiB`,
      evidence: `/sys/bus/pci/devices/${gpu.address}/resource, BAR ${largest.index}`,
      next: 'boot the guest by UEFI (OVMF), with the host’s address width (-cpu host,host-phys-bits=on)',
    },
  ]
}

const sizeOf = (bytes: number): string =>
  bytes >= 1024 * MIB ? `${bytes / (1024 * MIB)} GiB` : `${bytes / MIB} MiB`

/** The processor's own graphics sit on bus 0 (Intel) or share a slot with the platform's security processor (AMD). */
const ownGraphics: Check = (host, gpu) => {
  const intel = gpu.vendor === '8086' && gpu.address === '0000:00:02.0'
  const amd =
    gpu.vendor === '1002' &&
    host.devices.some(other => other.class.startsWith('1080') && sameSlot(other, gpu))
  if (!intel && !amd) return []
  return [
    {
      stage: 'usable',
      severity: 'note',
      what: `${describe(gpu)} is the processor's own graphics, which are harder to give away than a card`,
      evidence: intel ? 'it is at 00:02.0' : 'its slot holds the platform security processor, too',
      next: intel
        ? 'QEMU’s docs/igd-assign.txt says what a guest needs for it'
        : 'only its own functions go to a guest: USB and sound of that slot are the host’s',
    },
  ]
}

function reset(host: Host, gpu: PciDevice): Finding[] {
  const trouble = resetTrouble(host, gpu)
  if (trouble !== undefined) return [trouble]
  if (gpu.resetMethods === undefined) return []
  const what = `${describe(gpu)} can be reset (${gpu.resetMethods.join(', ')})`
  return [{ stage: 'usable', severity: 'ok', what, evidence: resetEvidence(gpu), next: '' }]
}

const sameSlot = (one: PciDevice, other: PciDevice): boolean =>
  one.address.slice(0, -2) === other.address.slice(0, -2)

const CHECKS: readonly Check[] = [identity, managementDisplay, bootFramebuffer, reset, bars, ownGraphics]

/** NVIDIA's release notes of the 465 branch (2021): GeForce in a virtual machine is supported from there on. */
function error43(devices: readonly PciDevice[]): Finding[] {
  const cards = devices.filter(device => isGpu(device) && device.vendor === '10de')
  const [first] = cards
  if (first === undefined) return []
  return [
    {
      stage: 'usable',
      severity: 'note',
      what: `NVIDIA (${cards.map(({ address }) => shortAddress(address)).join(', ')}): "error 43" in Windows guests is history since driver 465 (2021)`,
      evidence: `/sys/bus/pci/devices/${first.address}/vendor is 0x10de`,
      next: 'only older drivers need KVM hidden from the guest',
    },
  ]
}
