import { effectiveValues, keyOf, splitArgs } from '../../host/kernel_args.ts'
import { readEach, type Said } from './said.ts'

/** Tokens of the command line that the kernel printed; on ARM it prints one line, elsewhere an early and a late one. */
export const printedCommandLine = (lines: readonly string[]): readonly string[] | undefined =>
  readEach(lines, /^(?:Kernel c|C)ommand line: (.*)$/, ([, line = '']) => splitArgs(line)).at(-1)?.value

/** Values of pcie_acs_override= that the boot asked for. */
export const acsRequested = (line: readonly string[] | undefined): readonly string[] =>
  effectiveValues(line ?? [], 'pcie_acs_override')

/** The ACS override patch (out of tree) is at work; root ports with `ACS workaround` are a quirk of the mainline kernel. */
export const acsActive = (lines: readonly string[]): string | undefined =>
  lines.find(line => /PCIe ACS overrides enabled/.test(line))

export interface UnknownParameters {
  readonly all: readonly string[]
  /** Those about the IOMMU, VFIO or ACS: naming any other is everyday, and means nothing here. */
  readonly ours: readonly string[]
}

/** What nothing in the kernel read; names with a dot are never among them (init/main.c print_unknown_bootoptions()). */
export const unknownParameters = (lines: readonly string[]): Said<UnknownParameters> | undefined =>
  readEach(lines, /Unknown kernel command line parameters "(.*)", will be passed/, ([, list = '']) => {
    const all = splitArgs(list)
    return { all, ours: all.filter(token => OURS.test(keyOf(token))) }
  })[0]

const OURS = /^(?:(?:intel|amd)_iommu|iommu|vfio\w*|pcie_acs\w*)$/

/** `amd_iommu=on` is no value the kernel knows (drivers/iommu/amd/init.c parse_amd_iommu_options()), and does no harm. */
export const unknownAmdOption = (lines: readonly string[]): string | undefined =>
  lines.find(line => /AMD-Vi: Unknown option - /.test(line))
