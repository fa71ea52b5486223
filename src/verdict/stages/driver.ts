import type { PciDevice } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { describe, idOf, isBridge } from '../../host/pci.ts'
import type { Finding } from '../finding.ts'
import { quoted } from '../messages/said.ts'
import { causeOf, ownerOf } from './driver_causes.ts'
import {
  findingsOf,
  isReady,
  type Judge,
  judged,
  type Subject,
  type Untold,
  untold,
  withoutDevices,
} from './stage.ts'

const say = findingsOf('driver')

/** Whether each chosen device is on vfio-pci now, by its driver link; where it is not, why not. */
export const driver: Judge = subject => {
  const { chosen } = subject
  if (chosen.length === 0) return { ...withoutDevices('driver'), findings: bridgesClaimed(subject) }
  const found = [
    ...chosen.flatMap(device => troubleOf(subject, device)),
    ...bridgesClaimed(subject),
    ...rivals(subject),
  ]
  return judged('driver', subject, found, {
    says: chosen.map(device => `${describe(device)} on ${driverOf(device)}`).join(', '),
    evidence: chosen.map(({ address }) => `/sys/bus/pci/devices/${address}/driver`).join(', '),
  })
}

const driverOf = (device: PciDevice): string => ifKnown(device.driver) || 'no driver'

function troubleOf(subject: Subject, device: PciDevice): (Finding | Untold)[] {
  if (isReady(device)) return []
  if (device.driver.is === 'unknown') return [untold(`${describe(device)}: ${device.driver.why}`)]
  const is = `${describe(device)} is on ${driverOf(device)}, not on vfio-pci`
  if (device.driver.is === 'predicted') return [untold(is)]
  const { because, evidence, next } = causeOf(subject, device)
  return [say.problem(because === '' ? is : `${is}: ${because}`, evidence, next)]
}

/** Somebody gave vfio-pci the id of a port: it takes the bus from the devices behind it. */
const bridgesClaimed = ({ host, messages }: Subject): Finding[] =>
  host.devices
    .filter(isBridge)
    .flatMap(bridge => {
      const registered = messages?.registeredIds.find(({ value }) => value === idOf(bridge))
      return registered === undefined ? [] : [{ bridge, line: registered.line }]
    })
    .filter(({ bridge }, i, all) => all.findIndex(one => idOf(one.bridge) === idOf(bridge)) === i)
    .map(({ bridge, line }) =>
      say.warning(
        `vfio-pci was given the id of ${describe(bridge)}, which belongs to the bus`,
        quoted(line),
        `take ${idOf(bridge)} out of vfio-pci.ids and of modprobe.d`,
      ),
    )

/** Who else may move a device that is ready now. */
const rivals = ({ host, chosen }: Subject): Finding[] =>
  chosen.filter(isReady).flatMap(device => {
    const owner = ownerOf(host, device)
    return owner === undefined
      ? []
      : [
          say.note(
            `${owner.owner} has a say in ${describe(device)} too`,
            owner.evidence,
            'let one of the two do it',
          ),
        ]
  })
