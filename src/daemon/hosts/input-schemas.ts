import { Type } from '../../core/schema.ts'
import { tensorParametersSchema, tensorSchema, wantedOutputSchema } from '../../core/tensor-schema.ts'

/** What a request asks for, as the sidecar protocol has it. */

const text = (description: string) => Type.String({ description })
const count = (description: string) => Type.Integer({ minimum: 0, description })
const maybe = Type.Optional
const free = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description })

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

export const toolCall = Type.Object({
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

/** `input` of a request, by its operation. */
export const input = Type.Union([
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
    operation: Type.Literal('rerank'),
    query: Type.String(),
    documents: Type.Array(Type.String()),
    topN: maybe(count('How many of the best are wanted; all when absent.')),
    extra,
  }),
  Type.Object({
    operation: Type.Literal('tokenize'),
    text: maybe(Type.String()),
    messages: maybe(Type.Array(message)),
  }),
  Type.Object({
    operation: Type.Literal('infer'),
    inputs: Type.Array(tensorSchema),
    outputs: maybe(Type.Array(wantedOutputSchema)),
    parameters: maybe(tensorParametersSchema),
    extra,
  }),
])
