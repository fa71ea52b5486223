import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Change } from '../../src/host/change.ts'
import { gather } from '../../src/host/gather.ts'
import { type ApplyOptions, applyScript } from '../../src/runner/host_scripts/apply.ts'
import type { Plan } from '../../src/runner/plan.ts'
import { recordedHost } from '../hosts/index.ts'
import { FakeKernel, type Moods } from './fake_kernel.ts'
import { framesOf, MachineTree } from './machine_tree.ts'
import { isInstalled, SHELLS } from './shells.ts'

/** The real apply script under real shells, over a folder in which a process plays the kernel. */
const BOOT = 'e0c1b2a3-0000-4000-8000-000000000001\n'
const NONCE = '0123456789abcdef'
const OPTIONS: ApplyOptions = {
  nonce: NONCE,
  run: 'run1',
  segment: 1,
  lockFor: 600,
  who: 'me@here',
  release: true,
}
const look = gather(NONCE)
const host = recordedHost('debian12-intel')

const CARD = '0000:02:00.0'
const PCI = '/sys/bus/pci'
const AUDIO = '0000:02:00.1'
const DEVICES = [
  { address: CARD, id: '10de:13c2', driver: 'nouveau' },
  { address: AUDIO, id: '10de:0fbb', driver: 'snd_hda_intel' },
]

type Bind = Extract<Change, { kind: 'bind' }>
const bind = (address: string, differing: Partial<Bind> = {}): Bind => {
  const device = DEVICES.find(one => one.address === address)
  return {
    kind: 'bind',
    address,
    id: device?.id ?? '',
    from: device?.driver ?? '',
    to: 'vfio-pci',
    timeout: 1,
    ...differing,
  }
}
const BOTH = [bind(AUDIO), bind(CARD)]
const FAILS: Change = { kind: 'run', argv: ['false'], reason: 'a later step', edits: [] }

const planOf = (changes: readonly Change[]): Plan => ({
  outcomes: [],
  changes,
  rebuilds: [],
  keeps: [],
  restoredBy: [],
  predicted: host,
})

interface Bound extends Disposable {
  readonly kernel: FakeKernel
  readonly tree: MachineTree
  run(changes: readonly Change[]): { last: string; said: string[] }
}

function machine(argv: readonly string[], moods: Moods = {}): Bound {
  const tree = new MachineTree(host, argv)
  const kernel = new FakeKernel(tree.root, DEVICES, moods)
  let segment = 0
  kernel.load('vfio-pci')
  tree.write('/proc/sys/kernel/random/boot_id', BOOT)
  // Not this machine's own.
  tree.replaceProgram('modprobe', 'exit 0')
  return {
    kernel,
    tree,
    run(changes) {
      const blind = { ...look, body: { ...look.body, commands: '' } }
      const { stdout } = tree.run(applyScript(planOf(changes), blind, { ...OPTIONS, segment: ++segment }))
      const frames = framesOf(NONCE, stdout)
      const last = frames.at(-1)
      return {
        last: `${last?.name} ${last?.body}`,
        said: frames.slice(0, -1).map(({ name, body }) => `${name} ${body}`),
      }
    },
    [Symbol.dispose]() {
      kernel[Symbol.dispose]()
      tree[Symbol.dispose]()
    },
  }
}

const shells = SHELLS.map(shell => ({
  ...shell,
  skip: isInstalled(shell) ? '' : ` (${shell.argv[0]} is not installed)`,
}))

