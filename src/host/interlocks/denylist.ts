import type { Host } from '../host.ts'
import { kernelArgs } from '../kernel_args.ts'
import { ifKnown } from '../known.ts'
import { modprobeDirectives, moduleName } from '../modprobe.ts'
import { idOf } from '../pci.ts'
import type { Interlock } from './loss.ts'

/** Accelerators with errata that let a guest hang the machine: vfio-pci's own list (drivers/vfio/pci/vfio_pci.c). */
export const denylist: Interlock = {
  lock: undefined,
  provided: '',
  about: 'taking',
  lostWithDriver: false,
  find(host, device) {
    const name = DENIED[idOf(device)]
    return name === undefined || isDisabled(host)
      ? undefined
      : {
          what: `is ${name}, which vfio-pci itself refuses: a guest could hang the host with it`,
          instead:
            'choose another device; the kernel takes it only with vfio-pci.disable_denylist=1, which is yours to set',
        }
  },
}

/** vfio_pci_dev_in_denylist(): QAT since 5.9, DSA and IAX since 6.9 and in the stable kernels of May 2024. */
const DENIED: Readonly<Record<string, string>> = {
  '8086:0435': 'an Intel QAT DH895xCC',
  '8086:0443': 'a virtual function of an Intel QAT DH895xCC',
  '8086:37c8': 'an Intel QAT C62x',
  '8086:37c9': 'a virtual function of an Intel QAT C62x',
  '8086:19e2': 'an Intel QAT C3xxx',
  '8086:19e3': 'a virtual function of an Intel QAT C3xxx',
  '8086:0b25': 'an Intel Data Streaming Accelerator (DSA)',
  '8086:0cfe': 'an Intel In-Memory Analytics Accelerator (IAX)',
}

/** The user has asked for it, in either place that the module reads its parameters from. */
function isDisabled(host: Host): boolean {
  const onLine = kernelArgs(ifKnown(host.cmdline) ?? [])
    .filter(token => OURS.test(token))
    .map(token => token.replace(OURS, ''))
  const inFiles = modprobeDirectives(host)
    .filter(({ word, rest }) => word === 'options' && moduleName(rest[0] ?? '') === 'vfio_pci')
    .flatMap(({ rest }) => rest.slice(1))
  return [...inFiles, ...onLine].some(parameter => IS_ON.test(parameter))
}

const OURS = /^vfio[-_]pci\./

/** A boolean parameter is on without a value too (kernel/params.c, param_set_bool()). */
const IS_ON = /^disable_denylist(=([1yY].*|on))?$/
