import * as fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import { bodyOf, messageOf } from '../../src/core/canonical-json.ts'
import { createFold } from '../../src/core/fold.ts'
import type { InferenceEvent, Message } from '../../src/core/inference.ts'
import { createSseDecoder } from '../../src/core/sse.ts'
import { encodeItems } from '../../src/dialects/responses/item-encoder.ts'
import { decodeRequest } from '../../src/dialects/responses/request.ts'
import { ResponseRequest } from '../../src/dialects/responses/request-schemas.ts'
import { decodeItems } from '../../src/dialects/responses/items.ts'
import type { AnyItem, ResponseBody } from '../../src/dialects/responses/response-schemas.ts'
import { ConversationItem, ResponseStreamEvent } from '../../src/dialects/responses/response-schemas.ts'
import { encodeResponse } from '../../src/dialects/responses/response.ts'
import { settingsOf } from '../../src/dialects/responses/settings.ts'
import { streamEncoder } from '../../src/dialects/responses/stream-encoder.ts'

const isItem = Compile(ConversationItem)
const isEvent = Compile(ResponseStreamEvent)

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const part = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text }),
  fc.record({ type: fc.constant('image' as const), url: text, detail: fc.constantFrom('low', 'auto') }),
  fc.record({ type: fc.constant('audio' as const), data: text, format: text }),
)
const content = fc.oneof(text, fc.array(part, { minLength: 1, maxLength: 3 }))
const calls = fc.array(fc.record({ id: word, name: word, argumentsText: text }), {
  minLength: 1,
  maxLength: 3,
})
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ role: fc.constantFrom('user' as const, 'system' as const, 'developer' as const), content }),
  fc.record({ role: fc.constant('tool' as const), content, toolCallId: word }),
  fc
    .record({ reasoning: text, content: text, toolCalls: fc.option(calls, { nil: undefined }) })
    .map(({ reasoning, content, toolCalls }) => ({
      role: 'assistant' as const,
      // Beside reasoning, no text and an empty text are the same.
      content: content === '' && reasoning !== '' ? null : content,
      ...(reasoning !== '' && { reasoning }),
      ...(toolCalls && { toolCalls }),
    })),
)

it('items of a stored message read back as the message', () => {
  fc.assert(
    fc.property(message, (given) => {
      const stored = messageOf(bodyOf(given))
      const items: AnyItem[] = encodeItems('t1', stored)
      expect(items.flatMap((item) => [...isItem.Errors(item)])).toEqual([])
      expect(decodeItems(items).map(bodyOf)).toEqual([bodyOf(stored)])
    }),
  )
})

const odd = <T>(sound: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: sound, weight: 3 }, { arbitrary: fc.constant(null), weight: 1 })
const partial = (model: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record(model, { requiredKeys: [], noNullPrototype: true })
const anyPart = partial({
  type: fc.constantFrom(
    'input_text',
    'output_text',
    'refusal',
    'input_image',
    'input_file',
    'input_audio',
    'x',
  ),
  text: odd(text),
  refusal: odd(text),
  image_url: odd(text),
  file_data: odd(text),
  file_id: odd(text),
  input_audio: odd(fc.record({ data: text, format: text })),
})
const anyContent = fc.oneof(text, fc.array(anyPart, { maxLength: 2 }))
const anyItem = partial({
  type: odd(
    fc.constantFrom('message', 'reasoning', 'function_call', 'function_call_output', 'item_reference', 'x'),
  ),
  id: odd(text),
  role: fc.constantFrom('user', 'assistant', 'system', 'developer'),
  content: odd(anyContent),
  call_id: odd(text),
  name: odd(text),
  arguments: odd(text),
  output: anyContent,
  summary: odd(fc.array(anyPart, { maxLength: 2 })),
})
const anyRequest = partial({
  input: fc.oneof(text, fc.array(anyItem, { maxLength: 3 })),
  instructions: odd(text),
  tools: odd(fc.array(partial({ type: fc.constantFrom('function', 'x'), name: text }), { maxLength: 2 })),
  tool_choice: odd(
    fc.oneof(
      fc.constantFrom('none', 'auto', 'required'),
      partial({ type: fc.constantFrom('function', 'allowed_tools', 'x'), name: text }),
    ),
  ),
  text: odd(partial({ format: odd(partial({ type: fc.constantFrom('text', 'json_schema', 'x') })) })),
  reasoning: odd(partial({ effort: odd(text), summary: odd(text) })),
  metadata: odd(fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true })),
  background: fc.boolean(),
  x: fc.jsonValue({ maxDepth: 1 }),
}).map((request) => ({ model: 'm', ...request }))

it('a request that its schema takes is read, or refused in words', () => {
  const isRequest = Compile(ResponseRequest)
  let read = 0
  fc.assert(
    fc.property(anyRequest, (request) => {
      fc.pre(isRequest.Check(request))
      try {
        const { input } = decodeRequest(request)
        read += 1
        for (const each of input.messages) expect(messageOf(bodyOf(each)).role).toBe(each.role)
      } catch (error) {
        expect(error).toMatchObject({ code: 'BAD_REQUEST', details: { param: expect.any(String) as string } })
      }
    }),
    { numRuns: 500 },
  )
  expect(read).toBeGreaterThan(20)
})

const delta: fc.Arbitrary<InferenceEvent> = fc.oneof(
  fc.record({ type: fc.constant('text-delta' as const), index: fc.constantFrom(0, 1), text }),
  fc.record({ type: fc.constant('reasoning-delta' as const), index: fc.constantFrom(0, 1), text }),
  fc.record({
    type: fc.constant('tool-call-delta' as const),
    index: fc.constant(0),
    call: fc.nat(2),
    id: word,
    name: word,
    argumentsText: text,
  }),
)
const facts = { turn: 't1', model: 'm', createdSeconds: 1, settings: settingsOf({ model: 'm' }, {}) }

interface Written {
  readonly type: string
  readonly sequence_number: number
  readonly response?: ResponseBody
}

/** What an answer says of each kind, in whatever order its items come; reasoning may be several of a stream. */
const saidBy = (output: ResponseBody['output']) => ({
  reasoning: output
    .flatMap((item) => (item.type === 'reasoning' ? item.content : []))
    .map(({ text }) => text)
    .join(''),
  text: output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map(({ text }) => text)
    .join(''),
  calls: output
    .flatMap((item) =>
      item.type === 'function_call' ? [[item.call_id, item.name, item.arguments].join('\0')] : [],
    )
    .toSorted(),
})

it('a stream is made of valid events in order, and says what the whole answer does', () => {
  fc.assert(
    fc.property(fc.array(delta, { maxLength: 12 }), (deltas) => {
      const events: InferenceEvent[] = [
        { type: 'start', model: 'm' },
        ...deltas,
        { type: 'finish', index: 0, reason: 'stop' },
        { type: 'end' },
      ]
      const encoder = streamEncoder(facts)
      const bytes = Buffer.concat(events.map((event) => encoder.encode(event) ?? Buffer.alloc(0)))
      const written = createSseDecoder()
        .push(bytes)
        .map(({ data }) => JSON.parse(data!) as Written)
      expect(written.flatMap((event) => [...isEvent.Errors(event)])).toEqual([])
      expect(written.map(({ sequence_number: number }) => number)).toEqual(written.map((_, at) => at))

      const folding = createFold()
      for (const event of events) folding.push(event)
      const whole = encodeResponse(folding.result(), facts)
      const last = written.at(-1)!
      expect(last.type).toBe('response.completed')
      expect(saidBy(last.response!.output)).toEqual(saidBy(whole.output))
    }),
  )
})
