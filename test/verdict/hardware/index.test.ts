import { expect, test } from 'vitest'
import { SEVERITIES, STAGES } from '../../../src/verdict/finding.ts'
import { hardwareFindings } from '../../../src/verdict/hardware/index.ts'
import { recordedHosts } from '../../hosts/index.ts'

test.each(recordedHosts())(
  '$name: findings are clauses, each shown by something, most pressing first',
  ({ host }) => {
    const findings = hardwareFindings(host)
    expect(findings.length).toBeGreaterThan(0)
    for (const { stage, severity, what, evidence, next } of findings) {
      expect(STAGES).toContain(stage)
      expect(what, 'no full stop, no blanks at its ends').not.toMatch(/^\s|[\s.]$|undefined|NaN/)
      expect(evidence).not.toBe('')
      expect(next, what).not.toMatch(/^\s|[\s.]$|undefined|NaN/)
      if (severity === 'problem') expect(next, what).not.toBe('')
    }
    const order = findings.map(({ severity }) => SEVERITIES.indexOf(severity))
    expect(order).toEqual(order.toSorted((a, b) => b - a))
    expect(new Set(findings.map(({ what }) => what)).size, 'nothing twice').toBe(findings.length)
  },
)

test.each(recordedHosts())('$name: chosen devices are a part of what is told of all', ({ host }) => {
  const all = hardwareFindings(host).filter(({ stage, severity }) => stage !== 'driver' && severity === 'ok')
  const some = hardwareFindings(host, []).filter(({ severity }) => severity === 'ok')
  expect(all.map(({ what }) => what)).toEqual(expect.arrayContaining(some.map(({ what }) => what)))
})
