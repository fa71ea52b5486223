import type { DefaultIpv4 } from '../../host/ansible_evidence.ts'
import type { Host } from '../../host/host.ts'
import { type Known, observed } from '../../host/known.ts'
import { FactsNeeded } from '../facts_on_demand.ts'
import { UnknownYet } from '../live_variables.ts'
import { type FACT_NAMES, lazily } from '../playbook/variables.ts'
import type { Scope, Value } from '../template/template.ts'
import { type Distribution, distributionOf, toldByOsRelease } from './ansible_facts/distribution.ts'
import { packageManagerOf } from './ansible_facts/package_manager.ts'
import { processorsOf } from './ansible_facts/processors.ts'
import { serviceManagerOf } from './ansible_facts/service_manager.ts'
import { virtualizationOf } from './ansible_facts/virtualization.ts'

export interface FactOptions {
  /** What is not known is left out, as it is where Ansible cannot tell; else reading it throws UnknownYet. */
  readonly leavesOutUnknown?: boolean
  /** The name with its domain was not looked for yet: reading it throws FactsNeeded. */
  readonly canAskForFqdn?: boolean
}

/** The subset of Ansible's facts that expressions may read, under Ansible's names and with its values. */
export function ansibleFacts(
  host: Host,
  { leavesOutUnknown = false, canAskForFqdn = false }: FactOptions = {},
): Scope {
  const makers = new Map<string, () => Value>()
  for (const [name, known] of Object.entries(factsOf(host))) {
    const mayCome = canAskForFqdn && NAMES_OF_THE_NETWORK.has(name)
    if (known.is !== 'unknown') {
      const { value } = known
      if (value !== undefined) makers.set(name, () => value)
    } else if (mayCome || !leavesOutUnknown) {
      makers.set(name, () => {
        throw mayCome ? new FactsNeeded(['fqdn']) : new UnknownYet(`${name} is not known: ${known.why}`)
      })
    }
  }
  return lazily(makers)
}

const NAMES_OF_THE_NETWORK: ReadonlySet<string> = new Set(['fqdn', 'domain'])

/** A value of undefined: this host does not have that fact. */
type Facts = Readonly<Record<(typeof FACT_NAMES)[number], Known<Value | undefined>>>

function factsOf(host: Host): Facts {
  const known = KNOWN.get(host)
  if (known !== undefined) return known
  const facts = readFacts(host)
  KNOWN.set(host, facts)
  return facts
}

/** A host is immutable, and every expression of its tasks may read them. */
const KNOWN = new WeakMap<Host, Facts>()

function readFacts(host: Host): Facts {
  const { os, ansible, hostname } = host
  const distribution = made(ansible, ({ releases }) => distributionOf(os, releases))
  const processors = made(ansible, evidence => processorsOf(host, evidence))
  const virtualization = made(ansible, evidence => virtualizationOf(host, evidence))
  const memory = ansible.is === 'unknown' ? ansible : ansible.value.memory
  const ipv4 = ansible.is === 'unknown' ? ansible : ansible.value.ipv4
  return {
    ...distributionFacts(distribution),
    // What was seen by a version that did not look for all of it, as far as os-release alone tells it.
    ...(distribution.is === 'unknown' && toldByOsRelease(os)),
    kernel: host.kernel,
    // Of the 32-bit ones there is one name (module_utils/facts/system/platform.py).
    architecture: observed(/i(?:[3456]86|86pc)/.test(host.arch) ? 'i386' : host.arch),
    machine: observed(host.arch),
    system: observed('Linux'),
    hostname: observed(hostname.split('.')[0] ?? ''),
    nodename: observed(hostname),
    fqdn: host.fqdn,
    domain: made(host.fqdn, name => name.split('.').slice(1).join('.')),
    processor: made(processors, told => told?.processor),
    processor_vcpus: made(processors, told => told?.vcpus),
    processor_count: made(processors, told => told?.count),
    processor_cores: made(processors, told => told?.cores),
    processor_threads_per_core: made(processors, told => told?.threads),
    memtotal_mb: made(memory, kibibytes => kibibytes && Math.floor(kibibytes / 1024)),
    default_ipv4: made(ipv4, ipv4Of),
    pkg_mgr: made(ansible, ({ there }) =>
      distribution.is === 'unknown' ? undefined : packageManagerOf(there, distribution.value),
    ),
    service_mgr: made(ansible, serviceManagerOf),
    virtualization_type: made(virtualization, ({ type }) => type),
    virtualization_role: made(virtualization, ({ role }) => role),
    user_id: made(ansible, ({ user }) => user || undefined),
    user_uid: observed(host.uid),
  }
}

const distributionFacts = (known: Known<Distribution>) => ({
  distribution: made(known, ({ name }) => name),
  distribution_version: made(known, ({ version }) => version),
  distribution_major_version: made(known, ({ majorVersion }) => majorVersion),
  distribution_release: made(known, ({ release }) => release),
  os_family: made(known, ({ family }) => family),
})

/** Where there is no way out it is empty (module_utils/facts/network/linux.py). */
const ipv4Of = (told: DefaultIpv4 | undefined): Value =>
  Object.fromEntries(Object.entries(told ?? {}).filter(([, value]) => value !== undefined))

const made = <T, U>(known: Known<T>, make: (value: T) => U): Known<U> =>
  known.is === 'unknown' ? known : { is: known.is, value: make(known.value) }
