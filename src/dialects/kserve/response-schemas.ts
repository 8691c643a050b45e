import { Type } from '../../core/schema.ts'
import { optional } from '../nullable.ts'

/**
 * The response bodies of KServe v2. They hold for what mcpd writes itself and for what it passes through untouched,
 * so they ask of a backend only what every server sends, and are open to more.
 */

export const KserveError = Type.Object({ error: Type.String() }, { $id: 'KserveError' })

export const KserveNothing = Type.Object({}, { $id: 'KserveNothing', description: 'The status says it.' })

export const KserveServer = Type.Object(
  {
    name: Type.String(),
    version: optional(Type.String()),
    extensions: Type.Array(Type.String()),
  },
  { $id: 'KserveServer' },
)

const format = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer({ description: '-1 is any length.' })),
})

export const KserveModel = Type.Object(
  {
    name: Type.String(),
    versions: Type.Optional(Type.Array(Type.String())),
    platform: Type.String(),
    inputs: Type.Array(format),
    outputs: Type.Array(format),
  },
  { $id: 'KserveModel', description: 'The tensors of a model.' },
)

const configTensor = Type.Object({
  name: Type.String(),
  data_type: Type.String(),
  dims: Type.Array(Type.Integer()),
})

export const KserveConfig = Type.Object(
  {
    name: Type.String(),
    max_batch_size: optional(Type.Integer()),
    input: Type.Array(configTensor),
    output: Type.Array(configTensor),
    model_transaction_policy: Type.Optional(Type.Object({ decoupled: optional(Type.Boolean()) })),
    parameters: Type.Optional(
      Type.Record(Type.String(), Type.Object({ string_value: optional(Type.String()) })),
    ),
  },
  { $id: 'KserveConfig', description: "Triton's own description of a model." },
)

export const KserveIndex = Type.Array(
  Type.Object({
    name: Type.String(),
    version: optional(Type.String()),
    state: optional(Type.String()),
    reason: optional(Type.String()),
  }),
  { $id: 'KserveIndex' },
)

const duration = Type.Optional(Type.Object({ count: Type.Integer(), ns: Type.Integer() }))

export const KserveStatistics = Type.Object(
  {
    model_stats: Type.Array(
      Type.Object({
        name: Type.String(),
        inference_stats: Type.Optional(Type.Object({ success: duration, fail: duration })),
        memory_usage: Type.Optional(
          Type.Array(Type.Object({ type: Type.String(), byte_size: Type.Integer() })),
        ),
      }),
    ),
  },
  { $id: 'KserveStatistics' },
)

export const KserveInferResponse = Type.Object(
  {
    id: optional(Type.String()),
    model_name: Type.String(),
    model_version: optional(Type.String()),
    outputs: Type.Array(
      Type.Object({
        name: Type.String(),
        datatype: Type.String(),
        shape: Type.Array(Type.Integer()),
        data: Type.Optional(Type.Array(Type.Unknown())),
      }),
    ),
  },
  { $id: 'KserveInferResponse' },
)

export const KserveGenerateResponse = Type.Object(
  {
    id: optional(Type.String()),
    model_name: Type.String(),
    model_version: optional(Type.String()),
    text_output: Type.Optional(Type.Unknown({ description: 'The text, or that which an event brings.' })),
    details: Type.Optional(Type.Object({ finish_reason: optional(Type.String()) })),
  },
  {
    $id: 'KserveGenerateResponse',
    description: 'The outputs of a model by their names, and each event of a stream of them.',
  },
)
