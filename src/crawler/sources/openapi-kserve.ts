import type { Json } from '../../openapi/json.ts'

/** What a server of the Open Inference Protocol says of itself. */
export interface KserveServer {
  readonly name: string
  readonly version: string
  readonly extensions: readonly string[]
}

export interface KserveModel {
  readonly name: string
  readonly platform: string
  readonly inputs: readonly KserveTensor[]
  readonly outputs: readonly KserveTensor[]
  /** Answers a request any number of times, so only by a stream. */
  readonly decoupled: boolean
  /** The first dimension is a batch of at most so many. */
  readonly batchMax?: number
}

export interface KserveTensor {
  readonly name: string
  /** `FP32`, `BYTES` and so on. */
  readonly datatype: string
  /** -1 is any length. */
  readonly shape: readonly number[]
  readonly isOptional: boolean
}

type Schema = { readonly [keyword: string]: Json }

/** An OpenAPI 3.1 document with the paths of every model and schemas of its own tensors. The same facts, the same text. */
export const synthesise = (server: KserveServer, models: readonly KserveModel[]): Json => {
  const generates = server.extensions.includes('generate') || server.name === 'triton'
  return {
    openapi: '3.1.0',
    info: {
      title: `${server.name} (Open Inference Protocol)`,
      version: server.version,
      description:
        'Made by mcpd from the metadata and the configuration of the models; the server publishes no document.',
    },
    paths: {
      '/v2': {
        get: operation(
          'serverMetadata',
          'What the server is',
          object({ name: text, version: text, extensions: list(text) }),
        ),
      },
      '/v2/health/live': { get: operation('serverLive', 'Whether it lives') },
      '/v2/health/ready': { get: operation('serverReady', 'Whether it can serve') },
      ...Object.assign({}, ...models.map((model) => pathsOf(model, generates))),
    },
    components: { schemas: { Error: object({ error: text }, ['error']), Parameters: parameters } },
  }
}

const text: Schema = { type: 'string' }
const list = (items: Schema): Schema => ({ type: 'array', items })
const object = (
  properties: Readonly<Record<string, Json>>,
  required: readonly string[] = Object.keys(properties),
): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
})
const parameters: Schema = { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } }
const parametersReference: Schema = { $ref: '#/components/schemas/Parameters' }
const json = (schema: Schema): Json => ({ 'application/json': { schema } })

const operation = (operationId: string, summary: string, answer?: Schema, body?: Schema): Json => ({
  operationId,
  summary,
  ...(body && { requestBody: { required: true, content: json(body) } }),
  responses: {
    '200': { description: 'The answer.', ...(answer && { content: json(answer) }) },
    '4XX': { description: 'Why not.', content: json({ $ref: '#/components/schemas/Error' }) },
  },
})

const pathsOf = (model: KserveModel, generates: boolean): Record<string, Json> => {
  const path = `/v2/models/${encodeURIComponent(model.name)}`
  const id = model.name.replaceAll(/[^A-Za-z0-9_]/g, '_')
  const metadata = object(
    {
      name: text,
      versions: list(text),
      platform: text,
      inputs: list(tensorFacts),
      outputs: list(tensorFacts),
    },
    ['name', 'inputs', 'outputs'],
  )
  return {
    [path]: { get: operation(`${id}_metadata`, `Tensors of ${model.name}`, metadata) },
    [`${path}/ready`]: { get: operation(`${id}_ready`, `Whether ${model.name} can serve`) },
    // A decoupled model refuses plain inference over HTTP.
    ...(!model.decoupled && {
      [`${path}/infer`]: {
        post: operation(`${id}_infer`, `Run ${model.name}`, inferAnswer(model), inferRequest(model)),
      },
    }),
    ...(generates && {
      [`${path}/generate`]: {
        post: operation(
          `${id}_generate`,
          `Run ${model.name}, tensors by name`,
          generateAnswer(model),
          generateRequest(model),
        ),
      },
      [`${path}/generate_stream`]: { post: stream(id, model) },
    }),
  }
}

const tensorFacts = object({ name: text, datatype: text, shape: list({ type: 'integer' }) })

