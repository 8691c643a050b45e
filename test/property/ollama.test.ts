import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { fold, unfold } from '../../src/core/fold.ts'
import type {
  ChatInput,
  Choice,
  CompleteInput,
  EmbedInput,
  InferenceResponse,
} from '../../src/core/inference.ts'
import { encodeChat, encodeComplete, encodeEmbed } from '../../src/dialects/ollama/request-encoder.ts'
import {
  OllamaChatRequest,
  OllamaEmbedRequest,
  OllamaGenerateRequest,
} from '../../src/dialects/ollama/request-schemas.ts'
import { decodeChat, decodeEmbed, decodeGenerate } from '../../src/dialects/ollama/request.ts'
import { decodeResponse, encodeResponse } from '../../src/dialects/ollama/response.ts'
import { decodeStream } from '../../src/dialects/ollama/stream-decoder.ts'
import { streamEncoder } from '../../src/dialects/ollama/stream-encoder.ts'

const ajv = new Ajv({ allowUnionTypes: true, keywords: ['x-exact'] })
const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const someText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/)
const schema = fc.dictionary(name, fc.jsonValue({ maxDepth: 1 }), { noNullPrototype: true })
const base64 = fc
  .uint8Array({ minLength: 1, maxLength: 24 })
  // A first byte that no kind of picture begins with: what is known is given its own type on the way back.
  .map((bytes) => Buffer.from([1, ...bytes]).toString('base64'))

const partial = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [], noNullPrototype: true })

const sampling = partial({
  temperature: fc.double({ min: 0, max: 2, noNaN: true }),
  topP: fc.double({ min: 0, max: 1, noNaN: true }),
  topK: fc.integer({ min: 0, max: 100 }),
  minP: fc.double({ min: 0, max: 1, noNaN: true }),
  maxTokens: fc.integer({ min: 1, max: 10_000 }),
  stop: fc.array(text, { maxLength: 4 }),
  seed: fc.nat(),
  presencePenalty: fc.double({ min: -2, max: 2, noNaN: true }),
  frequencyPenalty: fc.double({ min: -2, max: 2, noNaN: true }),
  repeatPenalty: fc.double({ min: 0, max: 2, noNaN: true }),
})

/** What only Ollama has a name for. */
const extra = partial({
  keep_alive: fc.oneof(fc.integer(), fc.constantFrom('10m', '-1s')),
  truncate: fc.boolean(),
  options: fc.dictionary(
    name.map((text) => `num_${text}`),
    fc.integer(),
    { minKeys: 1, maxKeys: 3, noNullPrototype: true },
  ),
})