describe.each(shells.map(shell => [`under ${shell.name}${shell.skip}`, shell] as const))(
  'binding %s',
  (_, { argv, skip }) => {
    const test = it.skipIf(skip !== '')

    test('moves each device in its order, and says where it is', () => {
      using on = machine(argv)
      const { last, said } = on.run(BOTH)
      expect(last).toBe('ok ')
      expect(said.filter(line => /^(run|line) 0000/.test(line))).toEqual([
        `run ${AUDIO}: snd_hda_intel -> vfio-pci`,
        `line ${AUDIO} is on vfio-pci`,
        `run ${CARD}: nouveau -> vfio-pci`,
        `line ${CARD} is on vfio-pci`,
      ])
      expect(on.kernel.log()).toEqual([
        `unbind snd_hda_intel ${AUDIO}`,
        `probe ${AUDIO}`,
        `unbind nouveau ${CARD}`,
        `probe ${CARD}`,
      ])
      expect([on.kernel.driverOf(CARD), on.kernel.driverOf(AUDIO)]).toEqual(['vfio-pci', 'vfio-pci'])
      expect(on.kernel.overrideOf(CARD)).toBe('vfio-pci')
    })

    test('and back, where the kernel chooses once the override is gone', () => {
      using on = machine(argv)
      on.run(BOTH)
      const back = [CARD, AUDIO].map(address => bind(address, { from: 'vfio-pci', to: '' }))
      expect(on.run(back).last).toBe('ok ')
      expect([on.kernel.driverOf(CARD), on.kernel.driverOf(AUDIO)]).toEqual(['nouveau', 'snd_hda_intel'])
      expect(on.kernel.overrideOf(CARD)).toBe('')
    })

    test('takes what has no driver', () => {
      using on = machine(argv)
      on.kernel.move(CARD, '')
      expect(on.run([bind(CARD, { from: '' })]).last).toBe('ok ')
      expect(on.kernel.log()).toEqual([`probe ${CARD}`])
    })

    test('has nothing to do where the module that was loaded for it has taken it by its id', () => {
      using on = machine(argv)
      on.kernel.move(CARD, '')
      on.tree.replaceProgram(
        'modprobe',
        `ln -s '${on.tree.at(PCI)}/drivers/vfio-pci' '${on.tree.at(PCI)}/devices/${CARD}/driver'`,
      )
      const load: Change = { kind: 'run', argv: ['modprobe', 'vfio-pci'], reason: 'not loaded', edits: [] }
      expect(on.run([load, bind(CARD, { from: '' })]).last).toBe('ok ')
      expect([on.kernel.log(), on.kernel.driverOf(CARD)]).toEqual([[], 'vfio-pci'])
    })

    test('leaves the override at what the change says', () => {
      using on = machine(argv)
      expect(on.run([bind(CARD, { override: '' })]).last).toBe('ok ')
      expect([on.kernel.driverOf(CARD), on.kernel.overrideOf(CARD)]).toEqual(['vfio-pci', ''])
    })

    test.each<[string, (kernel: FakeKernel) => void, string]>([
      [
        'another device is at the address',
        kernel => kernel.write(CARD, 'device', '0x1b80\n'),
        `${CARD} is 10de:1b80 now and was 10de:13c2 when it was looked at: addresses have moved; it is not touched`,
      ],
      [
        'there is none any more',
        kernel => kernel.remove(CARD),
        `there is no device ${CARD} any more: nothing is bound`,
      ],
      [
        'somebody else has bound it',
        kernel => kernel.move(CARD, 'vfio-pci'),
        `${CARD} is on vfio-pci now and was on nouveau when it was looked at: somebody else binds it; it is not touched`,
      ],
    ])('touches nothing where %s', (_, meanwhile, why) => {
      using on = machine(argv)
      meanwhile(on.kernel)
      const { last, said } = on.run(BOTH)
      expect([last, said]).toEqual([`failed ${why}`, []])
      expect(on.kernel.log()).toEqual([])
      expect(on.tree.read('/var/lib/vfio-run/lock')).toBe('')
    })

    test('ends when the kernel does not come back from unbinding, and gives back what was moved before', () => {
      using on = machine(argv, { hangs: ['nouveau'] })
      const { last, said } = on.run(BOTH)
      expect(last).toBe(
        `failed nouveau has not let go of ${CARD} within 1 s, and hangs in the kernel: nothing but a reboot clears that (journalctl -k may say what it waits for)`,
      )
      expect(said.filter(line => /^(rebound|unrestored)/.test(line))).toEqual([
        `unrestored ${CARD} on nouveau (it hangs in the kernel: reboot)`,
        `rebound ${AUDIO}`,
      ])
      expect([on.kernel.driverOf(AUDIO), on.kernel.overrideOf(AUDIO)]).toEqual(['snd_hda_intel', ''])
      expect(on.tree.read('/var/lib/vfio-run/hung')).toBe(BOOT)
      expect(on.tree.read('/var/lib/vfio-run/lock')).toBe('')
    })

    test('ends when the kernel does not come back from probing', () => {
      using on = machine(argv, { probeHangs: true })
      expect(on.run([bind(CARD)]).last).toBe(
        `failed vfio-pci has not taken ${CARD} within 1 s, and hangs in the kernel: nothing but a reboot clears that (journalctl -k may say what it waits for)`,
      )
    })

    test('gives everything back, the last first, where a later step fails', () => {
      using on = machine(argv)
      const { last, said } = on.run([...BOTH, FAILS])
      expect(last).toBe('failed false failed with exit code 1')
      expect(said.filter(line => line.startsWith('rebound'))).toEqual([`rebound ${CARD}`, `rebound ${AUDIO}`])
      expect([on.kernel.driverOf(CARD), on.kernel.driverOf(AUDIO)]).toEqual(['nouveau', 'snd_hda_intel'])
      expect(on.kernel.overrideOf(CARD)).toBe('')
    })

    test('says so where the driver does not take it, and gives it back', () => {
      using on = machine(argv, { refuses: ['vfio-pci'] })
      on.tree.replaceProgram('dmesg', `echo 'vfio-pci: probe of ${CARD} failed with error -22'`)
      expect(on.run([bind(CARD)]).last).toBe(
        `failed vfio-pci did not take ${CARD}: vfio-pci: probe of ${CARD} failed with error -22`,
      )
      expect(on.kernel.driverOf(CARD)).toBe('nouveau')
    })

    test('says so where a driver keeps what it has', () => {
      using on = machine(argv, { keeps: ['nouveau'] })
      expect(on.run([bind(CARD)]).last).toBe(`failed nouveau does not let go of ${CARD}: it is still there`)
      expect(on.kernel.overrideOf(CARD)).toBe('')
    })

    test.each([
      ['has hung in this boot', BOOT, ''],
      ['has hung in another', 'another\n', 'vfio-pci'],
    ])('a look at what is read under the lock of a device is left out where a driver %s', (_, hung, seen) => {
      using on = machine(argv)
      on.run([bind(CARD)])
      on.tree.write('/var/lib/vfio-run/hung', hung)
      const { devices } = look.parse(on.tree.run(look.script).stdout)
      expect(devices.find(({ address }) => address === CARD)).toMatchObject({
        vendor: '10de',
        driver: { value: 'vfio-pci' },
        driverOverride: seen,
      })
    })

    test('leaves nothing of its own behind in the journal', () => {
      using on = machine(argv)
      on.run(BOTH)
      for (const name of ['told', 'refused'])
        expect(existsSync(on.tree.at(`/var/lib/vfio-run/runs/run1.1/${name}`))).toBe(false)
    })
  },
)
