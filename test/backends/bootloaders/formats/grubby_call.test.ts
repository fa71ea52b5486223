import { describe, expect, it } from 'vitest'
import { grubbyArgv, grubbyCall } from '../../../../src/backends/bootloaders/formats/grubby_call.ts'

describe('a call of grubby', () => {
  it.each([
    [
      'appends',
      'root=/dev/x ro',
      'root=/dev/x ro quiet iommu=pt',
      { remove: [], add: ['quiet', 'iommu=pt'] },
    ],
    [
      'takes away',
      'root=/dev/x iommu=pt ro quiet',
      'root=/dev/x ro',
      { remove: ['iommu=pt', 'quiet'], add: [] },
    ],
    ['replaces at the end', 'ro iommu=off', 'ro iommu=pt', { remove: ['iommu=off'], add: ['iommu=pt'] }],
    ['keeps variables', 'ro $tuned_params', 'ro $tuned_params a=b', { remove: [], add: ['a=b'] }],
  ])('%s', (_, before, after, call) => {
    expect(grubbyCall(before, after)).toEqual(call)
  })

  it.each([
    ['in the middle', 'a=1 ro', 'a=2 ro'],
    ['beside another of its name', 'console=tty0', 'console=tty0 console=ttyS0'],
    ['beside a quoted one', 'a="b c"', 'a="b c" d'],
    ['beside what the shell would expand', 'a=*', 'a=* d'],
    ['beside what sed would', 'a=b&c', 'a=b&c d'],
    ['between two blanks', 'a  b', 'a  b d'],
    ['behind a blank at the end', 'a ', 'a d '],
    ['that would be an option of echo', '-n a', '-n a b'],
    ['of which the pattern matches another', 'vfio-pcixids=1', 'vfio-pcixids=1 vfio-pci.ids=2'],
  ])('there is none for an argument %s', (_, before, after) => {
    expect(grubbyCall(before, after)).toBeUndefined()
  })

  it('names a kernel, what goes and what comes', () => {
    expect(grubbyArgv('/boot/vmlinuz-6', { remove: ['a', 'b'], add: ['c=d'] })).toEqual([
      'grubby',
      '--update-kernel=/boot/vmlinuz-6',
      '--remove-args=a b',
      '--args=c=d',
    ])
  })
})
