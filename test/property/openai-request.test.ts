import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ChatInput, CompleteInput, EmbedInput } from '../../src/core/inference.ts'
import { encodeChat, encodeComplete, encodeEmbed } from '../../src/dialects/openai/request-encoder.ts'
import {
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
} from '../../src/dialects/openai/request-schemas.ts'
import { decodeChat, decodeComplete, decodeEmbed } from '../../src/dialects/openai/request.ts'

const ajv = new Ajv({ allowUnionTypes: true, keywords: ['x-exact'] })
const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/)
const schema = fc.dictionary(name, fc.jsonValue({ maxDepth: 1 }), { noNullPrototype: true })
/** Members that no dialect of ours names; null would count as absent. */
const extra = fc.dictionary(
  name.map((text) => `x_${text}`),
  fc.jsonValue({ maxDepth: 2 }).filter((value) => value !== null),
  { maxKeys: 3, noNullPrototype: true },
)

const partial = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [], noNullPrototype: true })

const sampling = partial({
  temperature: fc.double({ min: 0, max: 2, noNaN: true }),
  topP: fc.double({ min: 0, max: 1, noNaN: true }),
  topK: fc.integer({ min: 1, max: 100 }),
  minP: fc.double({ min: 0, max: 1, noNaN: true }),
  maxTokens: fc.integer({ min: 0, max: 10_000 }),
  stop: fc.array(text, { maxLength: 4 }),
  seed: fc.integer(),
  presencePenalty: fc.double({ min: -2, max: 2, noNaN: true }),
  frequencyPenalty: fc.double({ min: -2, max: 2, noNaN: true }),
  repeatPenalty: fc.double({ min: 0, max: 2, noNaN: true }),
  logitBias: fc.dictionary(fc.nat().map(String), fc.integer({ min: -100, max: 100 }), {
    noNullPrototype: true,
  }),
})

const part = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text }),
  fc.record(
    { type: fc.constant('image' as const), url: text, detail: text },
    { requiredKeys: ['type', 'url'] },
  ),
  fc.record({ type: fc.constant('audio' as const), data: text, format: text }),
  fc.record({
    type: fc.constant('other' as const),
    value: extra.map((members) => ({ type: 'video', ...members })),
  }),
)
const toolCall = fc.record({ id: text, name: text, argumentsText: text })
const optionalMembers = {
  name: text,
  toolCallId: text,
  reasoning: text,
  extra: extra.filter((members) => Object.keys(members).length > 0),
}
const message = fc.oneof(
  fc.record(
    {
      role: fc.constantFrom('system', 'developer', 'user', 'tool'),
      content: fc.oneof(text, fc.array(part)),
      ...optionalMembers,
    },
    { requiredKeys: ['role', 'content'] },
  ),
  fc.record(
    {
      role: fc.constant('assistant' as const),
      content: fc.option(text),
      toolCalls: fc.array(toolCall),
      ...optionalMembers,
    },
    { requiredKeys: ['role', 'content'] },
  ),
)
const tool = fc.record(
  { name, description: text, parameters: schema, strict: fc.boolean() },
  { requiredKeys: ['name'] },
)

const chat: fc.Arbitrary<ChatInput> = fc.record(
  {
    operation: fc.constant('chat'),
    messages: fc.array(message, { minLength: 1, maxLength: 4 }),
    sampling,
    tools: fc.array(tool, { minLength: 1, maxLength: 3 }),
    toolChoice: fc.oneof(fc.constantFrom('none', 'auto', 'required'), fc.record({ name })),
    parallelToolCalls: fc.boolean(),
    responseFormat: fc.oneof(
      fc.record({ type: fc.constantFrom('text', 'json') }),
      fc.record(
        {
          type: fc.constant('json-schema' as const),
          name: text,
          description: text,
          schema: fc.oneof(schema, fc.boolean()),
          strict: fc.boolean(),
        },
        { requiredKeys: ['type', 'name', 'schema'] },
      ),
    ),
    reasoningEffort: text,
    choices: fc.integer({ min: 1, max: 128 }),
    topLogprobs: fc.integer({ min: 0, max: 20 }),
    extra,
  },
  { requiredKeys: ['operation', 'messages', 'sampling', 'extra'] },
)

const tokenLists = fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 3,
})
const inputsOf = (one: fc.Arbitrary<string>) =>
  fc.oneof(fc.array(one, { minLength: 1, maxLength: 3 }), tokenLists)

const complete: fc.Arbitrary<CompleteInput> = fc.record(
  {
    operation: fc.constant('complete'),
    prompts: inputsOf(text),
    suffix: text,
    echo: fc.boolean(),
    choices: fc.integer({ min: 1, max: 128 }),
    topLogprobs: fc.integer({ min: 0, max: 20 }),
    sampling,
    extra,
  },
  { requiredKeys: ['operation', 'prompts', 'sampling', 'extra'] },
)

const embed: fc.Arbitrary<EmbedInput> = fc.record(
  {
    operation: fc.constant('embed'),
    // Nothing has no meaning, so there is no vector of it.
    inputs: inputsOf(text.filter((one) => one !== '')),
    dimensions: fc.integer({ min: 1, max: 4096 }),
    extra,
  },
  { requiredKeys: ['operation', 'inputs', 'extra'] },
)

const options = fc.record({
  model: name,
  stream: fc.boolean(),
  streamUsage: fc.boolean(),
  maxTokensMember: fc.constantFrom('max_tokens', 'max_completion_tokens'),
})

/** What arrives after a trip over the wire. */
const sent = (body: object) => JSON.parse(JSON.stringify(body)) as Record<string, unknown>
/** As JSON has it: -0 is 0. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

it('decodes the chat request it encodes, which its own schema accepts', () => {
  const accepts = ajv.compile(ChatRequest)
  fc.assert(
    fc.property(chat, options, (input, options) => {
      const body = sent(encodeChat(input, options))
      expect(accepts(body), JSON.stringify(accepts.errors)).toBe(true)
      expect(decodeChat(body)).toEqual(plain(input))
    }),
  )
})

it('decodes the completion request it encodes, which its own schema accepts', () => {
  const accepts = ajv.compile(CompletionRequest)
  fc.assert(
    fc.property(complete, options, (input, options) => {
      const body = sent(encodeComplete(input, options))
      expect(accepts(body), JSON.stringify(accepts.errors)).toBe(true)
      expect(decodeComplete(body)).toEqual(plain(input))
    }),
  )
})

it('decodes the embedding request it encodes, which its own schema accepts', () => {
  const accepts = ajv.compile(EmbeddingRequest)
  fc.assert(
    fc.property(embed, options, (input, options) => {
      const body = sent(encodeEmbed(input, options))
      expect(accepts(body), JSON.stringify(accepts.errors)).toBe(true)
      expect(decodeEmbed(body)).toEqual(plain(input))
    }),
  )
})
