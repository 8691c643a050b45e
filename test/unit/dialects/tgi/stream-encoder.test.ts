import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import { fold, unfold } from '../../../../src/core/fold.ts'
import type { InferenceResponse } from '../../../../src/core/inference.ts'
import { createSseDecoder } from '../../../../src/core/sse.ts'
import { GenerateEvent } from '../../../../src/dialects/tgi/schemas.ts'
import { decodeStream } from '../../../../src/dialects/tgi/stream-decoder.ts'
import { streamEncoder } from '../../../../src/dialects/tgi/stream-encoder.ts'

const isEvent = Compile(GenerateEvent)

const encode = (response: InferenceResponse): Buffer => {
  const encoder = streamEncoder()
  return Buffer.concat([...unfold(response)].map((event) => encoder.encode(event) ?? Buffer.alloc(0)))
}
async function* one(bytes: Buffer) {
  yield bytes
}

it.each(['upon a time', ''])('writes what is read again as it was: %j', async (text) => {
  const response: InferenceResponse = {
    model: 'm',
    choices: [{ index: 0, text, finishReason: 'length' }],
    usage: { inputTokens: 3, outputTokens: 4 },
  }
  const bytes = encode(response)
  const events = createSseDecoder()
    .push(bytes)
    .map(({ data }) => JSON.parse(data!) as { generated_text: string | null })
  for (const event of events) expect([...isEvent.Errors(event)]).toEqual([])
  expect(events.map(({ generated_text: whole }) => whole)).toEqual([text])
  const read = await fold(decodeStream(one(bytes), { model: 'm', logprobs: false }))
  expect(read.choices[0]!.text ?? '').toBe(text)
  expect(read).toMatchObject({ choices: [{ finishReason: 'length' }], usage: response.usage })
})
