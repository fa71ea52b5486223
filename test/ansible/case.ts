/** Files and a command line that both programs get; the results are compared. */
export interface Case {
  /** A sentence about what is seen. */
  readonly name: string
  /** By path; hosts.yaml is the inventory and play.yaml the playbook unless the case names others. */
  readonly files: Readonly<Record<string, string>>
  /** Options that both understand: -e, -l, -t, --skip-tags, --check. */
  readonly args?: readonly string[]
  readonly inventories?: readonly string[]
  readonly playbook?: string
  /** Where we differ on purpose: a key of DIFFERENCES. */
  readonly differs?: string
}