const inferRequest = (model: KserveModel): Schema =>
  object(
    {
      id: text,
      parameters: parametersReference,
      inputs: tensorList(model.inputs, model.batchMax),
      outputs: list(object({ name: nameOf(model.outputs), parameters: parametersReference }, ['name'])),
    },
    ['inputs'],
  )

const inferAnswer = (model: KserveModel): Schema =>
  object(
    {
      id: text,
      model_name: { const: model.name },
      model_version: text,
      parameters: parametersReference,
      outputs: tensorList(model.outputs, model.batchMax),
    },
    ['model_name', 'outputs'],
  )

/** Tensors come in any order; each that is not optional has to be there. */
const tensorList = (tensors: readonly KserveTensor[], batchMax: number | undefined): Schema => {
  const required = tensors.filter(({ isOptional }) => !isOptional)
  return {
    type: 'array',
    minItems: required.length,
    ...(tensors.length > 0 && {
      maxItems: tensors.length,
      items: { oneOf: tensors.map((tensor) => tensorSchema(tensor, batchMax)) },
    }),
    ...(required.length > 0 && {
      allOf: required.map(({ name }) => ({ contains: object({ name: { const: name } }) })),
    }),
  }
}

const tensorSchema = ({ name, datatype, shape }: KserveTensor, batchMax: number | undefined): Schema =>
  object(
    {
      name: { const: name },
      datatype: { const: datatype },
      shape: {
        type: 'array',
        prefixItems: shape.map((length, axis) => dimension(length, axis === 0 ? batchMax : undefined)),
        minItems: shape.length,
        maxItems: shape.length,
      },
      // Row by row, nested or flat.
      data: { type: 'array', items: { anyOf: [element(datatype), { type: 'array' }] } },
      parameters: parametersReference,
    },
    ['name', 'datatype', 'shape'],
  )

const dimension = (length: number, max: number | undefined): Schema =>
  length >= 0
    ? { const: length }
    : { type: 'integer', minimum: 0, ...(max !== undefined && { maximum: max }) }

const nameOf = (tensors: readonly KserveTensor[]): Schema =>
  tensors.length > 0 ? { enum: tensors.map(({ name }) => name) } : text

const element = (datatype: string): Schema => {
  const integer = /^(U?)INT(8|16|32|64)$/.exec(datatype)
  if (integer) {
    const [, unsigned, bits] = integer
    const exponent = Number(bits) - (unsigned === 'U' ? 0 : 1)
    // Past 2^53 a number in JSON is not exact, so a bound would not be either.
    if (exponent > 53) return { type: 'integer', ...(unsigned === 'U' && { minimum: 0 }) }
    return { type: 'integer', minimum: unsigned === 'U' ? 0 : -(2 ** exponent), maximum: 2 ** exponent - 1 }
  }
  if (datatype === 'BOOL') return { type: 'boolean' }
  if (/^(FP|BF)\d+$/.test(datatype)) return { type: 'number' }
  return text
}

/** One value, or a list of them. */
const scalarOrList = ({ datatype }: KserveTensor): Schema => ({
  anyOf: [element(datatype), list(element(datatype))],
})
const members = (tensors: readonly KserveTensor[]): Record<string, Schema> =>
  Object.fromEntries(tensors.map((tensor) => [tensor.name, scalarOrList(tensor)]))

const generateRequest = (model: KserveModel): Schema =>
  object(
    { id: text, parameters: parametersReference, ...members(model.inputs) },
    model.inputs.filter(({ isOptional }) => !isOptional).map(({ name }) => name),
  )

const generateAnswer = (model: KserveModel): Schema =>
  object({ id: text, model_name: text, model_version: text, ...members(model.outputs) }, ['model_name'])

const stream = (id: string, model: KserveModel): Json => ({
  operationId: `${id}_generate_stream`,
  summary: `Run ${model.name} and stream its answers`,
  requestBody: { required: true, content: json(generateRequest(model)) },
  responses: {
    '200': {
      description: 'Server-sent events, one answer each.',
      content: { 'text/event-stream': { schema: text, 'x-itemSchema': generateAnswer(model) } },
    },
    '4XX': { description: 'Why not.', content: json({ $ref: '#/components/schemas/Error' }) },
  },
})
