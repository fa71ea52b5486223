import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { BOOSTER_FILE, booster } from '../../../src/backends/initramfs/booster.ts'
import { applyChanges } from '../../../src/host/change.ts'
import { sha256 } from '../../../src/host/digest.ts'
import { boosterOptionsPath } from '../../../src/host/facts/images.ts'
import type { Host, Image } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withFiles, withKernel } from '../../builders.ts'

const { images } = booster
const MODULES = ['vfio', 'vfio_pci']
const PATH = '/boot/booster-linux.img'
const image: Image = {
  path: PATH,
  release: '6.1.0-56-amd64',
  madeBy: 'booster',
  modules: [],
  loads: [],
  files: {},
}
const aBoosterHost = (text: string, more: Readonly<Record<string, string>> = {}): Host =>
  withFiles(aHost({ tools: ['booster'], files: {}, images: { [PATH]: observed(image) } }), {
    [BOOSTER_FILE]: text,
    ...more,
  })

function edited(host: Host, edit: { add?: readonly string[]; remove?: readonly string[] }): Host {
  const changes = booster.edit(host, { add: [], remove: [], ...edit })
  if (isRefusal(changes)) throw new Error(changes.why)
  return applyChanges(host, changes)
}
const textOf = (host: Host) => host.files[BOOSTER_FILE]?.bytes ?? ''

describe('the list of modules', () => {
  it.each([
    ['starts a file', '', 'modules_force_load: vfio,vfio_pci\n'],
    [
      'is added to others',
      '# mine\nuniversal: false\n',
      '# mine\nuniversal: false\nmodules_force_load: vfio,vfio_pci\n',
    ],
    [
      'goes on with the one that is there',
      'modules_force_load: nvme,vfio # early\n\nstrip:   true\n',
      'modules_force_load: nvme,vfio,vfio_pci # early\n\nstrip:   true\n',
    ],
    ['keeps its blanks', 'modules_force_load: nvme, vfio\n', 'modules_force_load: nvme, vfio, vfio_pci\n'],
    ['keeps its quotes', "modules_force_load: 'nvme'\n", "modules_force_load: 'nvme,vfio,vfio_pci'\n"],
    ['fills an empty one', 'modules_force_load:\n', 'modules_force_load: vfio,vfio_pci\n'],
    ['fills empty quotes', 'modules_force_load: ""\n', 'modules_force_load: "vfio,vfio_pci"\n'],
    ['adds a newline', 'strip: true', 'strip: true\nmodules_force_load: vfio,vfio_pci\n'],
    [
      'writes names as booster knows them, and none that is not there',
      'modules_force_load: vfio-pci,vfio,vfio_gone\n',
      'modules_force_load: vfio,vfio_pci\n',
    ],
    [
      'is left alone where it holds all',
      'modules_force_load: vfio_pci,vfio\n',
      'modules_force_load: vfio_pci,vfio\n',
    ],
  ])('%s', (_, before, after) => {
    const host = edited(aBoosterHost(before), { add: MODULES })
    expect(textOf(host)).toBe(after)
    expect(edited(host, { add: MODULES })).toEqual(host)
    expect(parse(after)).toMatchObject({ modules_force_load: expect.stringContaining('vfio_pci') })
    expect(booster.listed(host)).toEqual(expect.arrayContaining(MODULES))
  })

  it.each([
    '',
    '# mine\nuniversal: false\n',
    'modules_force_load: nvme # early\n',
    'modules_force_load: "a, b"\n',
  ])('comes and goes: %j', text => {
    const host = aBoosterHost(text)
    expect(edited(edited(host, { add: MODULES }), { remove: MODULES })).toEqual(host)
  })

  it.each<[string, string, string]>([
    ['a key in quotes', '"modules_force_load": vfio\nstrip: true\n', 'strip: true\n'],
    ['one of several names', 'modules_force_load: "nvme, vfio"\n', 'modules_force_load: "nvme"\n'],
  ])('goes away again: %s', (_, text, after) => {
    expect(textOf(edited(aBoosterHost(text), { remove: MODULES }))).toBe(after)
  })

  it('is refused where taking a name away would leave it there', () => {
    const host = aBoosterHost('{modules_force_load: vfio}\n')
    expect(booster.edit(host, { add: [], remove: MODULES })).toMatchObject({
      why: `${BOOSTER_FILE} is written in a way in which modules_force_load cannot be set safely`,
    })
  })

  it.each<[string, string, string]>([
    [
      'a list',
      'modules_force_load: [vfio]\n',
      `${BOOSTER_FILE} does not write modules_force_load as names with commas between, on one line`,
    ],
    [
      'text over lines',
      'modules_force_load: >\n  vfio,\n  nvme\n',
      `${BOOSTER_FILE} does not write modules_force_load as names with commas between, on one line`,
    ],
    [
      'a file that is no map',
      '- vfio\n',
      `${BOOSTER_FILE} does not write modules_force_load as names with commas between, on one line`,
    ],
    ['no YAML', 'strip: "\n', `${BOOSTER_FILE}:2 is no valid YAML`],
    [
      'a flow map',
      '{universal: true}\n',
      `${BOOSTER_FILE} is written in a way in which modules_force_load cannot be set safely`,
    ],
    [
      'a document that has ended',
      'universal: true\n...\n',
      `${BOOSTER_FILE} is written in a way in which modules_force_load cannot be set safely`,
    ],
    [
      'a map that is indented',
      '  universal: true\n',
      `${BOOSTER_FILE} is written in a way in which modules_force_load cannot be set safely`,
    ],
    ['Windows line ends', 'strip: true\r\n', `${BOOSTER_FILE}:1 has Windows line ends (CRLF)`],
    ['a template', 'strip: {{ strip }}\n', `${BOOSTER_FILE}:1 is a template that was never filled in`],
  ])('%s is refused', (_, text, why) => {
    expect(booster.edit(aBoosterHost(text), { add: MODULES, remove: [] })).toMatchObject({
      refused: true,
      why: expect.stringContaining(why),
    })
  })
})

