import { describe, expect, it } from 'vitest'
import type { InferenceEvent } from '../../../src/core/inference.ts'
import { decodeEventStream, parseBlock } from '../../../src/dialects/event-stream.ts'

const decode = ({ data }: { readonly data: string | undefined }): readonly InferenceEvent[] =>
  data === undefined ? [] : JSON.parse(data) === 'end' ? [{ type: 'end' }] : [{ type: 'start', model: data }]

async function* parts(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text)
}
const read = (...texts: readonly string[]) => Array.fromAsync(decodeEventStream(parts(...texts), { decode }))
const end = 'data: "end"\n\n'

describe('a stream of events', () => {
  it('ends with its end, whatever follows', async () => {
    expect(await read('data: "a"\n\n', end, 'data: "b"\n\n', 'noise')).toHaveLength(2)
    expect(await read(`${end}data: "b"\n\n`)).toEqual([{ type: 'end' }])
  })

  it('is given up when too much follows', async () => {
    let taken = 0
    async function* endless() {
      yield Buffer.from(end)
      for (;;) {
        taken += 1
        yield Buffer.alloc(1024, 'x')
      }
    }
    expect(await Array.fromAsync(decodeEventStream(endless(), { decode }))).toHaveLength(1)
    expect(taken).toBeLessThan(100)
  })

  it('may lack the last blank line, and nothing else', async () => {
    expect(await read('data: "a"\n\ndata: "end"')).toHaveLength(2)
    await expect(read('data: "a"\n\n')).rejects.toMatchObject({ code: 'BACKEND_INCOMPLETE' })
    await expect(read('data: "a"\n\ndata: "en')).rejects.toMatchObject({ code: 'BACKEND_INCOMPLETE' })
    await expect(read('data: "a"\n\ndata: "a"')).rejects.toMatchObject({ code: 'BACKEND_INCOMPLETE' })
  })

  it('holds no event that is too large', async () => {
    const large = decodeEventStream(parts(`data: "${'x'.repeat(100)}"\n\n`), { decode, eventMaxBytes: 50 })
    await expect(Array.fromAsync(large)).rejects.toMatchObject({ code: 'BACKEND_ERROR' })
  })
})

it.each(['', '[]', '"a"', '{'])('%j is no block', (data) => {
  expect(() => parseBlock(data)).toThrow(/malformed chunk/)
})
