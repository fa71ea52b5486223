/** A rule that binds one device whatever its id would say, as udev reads it. */
export interface OverrideRule {
  /** Slot address. */
  readonly at: string
  /** vendor:device */
  readonly id: string
  readonly driver: string
}

/**
 * Those of udev's rules that set a driver_override and have the kernel probe (udev(7)); `files`: the contents in the
 * order of their names. Nothing else that rules do is of interest to a sandbox.
 */
export const overrideRules = (files: readonly string[]): readonly OverrideRule[] =>
  files.flatMap(content =>
    content
      .split('\n')
      .filter(line => !line.startsWith('#'))
      .flatMap(overrideIn),
  )

function overrideIn(line: string): OverrideRule[] {
  const tokens = [...line.matchAll(/([A-Z]+(?:\{\w+\})?)(==|\+=)"((?:[^"\\]|\\.)*)"/g)]
  const value = (name: string) => tokens.find(([, key]) => key === name)?.[3] ?? ''
  const [, driver = '', target] = /echo (\S+) >devices\/(\S+)\/driver_override/.exec(value('RUN')) ?? []
  const probes = value('RUN').includes(`echo ${target} >drivers_probe`)
  const isOfBus = value('ACTION') === 'add' && value('SUBSYSTEM') === 'pci'
  if (!isOfBus || !probes || target !== value('KERNEL')) return []
  const hex = (name: string) => value(`ATTR{${name}}`).replace(/^0x/, '')
  return [{ at: target.replace(/^0000:/, ''), id: `${hex('vendor')}:${hex('device')}`, driver }]
}