describe('images', () => {
  const derived = (host: Host) => {
    const after = images.derive(host)
    expect(images.isStale(after)).toBeUndefined()
    const known = after.images[PATH]
    return known?.is === 'predicted' ? known.value : known
  }
  const MODPROBE = {
    '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1:2\nsoftdep xhci_pci pre: vfio-pci\n',
  }

  it('hold the options of their modules, and nothing else of modprobe.d', () => {
    const host = aBoosterHost('modules_force_load: vfio_pci\n', MODPROBE)
    expect(images.isStale(host)).toBe(`${PATH} does not hold vfio`)
    expect(derived(host)).toMatchObject({
      modules: ['vfio', 'vfio_pci', 'vfio_pci_core', 'vfio_virqfd'],
      loads: ['vfio_pci'],
      files: { [boosterOptionsPath('vfio_pci')]: sha256('ids=1:2') },
    })
  })

  it('are stale where the options have changed, or are gone', () => {
    const host = images.derive(aBoosterHost('modules_force_load: vfio_pci\n', MODPROBE))
    const changed = { '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=3:4\n' }
    expect(images.isStale(withFiles(host, changed))).toBe(
      `${PATH} holds an older /etc/booster.init.yaml (options of vfio_pci)`,
    )
    expect(images.isStale(withFiles(host, { '/etc/modprobe.d/vfio.conf': undefined }))).toBe(
      `${PATH} still holds /etc/booster.init.yaml (options of vfio_pci), which is gone from the host`,
    )
  })

  it('join the options of all folders in the order of booster', () => {
    const host = aBoosterHost('modules_force_load: vfio_pci\n', {
      '/etc/modprobe.d/a.conf': ' options vfio-pci disable_vga=1 \\\n  x=1\noptions kvm nested=1\n',
      '/usr/lib/modprobe.d/z.conf': '#options vfio-pci no=1\noptions vfio_pci ids=1:2\n',
    })
    expect(derived(host)).toMatchObject({
      files: { [boosterOptionsPath('vfio_pci')]: sha256('ids=1:2 disable_vga=1    x=1') },
    })
  })

  it('have no use for options where vfio-pci is built in', () => {
    const host = withKernel(aBoosterHost('modules_force_load: vfio_pci\n', MODPROBE), {
      vfio: { vfio_pci: { is: 'builtin', needs: [] } },
    })
    expect(derived(host)).toMatchObject({ modules: [], loads: [], files: {} })
  })

  it('whose list cannot be read are unclear, and say why', () => {
    const host = aBoosterHost('modules_force_load: [vfio]\n')
    const why = `${BOOSTER_FILE} does not write modules_force_load as names with commas between, on one line`
    expect(images.unclear?.(host)).toMatchObject({ refused: true, why })
    expect(images.isStale(host)).toBe(why)
    expect(images.derive(host)).toEqual(host)
  })

  it('are all made anew by the script that comes with it', () => {
    expect(images.rebuild(aBoosterHost(''))).toEqual([['/usr/lib/booster/regenerate_images']])
  })
})
