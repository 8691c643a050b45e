import { describe, expect, it } from 'vitest'
import { createSseDecoder, encodeSse } from '../../../src/core/sse.ts'

const decode = (...chunks: string[]) => {
  const decoder = createSseDecoder()
  const events = chunks.flatMap((chunk) => decoder.push(Buffer.from(chunk, 'latin1')))
  return { events, rest: decoder.end() }
}

const dataOf = (...chunks: string[]) => decode(...chunks).events.map((event) => event.data)

describe('the SSE decoder', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n'],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n'],
    ['CR', 'data: a\r\rdata: b\r\r'],
    ['no space after the colon', 'data:a\n\ndata:b\n\n'],
    ['mixed line ends', 'data: a\r\n\ndata: b\r\r\n'],
  ])('reads %s', (_, text) => expect(dataOf(text)).toEqual(['a', 'b']))

  it('takes only one space after the colon away', () => expect(dataOf('data:  a \n\n')).toEqual([' a ']))

  it('joins several data lines with a line feed', () =>
    expect(dataOf('data: a\ndata\ndata: b\n\n')).toEqual(['a\n\nb']))

  it('reads event and id, and drops an id with a NUL', () => {
    const { events } = decode('event: ping\nid: 7\ndata: {}\n\n', 'id: a\0b\ndata: x\n\n')
    expect(events[0]).toMatchObject({ event: 'ping', id: '7', data: '{}' })
    expect(events[1]).not.toHaveProperty('id')
  })

  it('brings comments, lone blank lines and unknown fields out without data', () => {
    const { events } = decode(': keep-alive\n\n\nretry: 10\nfoo: bar\n\ndata: a\n\n')
    expect(events.map((event) => [event.data, event.raw.toString()])).toEqual([
      [undefined, ': keep-alive\n\n'],
      [undefined, '\n'],
      [undefined, 'retry: 10\nfoo: bar\n\n'],
      ['a', 'data: a\n\n'],
    ])
  })

  it('keeps a comment inside an event in its raw bytes', () => {
    const { events } = decode(': hello\ndata: a\n\n')
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ data: 'a', raw: Buffer.from(': hello\ndata: a\n\n') })
  })

  it('surfaces the error field of llama.cpp', () => {
    const { events } = decode('error: {"code":500}\n\n')
    expect(events[0]).toMatchObject({ error: '{"code":500}', data: undefined })
  })

  it('skips one byte order mark at the very start only', () => {
    const bom = '\u00EF\u00BB\u00BF'
    expect(dataOf(`${bom}data: a\n\n${bom}data: b\n\n`)).toEqual(['a', undefined])
    expect(dataOf('\u00EF', `\u00BB\u00BF\n`, 'data: a\n\n')).toEqual(['a'])
  })

  it('dispatches on a CR at the end of a chunk and takes the LF that follows as its other half', () => {
    const decoder = createSseDecoder()
    expect(decoder.push(Buffer.from('data: a\r\n\r')).map((event) => event.data)).toEqual(['a'])
    expect(decoder.push(Buffer.from('\ndata: b\r\n\r\n')).map((event) => event.data)).toEqual(['b'])
    expect(decoder.end()).toBeUndefined()
  })

  it('decodes UTF-8 that chunks cut apart', () => {
    const bytes = Buffer.from('data: grüße 🐈\n\n')
    const decoder = createSseDecoder()
    const events = [...bytes].flatMap((byte) => decoder.push(Buffer.from([byte])))
    expect(events.map((event) => event.data)).toEqual(['grüße 🐈'])
    expect(events[0]?.raw).toEqual(bytes)
  })

  it('hands out slices of a chunk that holds whole events, not copies', () => {
    const chunk = Buffer.from('data: a\n\ndata: b\n\n')
    for (const event of createSseDecoder().push(chunk)) expect(event.raw.buffer).toBe(chunk.buffer)
  })

  it('gives what broke off at the end, which dispatched nothing', () => {
    const { events, rest } = decode('data: a\n\ndata: [DONE]')
    expect(events).toHaveLength(1)
    expect(rest?.data).toBe('[DONE]')
  })

  it('refuses an event over the maximum, however it is cut', () => {
    const pieces = createSseDecoder(10)
    expect(() => {
      for (let count = 0; count < 4; count += 1) pieces.push(Buffer.from('data'))
    }).toThrow(expect.objectContaining({ code: 'BACKEND_ERROR' }))
    const whole = createSseDecoder(10)
    expect(() => whole.push(Buffer.from('data: 123456\n\n'))).toThrow('more than 10 bytes')
    expect(createSseDecoder(10).push(Buffer.from('data: a\n\ndata: b\n\n'))).toHaveLength(2)
  })
})

describe('encodeSse', () => {
  it.each([
    [{ data: '{"a":1}' }, 'data: {"a":1}\n\n'],
    [{ event: 'usage', data: '{}' }, 'event: usage\ndata: {}\n\n'],
    [{ data: 'a\r\nb\rc\n' }, 'data: a\ndata: b\ndata: c\ndata: \n\n'],
  ])('writes %j', (event, text) => expect(encodeSse(event).toString()).toBe(text))
})
