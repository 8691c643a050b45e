import { expect, it } from 'vitest'
import type { InferenceEvent } from '../../../../src/core/inference.ts'
import { decodeStream } from '../../../../src/dialects/fastchat/stream-decoder.ts'
import { streamEncoder } from '../../../../src/dialects/fastchat/stream-encoder.ts'

it('writes what the decoder reads', async () => {
  const events: InferenceEvent[] = [
    { type: 'start', model: 'm' },
    { type: 'text-delta', index: 0, text: 'the' },
    { type: 'text-delta', index: 0, text: ' quick' },
    { type: 'finish', index: 0, reason: 'length' },
    { type: 'usage', usage: { inputTokens: 1, outputTokens: 2 } },
    { type: 'end' },
  ]
  const encoder = streamEncoder()
  const bytes = Buffer.concat(events.flatMap((event) => encoder.encode(event) ?? []))
  async function* source() {
    yield bytes
  }
  expect(await Array.fromAsync(decodeStream(source(), { model: 'm' }))).toEqual(events)
})
