import type { TSchema } from 'typebox'
import { errorTable } from '../../core/errors.ts'
import { operations } from '../../core/inference.ts'
import { checkLater } from '../../core/schema-check.ts'
import { Type } from '../../core/schema.ts'
import { tensorSchema as tensor } from '../../core/tensor-schema.ts'
import { input, toolCall } from './input-schemas.ts'

/**
 * The words of the sidecar protocol as JSON Schema, published as docs/schemas/sidecar.json. What a sidecar sends is
 * checked against them; members that they do not name are let pass, so that either side may be the newer one.
 */

const text = (description: string) => Type.String({ description })
const count = (description: string) => Type.Integer({ minimum: 0, description })
const maybe = Type.Optional
const operation = Type.Enum([...operations])
const free = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description })
const milliseconds = Type.Number({ minimum: 0 })

// ---- from the daemon ----

const start = Type.Object(
  {
    name: text("The backend's name in the config."),
    options: free("The adapter's options: what stands in the config beside the settings of every backend."),
  },
  { description: 'The first line of standard input. Standard input ends when the daemon does.' },
)

const request = Type.Object(
  {
    id: Type.String(),
    principal: Type.Object({
      tenant: Type.String(),
      keyId: Type.String(),
      scopes: Type.Array(Type.String()),
    }),
    model: text("The backend's own name of the model."),
    input,
    stream: Type.Boolean({ description: 'Whether the client wants the answer piece by piece.' }),
    priority: maybe(Type.Enum(['high', 'normal', 'low'])),
  },
  { description: 'The body of POST /infer. The connection that closes is the client that went away.' },
)

const modelRequest = Type.Object(
  {
    model: text("The backend's own name of the model."),
    keepAlive: maybe(
      Type.Union([Type.String(), Type.Number()], {
        description: 'Of /models/load: how long it stays unused, in seconds or such as 10m.',
      }),
    ),
  },
  { description: 'The body of POST /models/load, unload, pull and remove, and of POST /describe.' },
)

// ---- from the sidecar ----

const usage = Type.Object({
  inputTokens: count('Tokens read.'),
  outputTokens: count('Tokens written.'),
  cachedTokens: maybe(count('Input tokens served from a prefix cache.')),
  reasoningTokens: maybe(count('Output tokens spent on reasoning.')),
})

const logprob = Type.Object({
  token: Type.String(),
  logprob: Type.Number(),
  bytes: maybe(Type.Union([Type.Array(Type.Integer()), Type.Null()])),
  top: maybe(Type.Array(Type.Object({ token: Type.String(), logprob: Type.Number() }))),
})

const finishReason = Type.Enum(['stop', 'length', 'tool-calls', 'content-filter', 'other'])
const timings = Type.Object({
  loadMs: maybe(milliseconds),
  promptMs: maybe(milliseconds),
  generateMs: maybe(milliseconds),
})
const index = count('The choice it belongs to, from 0 on.')
const vector = Type.Array(Type.Number())
const ranking = Type.Array(Type.Object({ index: count('Of the document.'), score: Type.Number() }), {
  description: 'Of rerank, best first.',
})

const response = Type.Object({
  model: Type.String(),
  id: maybe(Type.String()),
  choices: Type.Array(
    Type.Object({
      index,
      text: Type.Union([Type.String(), Type.Null()]),
      reasoning: maybe(Type.String()),
      toolCalls: maybe(Type.Array(toolCall)),
      logprobs: maybe(Type.Array(logprob)),
      finishReason,
    }),
    { description: 'Of chat and complete; empty for the others.' },
  ),
  embeddings: maybe(Type.Array(vector, { description: 'Of embed: one per input, in order.' })),
  ranking: maybe(ranking),
  tokens: maybe(Type.Array(Type.Integer(), { description: 'Of tokenize.' })),
  tokenCount: maybe(count('Of tokenize, where only the number is known; tokens is empty then.')),
  contextLength: maybe(Type.Integer()),
  tensors: maybe(Type.Array(tensor, { description: 'Of infer.' })),
  usage: maybe(usage),
  timings: maybe(timings),
})

const failure = Type.Object(
  {
    type: Type.Literal('error'),
    code: Type.Enum(Object.keys(errorTable), {
      description: 'A row of docs/errors.md. CONFIG_INVALID to GET /capabilities means: never again.',
    }),
    message: Type.String(),
    details: maybe(
      Type.Object({
        status: maybe(Type.Integer({ minimum: 400, maximum: 599 })),
        param: maybe(text('The request field at fault.')),
        retryAfterSeconds: maybe(Type.Number({ minimum: 0 })),
        suggestions: maybe(Type.Array(Type.String(), { description: 'What to do next.' })),
      }),
    ),
  },
  { description: 'The last line of an answer that failed, or the body of a status of 400 and above.' },
)

