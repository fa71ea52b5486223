import { expect, test } from 'vitest'
import { UserError, UserErrors } from '../../../src/errors.ts'
import { formatError } from '../../../src/runner/report/error.ts'

const wrongId = new UserError({
  where: 'playbooks/gpu.yaml:7:12',
  why: 'vfio_ids.devices[1]: "10de-1aef" is not a vendor:device id',
  hint: 'write it as 10de:1aef (lspci -nn shows it in brackets)',
})

test('the place, the reason, and under the reason what to do next', () => {
  expect(formatError(wrongId)).toBe(`\
playbooks/gpu.yaml:7:12  vfio_ids.devices[1]: "10de-1aef" is not a vendor:device id
                         write it as 10de:1aef (lspci -nn shows it in brackets)
`)
})

test('several errors follow one another', () => {
  const noHint = new UserError({ where: 'hosts.yaml:1:1', why: 'is empty' })
  expect(formatError(new UserErrors([noHint, wrongId]))).toBe(formatError(noHint) + formatError(wrongId))
  expect(formatError(noHint)).toBe('hosts.yaml:1:1  is empty\n')
})

test('a long place leaves the whole width to the reason', () => {
  const error = new UserError({ where: `/${'long/'.repeat(9)}gpu.yaml:7:12`, why: 'wrong', hint: 'mend it' })
  expect(formatError(error)).toBe(`${error.where}\n  wrong\n  mend it\n`)
})

test('a reason of several lines, and one wider than the terminal, stay under one another', () => {
  const error = new UserError({ where: 'a:1:1', why: 'first\nsecond third', hint: 'do' })
  expect(formatError(error, { color: false, columns: 14 })).toBe(
    'a:1:1  first\n       second\n       third\n       do\n',
  )
})

test('the place is bold where colours are wanted', () => {
  expect(formatError(wrongId, { color: true })).toContain('\x1b[1mplaybooks/gpu.yaml:7:12\x1b[22m  vfio_ids')
})
