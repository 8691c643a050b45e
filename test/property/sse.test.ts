import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createSseDecoder, encodeSse, type SseEvent } from '../../src/core/sse.ts'

const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const line = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('data', 'event', 'id', 'error', '', 'x'),
      fc.constantFrom(':', ': ', ''),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
    )
    .map(([field, colon, value]) => field + colon + value.replaceAll(/[\r\n]/g, '')),
  fc.constant(''),
)
const stream = fc
  .tuple(fc.boolean(), fc.array(fc.tuple(line, lineEnd), { maxLength: 20 }))
  .map(([bom, lines]) => Buffer.from((bom ? '\uFEFF' : '') + lines.flat().join('')))

const decode = (chunks: readonly Buffer[]) => {
  const decoder = createSseDecoder()
  const events = chunks.flatMap((chunk) => decoder.push(chunk))
  const rest = decoder.end()
  return { events, rest }
}

const cut = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const points = [0, ...at.map((point) => point % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return points.slice(1).map((end, index) => bytes.subarray(points[index], end))
}

/** The algorithm of the standard over the whole text, written as plainly as possible. */
const reference = (bytes: Buffer) => {
  const events: { event: string; data: string }[] = []
  let event = ''
  let data: string[] = []
  for (const text of bytes
    .toString()
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .slice(0, -1)) {
    const [, field, value] = /^([^:]*)(?:: ?([\s\S]*))?$/.exec(text)!
    if (text === '') {
      if (data.length > 0) events.push({ event, data: data.join('\n') })
      event = ''
      data = []
    } else if (field === 'data') data.push(value ?? '')
    else if (field === 'event') event = value ?? ''
  }
  return events
}

const dispatched = (events: readonly SseEvent[]) =>
  events.flatMap(({ event, data }) => (data === undefined ? [] : [{ event, data }]))

it('decodes what the standard says, at any cut of the bytes', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 12 }), (bytes, points) => {
      expect(dispatched(decode(cut(bytes, points)).events)).toEqual(reference(bytes))
    }),
  )
})

it('keeps every byte: the raw bytes of all events and of the rest are the stream', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 12 }), (bytes, points) => {
      const { events, rest } = decode(cut(bytes, points))
      expect(Buffer.concat([...events, ...(rest ? [rest] : [])].map((event) => event.raw))).toEqual(bytes)
    }),
  )
})

it('decodes what it encodes', () => {
  const text = fc.string({ unit: 'grapheme' })
  const name = fc.stringMatching(/^[a-z-]{0,12}$/)
  fc.assert(
    fc.property(fc.array(fc.record({ event: name, data: text })), (events) => {
      const bytes = Buffer.concat(events.map(encodeSse))
      expect(dispatched(decode([bytes]).events)).toEqual(
        events.map(({ event, data }) => ({ event, data: data.replaceAll(/\r\n|\r/g, '\n') })),
      )
    }),
  )
})
