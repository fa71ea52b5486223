import { describe, expect, it } from 'vitest'
import { iommu } from '../../../src/host/facts/iommu.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

const NOTHING = { units: '', names: '', direct: '', interrupts: '', unsafe: '' }

describe('the IOMMU', () => {
  it('has its units, and the groups that isolate nothing', () => {
    const out = { ...NOTHING, units: 'dmar0\ndmar1\n', names: '3/name:vfio-noiommu\n7/name:other\n' }
    expect(iommu.parse(out)).toMatchObject({
      units: { is: 'observed', value: ['dmar0', 'dmar1'] },
      noIommuGroups: [3],
    })
  })

  it('has groups with regions that firmware insists on, each once; relaxable ones are none', () => {
    const direct = [
      '1/reserved_regions:0x000000007c800000 0x000000007fffffff direct',
      '1/reserved_regions:0x000000007b000000 0x000000007bffffff direct',
      '9/reserved_regions:0x000000007a000000 0x000000007affffff direct-relaxable',
    ].join('\n')
    expect(iommu.parse({ ...NOTHING, direct }).directGroups).toEqual([1])
  })

  it.each([
    ['is on', 'IR-PCI-MSI\n', { is: 'observed', value: true }],
    ['is off', 'IO-APIC\n', { is: 'observed', value: false }],
    ['is not known where nothing was told', '', { is: 'unknown', why: '/proc/interrupts does not tell' }],
  ])('interrupt remapping %s', (_, interrupts, expected) => {
    expect(iommu.parse({ ...NOTHING, interrupts }).interruptRemapping).toEqual(expected)
  })

  it.each([
    ['Y', true],
    ['1', true],
    ['N', false],
    ['', false],
  ])('unsafe interrupts: %s', (unsafe, expected) => {
    expect(iommu.parse({ ...NOTHING, unsafe }).unsafeInterrupts).toBe(expected)
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    const contents = (interrupts: string) => ({
      '/sys/class/iommu/dmar0/address': '',
      '/sys/kernel/iommu_groups/2/reserved_regions':
        '0x000000007c800000 0x000000007fffffff direct\n0x00000000fee00000 0x00000000feefffff msi\n',
      '/sys/kernel/iommu_groups/3/reserved_regions':
        '0x000000007c800000 0x000000007fffffff direct-relaxable\n',
      '/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts': 'Y\n',
      '/proc/interrupts': interrupts,
    })

    it.skipIf(isMissing)('is read with its groups and interrupts', () => {
      const interrupts =
        '           CPU0       CPU1\n  0:          9          0  IR-IO-APIC    2-edge      timer\n120:          0          0  DMAR-MSI    0-edge      dmar0\n'
      expect(factOf(iommu, argv, contents(interrupts))).toEqual({
        units: { is: 'observed', value: ['dmar0'] },
        noIommuGroups: [],
        directGroups: [2],
        interruptRemapping: { is: 'observed', value: true },
        unsafeInterrupts: true,
      })
    })

    it.skipIf(isMissing)('remaps no interrupts where an IO-APIC goes by its own name', () => {
      const interrupts =
        '  0:          9   IO-APIC    2-edge      timer\n 24:   0   PCI-MSI 4096-edge   AMD-Vi\n'
      expect(factOf(iommu, argv, contents(interrupts)).interruptRemapping).toEqual({
        is: 'observed',
        value: false,
      })
    })

    it.skipIf(isMissing)('says nothing of machines without one', () => {
      const interrupts =
        ' 11:   912  GICv3  27 Level  arch_timer\n 60:  3  ITS-PCI-MSI 1572864 Edge  nvme0q0\n'
      expect(factOf(iommu, argv, contents(interrupts)).interruptRemapping.is).toBe('unknown')
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(iommu)
})
