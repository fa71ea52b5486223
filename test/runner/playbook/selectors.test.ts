import { expect, test } from 'vitest'
import { modules } from '../../../src/modules/index.ts'
import { selectors } from '../../builders.ts'
import { argsOn, Project } from '../project.ts'

const VERIFY = '- hosts: all\n  tasks:\n    - verify_groups:\n        devices: "{{ vfio_devices }}"\n'

const hostsWith = (devices: string): string =>
  `all:\n  vars: {gpu: nvidia, one: 1, boot: false}\n  hosts:\n    lab:\n      vfio_devices:\n${devices
    .split('\n')
    .map(line => `        ${line}\n`)
    .join('')}`

test('properties in a variable come through its template as they are written, templates in them rendered', async () => {
  using project = new Project({
    'hosts.yaml': hostsWith(
      '- {class: display, vendor: "{{ gpu }}", boot_vga: "{{ boot }}", at_most: "{{ one }}"}\n- 10de:13c2\n- 02:00\n- class: [usb, "0108"]\n  not: ["06:00.0", {driver: xhci_hcd}]',
    ),
    'play.yaml': VERIFY,
  })
  expect(argsOn(await project.load({ modules }), 'lab').devices).toEqual(
    selectors({ class: 'display', vendor: 'nvidia', boot_vga: false, at_most: 1 }, '10de:13c2', '02:00', {
      class: ['usb', '0108'],
      not: ['06:00.0', { driver: 'xhci_hcd' }],
    }),
  )
})

test.for([
  [
    'a slip in a property’s name',
    '- {class: display, vendr: nvidia}',
    'hosts.yaml:6:11: verify_groups.devices[0]: there is no property "vendr", from {{ vfio_devices }} for lab' +
      ' (did you mean "vendor"?; the argument is at play.yaml:4:19)',
  ],
  [
    'a vendor that YAML reads as a number',
    '- 02:00.0\n- {vendor: 8086}',
    'hosts.yaml:7:20: verify_groups.devices[1].vendor: must be a string, not the number 8086, from {{ vfio_devices }} for lab' +
      ' (quote it: without quotes YAML reads a number; the argument is at play.yaml:4:19)',
  ],
  [
    'a selector that YAML reads as a number',
    '- 1002',
    'hosts.yaml:6:11: verify_groups.devices[0]: must be a string or a mapping, not the number 1002, from {{ vfio_devices }} for lab' +
      ' (quote it: without quotes YAML reads a number; the argument is at play.yaml:4:19)',
  ],
  [
    'a list within the list',
    '- [02:00.0]',
    'hosts.yaml:6:11: verify_groups.devices[0]: must be a string or a mapping, not a list, from {{ vfio_devices }} for lab' +
      ' (the argument is at play.yaml:4:19)',
  ],
] as const)('%s is told before connecting, where it stands', async ([, devices, message]) => {
  using project = new Project({ 'hosts.yaml': hostsWith(devices), 'play.yaml': VERIFY })
  expect(await project.mistakes({ modules })).toEqual([message])
})

test('in the playbook itself a property that is none is told at its name', async () => {
  using project = new Project({
    'hosts.yaml': 'all: {hosts: {lab:}}',
    'play.yaml':
      '- hosts: all\n  tasks:\n    - verify_groups:\n        devices:\n          - class: "{{ kind }}"\n            vendr: nvidia\n      vars: {kind: vga}\n',
  })
  expect(await project.mistakes({ modules })).toEqual([
    'play.yaml:6:13: verify_groups.devices[0]: there is no property "vendr" (did you mean "vendor"?)',
  ])
})
