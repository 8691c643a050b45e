import { Type, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { errorTable } from '../../core/errors.ts'
import { operations } from '../../core/inference.ts'

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

const sampling = Type.Object(
  {
    temperature: maybe(Type.Number()),
    topP: maybe(Type.Number()),
    topK: maybe(Type.Number()),
    minP: maybe(Type.Number()),
    maxTokens: maybe(Type.Integer()),
    stop: maybe(Type.Array(Type.String())),
    seed: maybe(Type.Integer()),
    presencePenalty: maybe(Type.Number()),
    frequencyPenalty: maybe(Type.Number()),
    repeatPenalty: maybe(Type.Number()),
    logitBias: maybe(Type.Record(Type.String(), Type.Number())),
  },
  { description: "An absent one means: the backend's default." },
)

const part = Type.Union([
  Type.Object({ type: Type.Literal('text'), text: Type.String() }),
  Type.Object({
    type: Type.Literal('image'),
    url: text('http(s) or data:'),
    detail: maybe(Type.String()),
  }),
  Type.Object({ type: Type.Literal('audio'), data: text('base64'), format: Type.String() }),
  Type.Object({ type: Type.Literal('other'), value: free('As the client wrote it.') }),
])

const toolCall = Type.Object({
  id: Type.String(),
  name: Type.String(),
  argumentsText: text('JSON, as the model wrote it.'),
})

const message = Type.Object({
  role: Type.Enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: Type.Union([Type.String(), Type.Array(part), Type.Null()]),
  name: maybe(Type.String()),
  toolCalls: maybe(Type.Array(toolCall)),
  toolCallId: maybe(text('On a tool message: the call it answers.')),
  reasoning: maybe(Type.String()),
  extra: maybe(free('Members that have no name here.')),
})

const prompt = Type.Union([Type.String(), Type.Array(Type.Integer())])
const extra = free('Members of the request that have no name here: refuse them or warn of them.')

const input = Type.Union([
  Type.Object({
    operation: Type.Literal('chat'),
    messages: Type.Array(message),
    sampling,
    tools: maybe(
      Type.Array(
        Type.Object({
          name: Type.String(),
          description: maybe(Type.String()),
          parameters: maybe(free('JSON Schema of the arguments.')),
          strict: maybe(Type.Boolean()),
        }),
      ),
    ),
    toolChoice: maybe(
      Type.Union([Type.Enum(['none', 'auto', 'required']), Type.Object({ name: Type.String() })]),
    ),
    parallelToolCalls: maybe(Type.Boolean()),
    responseFormat: maybe(free('{type: "text" | "json"}, or {type: "json-schema", name, schema}.')),
    reasoningEffort: maybe(Type.String()),
    choices: maybe(count('How many answers; 1 when absent.')),
    topLogprobs: maybe(count('Alternatives wanted per token.')),
    extra,
  }),
  Type.Object({
    operation: Type.Literal('complete'),
    prompts: Type.Array(prompt),
    suffix: maybe(Type.String()),
    echo: maybe(Type.Boolean()),
    choices: maybe(count('Per prompt; 1 when absent.')),
    topLogprobs: maybe(count('Alternatives wanted per token.')),
    sampling,
    extra,
  }),
  Type.Object({
    operation: Type.Literal('embed'),
    inputs: Type.Array(prompt),
    dimensions: maybe(count('Wanted length of the vectors.')),
    extra,
  }),
  Type.Object({
    operation: Type.Literal('tokenize'),
    text: maybe(Type.String()),
    messages: maybe(Type.Array(message)),
  }),
])

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
  tokens: maybe(Type.Array(Type.Integer(), { description: 'Of tokenize.' })),
  contextLength: maybe(Type.Integer()),
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
  tokens: line('tokens', { tokens: Type.Array(Type.Integer()), contextLength: maybe(Type.Integer()) }),
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

/** Every word of the protocol in one document. */
export const sidecarDocument = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'The sidecar protocol of mcpd, version 1',
  description: 'HTTP over the Unix socket named by MCPD_SOCKET. docs/adapters.md explains it.',
  $defs: {
    Start: start,
    InferRequest: request,
    InferLine: Type.Union(Object.values(lines), { description: 'One line of the answer of POST /infer.' }),
    Capabilities: capabilities,
    Models: models,
    Health: health,
    Metrics: metrics,
    Error: failure,
  },
}

/** Whether a value is what a sidecar may say there. Lines of answers by their type. */
export const said = {
  lines: new Map(Object.entries(lines).map(([type, schema]) => [type, Compile(schema)])),
  capabilities: Compile(capabilities),
  models: Compile(models),
  health: Compile(health),
  metrics: Compile(metrics),
  failure: Compile(failure),
}
