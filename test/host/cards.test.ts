import { describe, expect, it } from 'vitest'
import { cardMates } from '../../src/host/cards.ts'
import { aDevice, aHost } from '../builders.ts'

const ROOT = '0000:00:01.0'

/** `01:00.1 10de:22ba 0403`, and the bridges above it. */
const device = (line: string, bridges: readonly string[] = [ROOT]) => {
  const [address = '', id = '', code = ''] = line.split(' ')
  return aDevice({ address: `0000:${address}`, id, class: code.padEnd(6, '0'), bridges, driver: 'any' })
}

const matesOf = (address: string, devices: readonly ReturnType<typeof device>[]): string[] => {
  const host = aHost({ devices })
  const chosen = devices.find(one => one.address === `0000:${address}`)
  return chosen ? cardMates(host, chosen).map(mate => mate.address.slice('0000:'.length)) : ['no such device']
}

describe('what comes along with a graphics card', () => {
  it.each([
    [
      'NVIDIA Turing: audio, USB and UCSI',
      [
        '01:00.0 10de:1e82 0300',
        '01:00.1 10de:10f8 0403',
        '01:00.2 10de:1ad8 0c03',
        '01:00.3 10de:1ad9 0c80',
      ],
      ['01:00.1', '01:00.2', '01:00.3'],
    ],
    [
      'AMD Navi 31: audio, USB and UCSI',
      [
        '01:00.0 1002:744c 0300',
        '01:00.1 1002:ab30 0403',
        '01:00.2 1002:7446 0c03',
        '01:00.3 1002:7444 0c80',
      ],
      ['01:00.1', '01:00.2', '01:00.3'],
    ],
    [
      'an APU: its own audio, and neither the PSP nor the USB and sound of the SoC',
      [
        '01:00.0 1002:164e 0300',
        '01:00.1 1002:1640 0403',
        '01:00.2 1022:1649 1080',
        '01:00.3 1022:15b6 0c03',
        '01:00.6 1022:15e3 0403',
      ],
      ['01:00.1'],
    ],
    ['a 3D controller', ['01:00.0 10de:1c8c 0302', '01:00.1 10de:0fb9 0403'], ['01:00.1']],
    ['an accelerator: nothing of other kinds', ['01:00.0 1da3:1000 1200', '01:00.1 1da3:1001 0200'], []],
    [
      'an APU whose PSP the firmware hides',
      ['01:00.0 1002:164e 0300', '01:00.1 1002:1640 0403', '01:00.3 1022:15b6 0c03'],
      ['01:00.1'],
    ],
    ['audio of another make on the card', ['01:00.0 1002:5159 0300', '01:00.1 8086:293e 0403'], ['01:00.1']],
    ['an identical card in the next slot', ['01:00.0 10de:13c2 0300', '02:00.1 10de:0fbb 0403'], []],
    ['virtual functions', ['01:00.0 8086:56c0 0380', '01:00.1 8086:56c0 0380'], []],
  ])('%s', (_, lines, mates) => {
    expect(
      matesOf(
        '01:00.0',
        lines.map(line => device(line)),
      ),
    ).toEqual(mates)
  })

  it('not what another maker has on the root bus', () => {
    const board = ['00:02.0 1234:1111 0300', '00:02.1 8086:293e 0403'].map(line => device(line, []))
    expect(matesOf('00:02.0', board)).toEqual([])
  })

  it('an ACS override that puts each function into a group of its own leaves one card', () => {
    const functions = ['01:00.0 10de:1e82 0300', '01:00.1 10de:10f8 0403'].map((line, group) => ({
      ...device(line),
      group: { is: 'observed', value: group } as const,
    }))
    expect(matesOf('01:00.0', functions)).toEqual(['01:00.1'])
  })

  it.each([
    ['the audio function', '01:00.1', ['01:00.0 10de:13c2 0300', '01:00.1 10de:0fbb 0403']],
    ['a port of a network card', '01:00.0', ['01:00.0 8086:1521 0200', '01:00.1 8086:1521 0200']],
  ])('nothing comes along with %s', (_, address, lines) => {
    expect(
      matesOf(
        address,
        lines.map(line => device(line)),
      ),
    ).toEqual([])
  })
})

describe('a card with a switch of its own', () => {
  const UPSTREAM = '0000:01:00.0'
  const below = (port: string) => [ROOT, UPSTREAM, port]
  const graphics = device('03:00.0 8086:56a0 0300', below('0000:02:01.0'))
  const audio = device('04:00.0 8086:4f90 0403', below('0000:02:04.0'))
  const arc = [
    device('00:01.0 8086:460d 0604', []),
    device('01:00.0 8086:4fa1 0604'),
    device('02:01.0 8086:4fa4 0604', [ROOT, UPSTREAM]),
    device('02:04.0 8086:4fa4 0604', [ROOT, UPSTREAM]),
    graphics,
    audio,
  ]

  it('Intel Arc: its audio is on another bus', () => {
    expect(matesOf('03:00.0', arc)).toEqual(['04:00.0'])
  })

  it.each([
    [
      'the board’s audio behind the same root port',
      [device('05:00.0 8086:1234 0403', [ROOT, '0000:02:05.0'])],
    ],
    ['a USB controller there', [device('05:00.0 8086:15e9 0c03', below('0000:02:05.0'))]],
    ['audio of another vendor', [device('05:00.0 1102:0012 0403', below('0000:02:05.0'))]],
    [
      'the audio of a second GPU',
      [
        device('05:00.0 8086:56a0 0300', below('0000:02:05.0')),
        device('05:00.1 8086:4f91 0403', below('0000:02:05.0')),
      ],
    ],
  ])('not %s', (_, others) => {
    expect(matesOf('03:00.0', [...arc, ...others])).toEqual(['04:00.0'])
  })

  it('not audio behind a switch of another vendor: two cards can be there', () => {
    const plx = arc.map(one => (one.address === UPSTREAM ? { ...one, vendor: '10b5' } : one))
    expect(matesOf('03:00.0', plx)).toEqual([])
  })
})
