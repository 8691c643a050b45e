import { Type } from '../../core/schema.ts'
import { optional } from '../nullable.ts'

/**
 * The response bodies of Ollama's API. They hold for what mcpd writes itself and for what it passes through
 * untouched, so they ask of a backend only what every version sends, and are open to more.
 */

const count = optional(Type.Integer({ minimum: 0 }))
const nanoseconds = optional(Type.Integer({ minimum: 0, description: 'Nanoseconds.' }))
const createdAt = Type.String({ description: 'RFC 3339.' })

const entry = { token: Type.String(), logprob: Type.Number(), bytes: optional(Type.Array(Type.Integer())) }

const generation = {
  model: Type.String(),
  created_at: createdAt,
  done: Type.Boolean({
    description: 'True in the last line of a stream, and in an answer that is not streamed.',
  }),
  done_reason: optional(
    Type.String({ description: 'stop, length, load, unload, or another word of the backend.' }),
  ),
  logprobs: optional(
    Type.Array(Type.Object({ ...entry, top_logprobs: optional(Type.Array(Type.Object(entry))) })),
  ),
  total_duration: nanoseconds,
  load_duration: nanoseconds,
  prompt_eval_count: count,
  prompt_eval_duration: nanoseconds,
  eval_count: count,
  eval_duration: nanoseconds,
}

const toolCalls = optional(
  Type.Array(
    Type.Object({
      id: optional(Type.String()),
      function: Type.Object({
        index: optional(Type.Integer()),
        name: Type.String(),
        arguments: Type.Object({}, { description: 'An object, not text.' }),
      }),
    }),
  ),
)

export const OllamaChatResponse = Type.Object(
  {
    ...generation,
    message: Type.Object({
      role: Type.String(),
      content: optional(Type.String()),
      thinking: optional(Type.String({ description: 'What the model thought before it answered.' })),
      tool_calls: toolCalls,
    }),
  },
  {
    $id: 'OllamaChatResponse',
    description: 'The answer to a chat request, and each line of a streamed one.',
  },
)

export const OllamaGenerateResponse = Type.Object(
  {
    ...generation,
    response: optional(Type.String()),
    thinking: optional(Type.String()),
    tool_calls: toolCalls,
  },
  { $id: 'OllamaGenerateResponse', description: 'The answer to a prompt, and each line of a streamed one.' },
)

const vector = Type.Array(Type.Number())

export const OllamaEmbedResponse = Type.Object(
  {
    model: Type.String(),
    embeddings: Type.Array(vector),
    total_duration: nanoseconds,
    load_duration: nanoseconds,
    prompt_eval_count: count,
  },
  { $id: 'OllamaEmbedResponse', description: 'Vectors in the order of their texts.' },
)

export const OllamaEmbeddingsResponse = Type.Object(
  { embedding: vector },
  { $id: 'OllamaEmbeddingsResponse', description: 'One vector.' },
)

const details = Type.Object({
  parent_model: optional(Type.String()),
  format: Type.String(),
  family: Type.String(),
  families: optional(Type.Array(Type.String())),
  parameter_size: Type.String(),
  quantization_level: Type.String(),
})

const listed = {
  name: Type.String(),
  model: Type.String(),
  size: Type.Integer({ minimum: 0, description: 'Bytes; 0 where the backend does not say.' }),
  digest: Type.String({ description: "Of the model's files; of its id where the backend has none." }),
  details,
}

export const OllamaTags = Type.Object(
  { models: Type.Array(Type.Object({ ...listed, modified_at: createdAt })) },
  { $id: 'OllamaTags', description: 'All models that can be asked for.' },
)

export const OllamaPs = Type.Object(
  {
    models: Type.Array(
      Type.Object({
        ...listed,
        expires_at: Type.String({ description: 'RFC 3339; when it leaves memory if nobody uses it.' }),
        size_vram: Type.Integer({ minimum: 0, description: 'Bytes on the graphics card.' }),
        context_length: optional(Type.Integer({ minimum: 0 })),
      }),
    ),
  },
  { $id: 'OllamaPs', description: 'The models that are in memory.' },
)

export const OllamaShow = Type.Object(
  {
    details,
    model_info: Type.Record(Type.String(), Type.Unknown(), {
      description:
        'Facts by name, such as llama.context_length; general.architecture says what stands before the dot.',
    }),
    capabilities: Type.Array(Type.String(), {
      description: 'completion, embedding, tools, vision, thinking, …',
    }),
    modified_at: optional(createdAt),
    modelfile: optional(Type.String()),
    parameters: optional(Type.String()),
    template: optional(Type.String()),
  },
  { $id: 'OllamaShow', description: 'What a model is and can do.' },
)

export const OllamaVersion = Type.Object(
  {
    version: Type.String({
      description: "Of Ollama's API that is spoken here: clients refuse what they find too old.",
    }),
    mcpd: Type.String({ description: 'Of mcpd itself.' }),
  },
  { $id: 'OllamaVersion', description: 'What speaks here.' },
)

export const OllamaProgress = Type.Object(
  {
    status: Type.String({ description: 'success in the last line.' }),
    digest: optional(Type.String()),
    total: optional(Type.Integer({ minimum: 0, description: 'Bytes.' })),
    completed: optional(Type.Integer({ minimum: 0, description: 'Bytes.' })),
  },
  { $id: 'OllamaProgress', description: 'How far a pull has come.' },
)

export const OllamaError = Type.Object(
  { error: Type.String({ description: 'What happened and what to do next.' }) },
  {
    $id: 'OllamaError',
    description: 'An error, before the first byte of an answer or as a stream’s last line.',
  },
)
