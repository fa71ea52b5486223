import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import type { Module } from '../../src/modules/define.ts'
import { modules } from '../../src/modules/index.ts'
import {
  aHost,
  aReadyHost,
  planned,
  withCmdline,
  withFiles,
  withImage,
  withKernel,
  withMenus,
} from '../builders.ts'

const sealed = [{ device: '/dev/sda3', by: 'systemd-cryptenroll, PCR 7' }]
const TPM = {
  kind: 'blocked',
  why: 'the TPM unlocks /dev/sda3 (systemd-cryptenroll, PCR 7) only while the machine boots what was measured: after this change the next boot waits for a passphrase',
  hint: 'with the passphrase or recovery key and a console at hand, set allow: [tpm_unlock], and enrol the TPM anew after the reboot',
}

const module = (name: string): Module => {
  const found = modules.get(name)
  if (found === undefined) throw new Error(`there is no module ${name}`)
  return found
}

/** What each module is asked for here; on the plain machine all are changes. */
const TASKS = [
  ['iommu_kernel_args', {}],
  ['acs_override', { accept_risk: true }],
  ['vfio_ids', { devices: ['1033:0194'] }],
  ['initramfs_rebuild', {}],
] as const

describe('disks that the TPM unlocks', () => {
  it.each(TASKS)('%s: blocked before it changes what boots', (name, args) => {
    expect(planned(module(name), aHost(), args).kind).toBe('change')
    expect(planned(module(name), aHost({ sealedDisks: sealed }), args)).toEqual(TPM)
  })

  it.each(TASKS)('%s: done where the user allows it by name', (name, args) => {
    const outcome = planned(module(name), aHost({ sealedDisks: sealed }), { ...args, allow: ['tpm_unlock'] })
    expect(outcome.kind).toBe('change')
  })

  it.each(TASKS)('%s: another permission does not do', (name, args) => {
    expect(planned(module(name), aHost({ sealedDisks: sealed }), { ...args, allow: ['signed_uki'] })).toEqual(
      TPM,
    )
  })

  it.each([
    ['iommu_kernel_args', {}],
    ['vfio_ids', { devices: ['1033:0194'] }],
    ['initramfs_rebuild', {}],
  ])('%s: nothing is blocked where nothing changes', (name, args) => {
    expect(planned(module(name), aReadyHost({ sealedDisks: sealed }), args).kind).toBe('converged')
  })

  it('a stale image is not rebuilt either', () => {
    const [path = ''] = Object.keys(aReadyHost().images)
    const host = withImage(aReadyHost({ sealedDisks: sealed }), path, { files: {} })
    expect(planned(module('initramfs_rebuild'), host)).toEqual(TPM)
  })

  it('all of several disks are counted', () => {
    const disks = [...sealed, { device: 'home', by: '/etc/crypttab' }]
    expect(planned(module('iommu_kernel_args'), aHost({ sealedDisks: disks }))).toMatchObject({
      why: expect.stringContaining('the TPM unlocks /dev/sda3 and 1 more ('),
    })
  })

  it('a word that is no permission is refused', () => {
    expect(module('initramfs_rebuild').args.safeParse({ allow: ['everything'] }).success).toBe(false)
  })
})

describe('signed unified kernel images', () => {
  const UKI = '/efi/EFI/Linux/arch-linux.efi'
  const aUkiHost = ({ signed = true, secureBoot = true, sbctl = false, disks = false } = {}): Host => {
    const base = aHost({
      tools: ['mkinitcpio', 'bootctl'],
      paths: [],
      images: {},
      sealedDisks: disks ? sealed : [],
    })
    const files = {
      '/etc/mkinitcpio.d/linux.preset': `PRESETS=('default')\ndefault_uki="${UKI}"\n`,
      '/etc/kernel/cmdline': 'root=UUID=5f0a rw\n',
      ...(sbctl && { '/usr/lib/initcpio/post/sbctl': '#!/bin/sh\nsbctl sign "$3"\n' }),
    }
    const entry = {
      title: 'Arch Linux',
      id: 'arch-linux.efi',
      source: '',
      kernel: UKI,
      args: ['root=UUID=5f0a', 'rw'],
      recovery: false,
      unified: { release: '6.9.1-arch1-1', signed, sortKey: 'arch', version: '1' },
    }
    const host: Host = {
      ...base,
      files: {},
      firmware: {
        ...base.firmware,
        uefi: true,
        secureBoot,
        loaderInfo: 'systemd-boot 256',
        stubInfo: 'systemd-stub 256',
      },
    }
    const menu = observed({ path: '', default: '', saved: '', entries: [entry] })
    return withKernel(withMenus(withFiles(withCmdline(host, 'root=UUID=5f0a rw'), files), { UKI: menu }), {
      release: '6.9.1-arch1-1',
    })
  }
  const plan = (host: Host, args: Readonly<Record<string, unknown>> = {}) =>
    planned(module('iommu_kernel_args'), host, args)

  it('with Secure Boot and nobody to sign them anew: blocked, and what to do is said', () => {
    expect(plan(aUkiHost())).toEqual({
      kind: 'blocked',
      why: `${UKI} is signed and Secure Boot is on: nothing on this machine signs the rebuilt image, and the firmware would refuse it`,
      hint: 'let the tool that builds it sign it (SecureBootPrivateKey= in /etc/kernel/uki.conf, uefi_secureboot_key= for dracut, or sbctl), or set allow: [signed_uki] and sign it by hand before the reboot',
    })
  })

  it('the host’s own tool signs them anew: fine, and said', () => {
    expect(plan(aUkiHost({ sbctl: true }))).toMatchObject({
      kind: 'change',
      why: 'intel_iommu=on in /etc/kernel/cmdline (UKI, signed anew by sbctl)',
    })
  })

  it.each([
    ['allowed by name', aUkiHost(), { allow: ['signed_uki'] }],
    ['Secure Boot is off', aUkiHost({ secureBoot: false }), {}],
    ['the image is not signed', aUkiHost({ signed: false }), {}],
  ])('not blocked: %s', (_, host, args) => {
    expect(plan(host, args)).toMatchObject({
      kind: 'change',
      why: 'intel_iommu=on in /etc/kernel/cmdline (UKI)',
    })
  })

  it('both locks: the TPM first, then the signature', () => {
    const host = aUkiHost({ disks: true })
    expect(plan(host)).toMatchObject({ why: expect.stringMatching(/^the TPM unlocks/) })
    expect(plan(host, { allow: ['tpm_unlock'] })).toMatchObject({ why: expect.stringContaining('is signed') })
    expect(plan(host, { allow: ['tpm_unlock', 'signed_uki'] }).kind).toBe('change')
  })
})
