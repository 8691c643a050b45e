import type { Static, TObject } from 'typebox'
import { Type } from '../../core/schema.ts'
import { mcpdMember } from '../../core/context-use.ts'
import { imagePattern } from './images.ts'
import { among, exactly, narrowed } from '../exact.ts'
import { optional } from '../nullable.ts'
import { dimensionsMax, topLogprobsNeedLogprobs } from '../openai/request-schemas.ts'

/**
 * The request bodies of Ollama's API as mcpd takes them: known members are checked, never converted; unknown ones
 * are let through, for Ollama ignores them. A member that is null counts as absent. The same objects validate the
 * routes and are published in /openapi.json; what only the published form says (see exact.ts), `decodeChat` and its like
 * refuse.
 */

const text = (description: string) => optional(Type.String({ description }))
const flag = (description: string) => optional(Type.Boolean({ description }))
const number = (description: string, minimum: number, maximum: number) =>
  optional(Type.Number({ minimum, maximum, description }))
/** A member of several types, told apart by `type` alone: `anyOf` would blur what validators say is wrong. */
const either = <T>(types: readonly string[], description: string) =>
  Type.Unsafe<T | null>({ type: [...types, 'null'], description })

const tokensMax = 2 ** 31 - 1
const seedMax = 2 ** 63
const stopsMax = 64

const requiredModel = Type.String({ minLength: 1, maxLength: 1024, description: 'Which model is to answer.' })

/** Ollama cuts the fractions off its whole numbers, so they are not refused here. */
const options = optional(
  Type.Object(
    {
      temperature: number('Sampling temperature.', 0, 100),
      top_p: number('Nucleus sampling: the probability mass to sample from.', 0, 1),
      top_k: number('Tokens to sample from.', -1, tokensMax),
      min_p: number('Least probability relative to the best token.', 0, 1),
      num_predict: number('Most tokens of output; -1 is no limit.', -2, tokensMax),
      stop: optional(
        Type.Array(Type.String(), { maxItems: stopsMax, description: 'Texts that end the output.' }),
      ),
      seed: number('Seed of the sampling; negative is a random one.', -seedMax, seedMax),
      presence_penalty: number('Penalty for tokens that are there already.', -100, 100),
      frequency_penalty: number('Penalty that grows with how often a token is there.', -100, 100),
      repeat_penalty: number('Multiplicative penalty; 1 is none.', 0, 100),
      num_ctx: number('Tokens of context; a change makes Ollama load the model anew.', 0, tokensMax),
    },
    { description: 'Sampling, and how the model is run; what only Ollama knows goes to Ollama only.' },
  ),
)

const common = {
  model: requiredModel,
  options,
  keep_alive: Type.Optional(
    either<string | number>(
      ['string', 'number'],
      'How long the model stays in memory: seconds, or a duration such as 10m; negative is for ever, 0 drops it.',
    ),
  ),
}

const generation = {
  ...common,
  stream: flag('Whether to answer line by line; true when absent.'),
  format: Type.Optional(
    exactly(
      either<string | Record<string, unknown>>(
        ['string', 'object'],
        '"json", or a JSON Schema of the answer.',
      ),
      { anyOf: [among('json', ''), { type: ['object', 'null'] }] },
    ),
  ),
  think: Type.Optional(
    either<boolean | string>(
      ['boolean', 'string'],
      'Whether to reason first, or how much: low, medium, high.',
    ),
  ),
  logprobs: flag('Whether to give the log probability of each token.'),
  top_logprobs: optional(Type.Integer({ minimum: 0, maximum: 20, description: 'Alternatives per token.' })),
}

/** Of base64, which may be long: only decoders look at it. */
const image = exactly(Type.String(), { type: 'string', pattern: imagePattern })
const images = optional(Type.Array(image, { description: 'Pictures, each in base64.' }))

const toolCall = Type.Object({
  id: text('Names the call in the message that answers it.'),
  function: Type.Object({
    name: Type.String(),
    arguments: optional(Type.Object({}, { description: 'An object, not text.' })),
  }),
})

