import { describe, expect, it } from 'vitest'
import { EXTRAS, gather } from '../../src/host/gather.ts'

const framesOf = (script: string) => [...script.matchAll(/frame (\S+\.\S+) /g)].map(([, name = '']) => name)
const isExtra = (name: string) => EXTRAS.some(extra => name.startsWith(`${extra}.`))

describe('what takes long to find out', () => {
  it('is not looked at unless somebody asks', () => {
    expect(framesOf(gather('n').script).filter(isExtra)).toEqual([])
    const nothing = gather('n').parse(Buffer.from('@n end 0\n\n'))
    const why = 'it takes long to find out, and no task asks for it'
    expect(nothing).toMatchObject({ acsPatch: { is: 'unknown', why }, pciNames: { is: 'unknown', why } })
  })

  it('is looked at one by one', () => {
    const { script } = gather('n', { extras: new Set(['acsPatch']) })
    expect(framesOf(script).filter(isExtra)).toEqual(['acsPatch.symbols'])
  })

  it('is in the host of a look that had it', () => {
    const output = Buffer.from('@n acsPatch.symbols 13\nstart_kernel\n\n@n end 0\n\n')
    expect(gather('n').parse(output).acsPatch).toEqual({ is: 'observed', value: false })
  })
})
