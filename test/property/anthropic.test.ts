import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold, unfold } from '../../src/core/fold.ts'
import type { Choice, InferenceResponse } from '../../src/core/inference.ts'
import { decodeChat } from '../../src/dialects/anthropic/request.ts'
import { encodeChat } from '../../src/dialects/anthropic/request-encoder.ts'
import { decodeResponse, encodeResponse } from '../../src/dialects/anthropic/response.ts'
import { decodeStream } from '../../src/dialects/anthropic/stream-decoder.ts'
import { streamEncoder } from '../../src/dialects/anthropic/stream-encoder.ts'

/** Whatever is said in one dialect comes back from the other as it was. */

const text = fc.string({ unit: 'grapheme', minLength: 1 })
const name = fc.stringMatching(/^[a-z]{1,8}$/)
const toolCall = fc.record({
  id: name,
  name,
  argumentsText: fc
    .dictionary(name, fc.oneof(text, fc.integer(), fc.boolean()))
    .map((value) => JSON.stringify(value)),
})

const response: fc.Arbitrary<InferenceResponse> = fc
  .record({
    text: fc.option(text),
    reasoning: fc.option(text),
    toolCalls: fc.option(fc.uniqueArray(toolCall, { minLength: 1, maxLength: 4, selector: ({ id }) => id })),
    finishReason: fc.constantFrom('stop' as const, 'length' as const, 'tool-calls' as const),
    inputTokens: fc.nat(),
    outputTokens: fc.nat(),
  })
  .map(({ text: said, reasoning, toolCalls, finishReason, inputTokens, outputTokens }) => {
    const choice: Choice = {
      index: 0,
      text: said,
      ...(reasoning !== null && { reasoning }),
      ...(toolCalls && { toolCalls }),
      finishReason,
    }
    return { model: 'm', id: 'msg_1', choices: [choice], usage: { inputTokens, outputTokens } }
  })

const label = { id: 'msg_1', model: 'm' }

describe('an answer', () => {
  it('is the same after encoding and decoding, whole', () => {
    fc.assert(
      fc.property(response, (answer) => {
        const body: unknown = JSON.parse(JSON.stringify(encodeResponse(answer, label)))
        expect(decodeResponse(body as never)).toEqual(answer)
      }),
    )
  })

  it('is the same after encoding and decoding, streamed and cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(response, fc.integer({ min: 1, max: 50 }), async (answer, size) => {
        const encoder = streamEncoder({ ...label, requestId: 'r' })
        const bytes = Buffer.concat(
          [...unfold(answer)].map((event) => encoder.encode(event) ?? Buffer.alloc(0)),
        )
        async function* pieces() {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
        }
        expect(await fold(decodeStream(pieces()))).toEqual(answer)
      }),
    )
  })
})

const user = text.map((content) => ({ role: 'user' as const, content }))
const turn = fc
  .record({ content: text, toolCalls: fc.option(fc.tuple(toolCall)) })
  .map(({ content, toolCalls }) => [
    { role: 'assistant' as const, content, ...(toolCalls && { toolCalls }) },
    ...(toolCalls ? [{ role: 'tool' as const, content: 'done', toolCallId: toolCalls[0].id }] : []),
  ])

it('a conversation is the same after encoding and decoding', () => {
  fc.assert(
    fc.property(user, fc.array(fc.tuple(turn, user), { maxLength: 4 }), (first, rest) => {
      const input = {
        operation: 'chat' as const,
        messages: [first, ...rest.flatMap(([turns, next]) => [...turns, next])],
        sampling: { maxTokens: 5 },
        extra: {},
      }
      const { body, warnings } = encodeChat(input, { model: 'm', stream: false, maxTokens: 1 })
      expect(warnings).toEqual([])
      expect(decodeChat(JSON.parse(JSON.stringify(body)) as never)).toEqual(input)
    }),
  )
})