const message = Type.Object(
  {
    role: Type.String({ minLength: 1, description: 'system, user, assistant or tool.' }),
    content: text('What is said.'),
    thinking: text('What the model thought before it answered.'),
    images,
    tool_calls: optional(Type.Array(toolCall)),
    tool_name: text('On a tool message: the tool that was called.'),
    tool_call_id: text('On a tool message: the call it answers.'),
  },
  { description: 'A message of the conversation.' },
)

const tool = Type.Object(
  {
    type: text('function'),
    function: Type.Object({
      name: Type.String({ minLength: 1 }),
      description: text('What it does, for the model.'),
      parameters: optional(Type.Object({}, { description: 'JSON Schema of the arguments.' })),
    }),
  },
  { description: 'A tool that the model may call.' },
)

const openChatRequest = Type.Object(
  {
    ...generation,
    messages: optional(
      Type.Array(message, { description: 'The conversation so far. Without any, the model is only loaded.' }),
    ),
    tools: optional(Type.Array(tool)),
    mcpd: mcpdMember,
  },
  { $id: 'OllamaChatRequest', description: 'A conversation to continue.' },
)
export const OllamaChatRequest = exactly(openChatRequest, {
  ...narrowed(openChatRequest),
  ...topLogprobsNeedLogprobs,
})

const openGenerateRequest = Type.Object(
  {
    ...generation,
    prompt: text('What is asked. Without it the model is only loaded.'),
    suffix: text('Text after the completion.'),
    system: text('Said before the prompt, in place of what the model has.'),
    template: text("In place of the model's own template; only Ollama has it."),
    raw: flag('Whether the prompt goes to the model as it is, without a template.'),
    images,
  },
  {
    $id: 'OllamaGenerateRequest',
    description: 'A prompt to answer; with `raw` or `suffix`, a text to continue or to fill in.',
  },
)
export const OllamaGenerateRequest = exactly(openGenerateRequest, {
  ...narrowed(openGenerateRequest),
  ...topLogprobsNeedLogprobs,
})

export const OllamaEmbedRequest = Type.Object(
  {
    ...common,
    input: Type.Optional(
      Type.Union([Type.String(), Type.Array(Type.String()), Type.Null()], {
        description: 'One text or several. Without any, the model is only loaded.',
      }),
    ),
    dimensions: optional(
      Type.Integer({ minimum: 0, maximum: dimensionsMax, description: 'Length of the vectors.' }),
    ),
    truncate: flag('Whether to cut what is too long; true when absent.'),
  },
  { $id: 'OllamaEmbedRequest', description: 'Texts to turn into vectors.' },
)

export const OllamaEmbeddingsRequest = Type.Object(
  { ...common, prompt: text('The text.') },
  { $id: 'OllamaEmbeddingsRequest', description: 'A text to turn into a vector; /api/embed takes several.' },
)

/** `name` is what `model` was called first; the official clients still send it. */
const named = {
  model: text('Which model.'),
  name: text('model, as older clients call it.'),
}

const nameOf = Type.String({ minLength: 1 })
const withName = <T extends TObject>(schema: T): T =>
  exactly(schema, {
    anyOf: [
      narrowed(schema, { properties: { model: nameOf }, required: ['model'] }),
      narrowed(schema, { properties: { name: nameOf }, required: ['name'] }),
    ],
  })

export const OllamaShowRequest = withName(
  Type.Object(
    { ...named, verbose: flag('Whether to give the long lists too.') },
    { $id: 'OllamaShowRequest', description: 'A model to describe.' },
  ),
)

export const OllamaPullRequest = withName(
  Type.Object(
    { ...named, stream: flag('Whether to tell the progress line by line; true when absent.') },
    { $id: 'OllamaPullRequest', description: 'A model to fetch.' },
  ),
)

export const OllamaDeleteRequest = withName(
  Type.Object(named, { $id: 'OllamaDeleteRequest', description: 'A model to remove.' }),
)

export type ChatBody = Static<typeof OllamaChatRequest>
export type GenerateBody = Static<typeof OllamaGenerateRequest>
export type EmbedBody = Static<typeof OllamaEmbedRequest>
export type EmbeddingsBody = Static<typeof OllamaEmbeddingsRequest>
export type NamedBody = Static<typeof OllamaShowRequest>
export type MessageBody = Static<typeof message>
