import { expect, test } from 'vitest'
import { z } from 'zod'
import { BOOT_LOCKS, DEVICE_LOCKS } from '../../src/host/locks.ts'
import { allow, allowWithDevices } from '../../src/modules/arguments.ts'
import { driver_blacklist } from '../../src/modules/driver_blacklist.ts'
import { iommu_kernel_args } from '../../src/modules/iommu_kernel_args.ts'
import { vfio_ids } from '../../src/modules/vfio_ids.ts'

test.each([
  ['what changes the boot', allow, BOOT_LOCKS],
  ['what takes devices too', allowWithDevices, [...BOOT_LOCKS, ...DEVICE_LOCKS]],
])('each name that %s can allow is explained, and none allows everything', (_, argument, names) => {
  expect(argument.parse([...names])).toEqual(names)
  expect(names.filter(name => !argument.description?.includes(`\`${name}\``))).toEqual([])
  for (const all of ['all', 'force', '*']) expect(argument.safeParse([all]).success).toBe(false)
})

test('every task takes every name, so that one variable serves all of a playbook', () => {
  const takes = (args: z.ZodObject) =>
    args.shape.allow instanceof z.ZodType &&
    args.shape.allow.safeParse([...BOOT_LOCKS, ...DEVICE_LOCKS]).success
  expect([vfio_ids, driver_blacklist, iommu_kernel_args].filter(({ args }) => !takes(args))).toEqual([])
})