const argumentsText = schema.map((value) => JSON.stringify(value))
const toolCall = fc.record({ id: someText, name, argumentsText })
const said = fc.oneof(
  text,
  // One text before the pictures is how Ollama keeps them.
  fc.tuple(fc.option(someText), fc.array(base64, { minLength: 1, maxLength: 2 })).map(([before, images]) => [
    ...(before === null ? [] : [{ type: 'text' as const, text: before }]),
    ...images.map((data) => ({
      type: 'image' as const,
      url: `data:application/octet-stream;base64,${data}`,
    })),
  ]),
)
const message = fc.oneof(
  fc.record({ role: fc.constantFrom('system' as const, 'user' as const), content: said }),
  fc.record(
    {
      role: fc.constant('assistant' as const),
      content: text,
      reasoning: someText,
      toolCalls: fc.array(toolCall, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ['role', 'content'] },
  ),
  fc.record({ role: fc.constant('tool' as const), content: text, name, toolCallId: someText }),
)

const chat: fc.Arbitrary<ChatInput> = fc.record(
  {
    operation: fc.constant('chat'),
    messages: fc.array(message, { minLength: 1, maxLength: 4 }),
    sampling,
    tools: fc.array(fc.record({ name, description: text, parameters: schema }, { requiredKeys: ['name'] }), {
      minLength: 1,
      maxLength: 3,
    }),
    responseFormat: fc.oneof(
      fc.constant({ type: 'json' as const }),
      fc.record({ type: fc.constant('json-schema' as const), name: fc.constant('response'), schema }),
    ),
    reasoningEffort: fc.constantFrom('none', 'low', 'medium', 'high', 'max'),
    topLogprobs: fc.integer({ min: 0, max: 20 }),
    extra,
  },
  { requiredKeys: ['operation', 'messages', 'sampling', 'extra'] },
)

const complete: fc.Arbitrary<CompleteInput> = fc.record(
  {
    operation: fc.constant('complete'),
    prompts: fc.tuple(someText),
    suffix: someText,
    topLogprobs: fc.integer({ min: 0, max: 20 }),
    sampling,
    extra,
  },
  { requiredKeys: ['operation', 'prompts', 'sampling', 'extra'] },
)

const embed: fc.Arbitrary<EmbedInput> = fc.record(
  {
    operation: fc.constant('embed'),
    inputs: fc.array(someText, { maxLength: 3 }),
    dimensions: fc.integer({ min: 1, max: 4096 }),
    extra,
  },
  { requiredKeys: ['operation', 'inputs', 'extra'] },
)

/** What arrives after a trip over the wire. */
const sent = (body: object) => JSON.parse(JSON.stringify(body)) as Record<string, unknown>
/** As JSON has it: -0 is 0. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const checks = {
  chat: ajv.compile(OllamaChatRequest),
  complete: ajv.compile(OllamaGenerateRequest),
  embed: ajv.compile(OllamaEmbedRequest),
}
const options = { model: 'm', stream: false }

it('an input survives the trip to Ollama’s dialect and back', () => {
  fc.assert(
    fc.property(
      fc.oneof<fc.Arbitrary<ChatInput | CompleteInput | EmbedInput>[]>(chat, complete, embed),
      (input) => {
        const encoded =
          input.operation === 'chat'
            ? encodeChat(input, options)
            : input.operation === 'complete'
              ? encodeComplete(input, options)
              : encodeEmbed(input, options)
        const body = sent(encoded.body)
        const check = checks[input.operation]
        expect(check(body), ajv.errorsText(check.errors)).toBe(true)
        expect(encoded.dropped).toEqual([])
        const decode = { chat: decodeChat, complete: decodeGenerate, embed: decodeEmbed }[input.operation]
        expect(plain(decode(body))).toEqual(plain(input))
      },
    ),
    { numRuns: 500 },
  )
})

const choice: fc.Arbitrary<Choice> = fc
  .record(
    {
      index: fc.constant(0),
      text: fc.option(someText),
      reasoning: someText,
      toolCalls: fc.array(toolCall, { minLength: 1, maxLength: 3 }),
      finishReason: fc.constantFrom('stop' as const, 'length' as const),
    },
    { requiredKeys: ['index', 'text', 'finishReason'] },
  )
  // Calls that ended as they should are told by that, in this dialect.
  .map((made) =>
    made.toolCalls && made.finishReason === 'stop' ? { ...made, finishReason: 'tool-calls' } : made,
  )

const duration = fc.nat({ max: 1e12 }).map((nanoseconds) => nanoseconds / 1e6)
const response: fc.Arbitrary<InferenceResponse> = fc.record({
  model: fc.constant('m'),
  choices: fc.tuple(choice),
  usage: fc.record({ inputTokens: fc.nat(), outputTokens: fc.nat() }),
  timings: fc.record({ loadMs: duration, promptMs: duration, generateMs: duration }),
})

const labels = { model: 'm', createdAt: '2026-01-01T00:00:00Z', measured: { totalMs: 1, generateMs: 1 } }

async function* pieces(bytes: Buffer, sizes: readonly number[]) {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

it('a response is the same streamed and whole, however the bytes are cut', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(
      response,
      fc.constantFrom('chat' as const, 'generate' as const),
      sizes,
      async (given, form, sizes) => {
        const whole = decodeResponse(form, sent(encodeResponse(form, given, labels)), 'r')
        const encoder = streamEncoder({
          form,
          id: 'r',
          model: 'm',
          createdAt: () => labels.createdAt,
          measured: () => labels.measured,
        })
        const lines = [...unfold(given)].map((event) => encoder.encode(event) ?? Buffer.alloc(0))
        const streamed = await fold(decodeStream(form, pieces(Buffer.concat(lines), sizes), { id: 'r' }))
        expect(whole).toEqual(given)
        expect(streamed).toEqual(whole)
      },
    ),
    { numRuns: 300 },
  )
})
