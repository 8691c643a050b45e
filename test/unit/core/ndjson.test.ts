import { describe, expect, it } from 'vitest'
import { createNdjsonDecoder, encodeNdjson } from '../../../src/core/ndjson.ts'

describe('the NDJSON decoder', () => {
  it('reads lines however the bytes are cut, with their exact bytes', () => {
    const bytes = Buffer.from('{"a":"ü"}\r\n\n{"b":2}\n')
    for (let size = 1; size <= bytes.length; size += 1) {
      const decoder = createNdjsonDecoder()
      const lines = []
      for (let at = 0; at < bytes.length; at += size)
        lines.push(...decoder.push(bytes.subarray(at, at + size)))
      expect(lines.map((line) => line.text)).toEqual(['{"a":"ü"}\r', '', '{"b":2}'])
      expect(Buffer.concat(lines.map((line) => line.raw))).toEqual(bytes)
      expect(decoder.end()).toBeUndefined()
    }
  })

  it('gives a last line without a line feed at the end', () => {
    const decoder = createNdjsonDecoder()
    expect(decoder.push(Buffer.from('{"done":'))).toEqual([])
    expect(decoder.push(Buffer.from('true}'))).toEqual([])
    expect(decoder.end()?.text).toBe('{"done":true}')
    expect(decoder.end()).toBeUndefined()
  })

  it('refuses a line over the maximum', () => {
    const decoder = createNdjsonDecoder(4)
    decoder.push(Buffer.from('1234'))
    expect(() => decoder.push(Buffer.from('5'))).toThrow(expect.objectContaining({ code: 'BACKEND_ERROR' }))
  })

  it('encodes a value as a line', () =>
    expect(encodeNdjson({ a: 'x\ny' }).toString()).toBe('{"a":"x\\ny"}\n'))
})