const line = <Members extends Record<string, TSchema>>(type: string, members: Members) =>
  Type.Object({ type: Type.Literal(type), ...members })

/** The lines of an answer of `POST /infer`, by their type. */
const lines = {
  start: line('start', { model: Type.String(), id: maybe(Type.String()) }),
  'text-delta': line('text-delta', {
    index,
    text: Type.String(),
    logprobs: maybe(Type.Array(logprob)),
  }),
  'reasoning-delta': line('reasoning-delta', { index, text: Type.String() }),
  'tool-call-delta': line('tool-call-delta', {
    index,
    call: count('Which tool call of the choice.'),
    id: maybe(Type.String()),
    name: maybe(Type.String()),
    argumentsText: Type.String(),
  }),
  embedding: line('embedding', { index, values: vector }),
  ranking: line('ranking', { ranking }),
  tokens: line('tokens', {
    tokens: Type.Array(Type.Integer()),
    count: maybe(count('Where only the number is known; tokens is empty then.')),
    contextLength: maybe(Type.Integer()),
  }),
  tensors: line('tensors', { tensors: Type.Array(tensor) }),
  finish: line('finish', { index, reason: finishReason }),
  usage: line('usage', { usage }),
  end: line('end', { timings: maybe(timings) }),
  whole: line('whole', { usage: maybe(usage), response }),
  warnings: line('warnings', { warnings: Type.Array(Type.String()) }),
  error: failure,
}

const capabilities = Type.Object(
  {
    specVersion: Type.Literal(1),
    operations: Type.Array(operation, { minItems: 1 }),
    uses: maybe(Type.Array(Type.String(), { description: "Operations of the runtime's API it relies on." })),
    metrics: maybe(Type.Boolean({ description: 'Whether there is GET /metrics.' })),
    manage: maybe(
      Type.Array(Type.Enum(['load', 'unload', 'pull', 'remove']), {
        description: 'Which of POST /models/load, unload, pull and remove there are.',
      }),
    ),
    describe: maybe(Type.Boolean({ description: 'Whether there is POST /describe.' })),
  },
  { description: 'The answer of GET /capabilities, which is held back until the sidecar can serve.' },
)

const model = Type.Object({
  name: Type.String({ minLength: 1 }),
  aliases: maybe(Type.Array(Type.String())),
  operations: Type.Array(operation),
  contextLength: maybe(count('Tokens of context it takes.')),
  trainedContextLength: maybe(count('Tokens of context it was trained for.')),
  embeddingDimensions: maybe(count('Length of its vectors.')),
  embeddingBatchMax: maybe(Type.Integer({ minimum: 1, description: 'Inputs of one embed request.' })),
  capabilities: maybe(Type.Array(Type.Enum(['tools', 'vision', 'audio', 'structured-output', 'reasoning']))),
  streaming: maybe(Type.Boolean()),
  description: maybe(Type.String()),
  created: maybe(Type.Number({ description: 'Unix seconds.' })),
  ownedBy: maybe(Type.String()),
})

const models = Type.Array(model, { maxItems: 10_000, description: 'The answer of GET /models.' })

const health = Type.Object(
  { ok: Type.Boolean(), detail: maybe(Type.String()), version: maybe(Type.String()) },
  { description: 'The answer of GET /health.' },
)

const metrics = Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_:]*$' }), Type.Number(), {
  description: 'The answer of GET /metrics: gauges by name.',
})

const progress = Type.Object(
  {
    status: Type.String(),
    totalBytes: maybe(count('Of the file.')),
    completedBytes: maybe(count('Of the file.')),
    digest: maybe(text('The file that is being fetched.')),
  },
  { description: 'One line of the answer of POST /models/pull, of which the last may be an Error.' },
)

const description = Type.Object(
  { dialect: text('Whose words the body is in, such as ollama.'), body: free('What the runtime says.') },
  { description: 'The answer of POST /describe.' },
)

/** Every word of the protocol in one document. */
export const sidecarDocument = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'The sidecar protocol of mcpd, version 1',
  description: 'HTTP over the Unix socket named by MCPD_SOCKET. docs/adapters.md explains it.',
  $defs: {
    Start: start,
    InferRequest: request,
    ModelRequest: modelRequest,
    InferLine: Type.Union(Object.values(lines), { description: 'One line of the answer of POST /infer.' }),
    Capabilities: capabilities,
    Models: models,
    Health: health,
    Metrics: metrics,
    Progress: progress,
    Description: description,
    Error: failure,
  },
}

/** Whether a value is what a sidecar may say there. Lines of answers by their type. */
export const said = {
  lines: new Map(Object.entries(lines).map(([type, schema]) => [type, checkLater(schema)])),
  capabilities: checkLater(capabilities),
  models: checkLater(models),
  health: checkLater(health),
  metrics: checkLater(metrics),
  progress: checkLater(progress),
  description: checkLater(description),
  failure: checkLater(failure),
}
