import { type Datatype, isDatatype } from '../../core/tensor.ts'
import { isRecord, numberOf, textOf, type Wire } from '../wire.ts'

/** What a model says of itself, by its config or, where a server tells none, by its metadata. */
export interface ModelFacts {
  readonly inputs: readonly TensorFacts[]
  readonly outputs: readonly TensorFacts[]
  /** What computes it, such as `vllm`. */
  readonly backend?: string
  /** 0: its tensors have no dimension for requests at a time. Absent: it does not say. */
  readonly batchMax?: number
  /** It may give any number of responses to a request. */
  readonly decoupled: boolean
  /** Of a server of the base protocol alone, which has no routes for texts. */
  readonly isPlain?: boolean
  /** Of the config, which people put there. */
  readonly parameters: Readonly<Record<string, string>>
}

export interface TensorFacts {
  readonly name: string
  readonly datatype: Datatype
  /** -1 is any length; with the dimension of the batch. */
  readonly shape: readonly number[]
  readonly optional: boolean
}

/** Reads GET …/config, or the same over gRPC. */
export const factsOfConfig = (config: Wire): ModelFacts => {
  const batchMax = numberOf(config['max_batch_size']) ?? 0
  const policy = config['model_transaction_policy']
  const backend = textOf(config['backend']) ?? textOf(config['platform'])
  const tensors = (entries: unknown): TensorFacts[] =>
    listOf(entries).flatMap((entry) => {
      const name = textOf(entry['name'])
      const datatype = datatypeOf(entry['data_type'])
      if (name === undefined || datatype === undefined) return []
      const dims = lengthsOf(entry['dims'])
      return {
        name,
        datatype,
        shape: batchMax > 0 ? [-1, ...dims] : dims,
        optional: entry['optional'] === true,
      }
    })
  return {
    inputs: tensors(config['input']),
    outputs: tensors(config['output']),
    ...(backend !== undefined && { backend }),
    batchMax,
    decoupled: isRecord(policy) && policy['decoupled'] === true,
    parameters: parametersOf(config['parameters']),
  }
}

/** Reads GET …/models/{model}. It does not tell what may be left out, so nothing must be there. */
export const factsOfMetadata = (metadata: Wire, isPlain = false): ModelFacts => {
  const platform = textOf(metadata['platform'])
  const tensors = (entries: unknown): TensorFacts[] =>
    listOf(entries).flatMap((entry) => {
      const name = textOf(entry['name'])
      const { datatype } = entry
      return name === undefined || !isDatatype(datatype)
        ? []
        : { name, datatype, shape: lengthsOf(entry['shape']), optional: true }
    })
  return {
    inputs: tensors(metadata['inputs']),
    outputs: tensors(metadata['outputs']),
    ...(platform !== undefined && { backend: platform }),
    decoupled: false,
    ...(isPlain && { isPlain }),
    parameters: {},
  }
}

const listOf = (value: unknown): Wire[] => (Array.isArray(value) ? value.filter(isRecord) : [])

/** 64-bit numbers come as text over gRPC. */
const lengthsOf = (value: unknown): number[] =>
  Array.isArray(value) ? value.map(Number).filter((length) => Number.isSafeInteger(length)) : []

const datatypeOf = (value: unknown): Datatype | undefined => {
  const name = textOf(value)?.replace(/^TYPE_/, '')
  if (name === 'STRING') return 'BYTES'
  return isDatatype(name) ? name : undefined
}

const parametersOf = (value: unknown): Record<string, string> =>
  isRecord(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([name, parameter]) => {
          const text = isRecord(parameter) ? textOf(parameter['string_value']) : textOf(parameter)
          return text === undefined ? [] : [[name, text] as const]
        }),
      )
    : {}

const windowNames = [
  'context_length',
  'max_model_len',
  'max_seq_len',
  'max_sequence_length',
  'max_position_embeddings',
]

/** Tokens that the model takes, where its config has a parameter that says so: there is no name that all use. */
export const contextLengthOf = ({ parameters }: ModelFacts): number | undefined => {
  const lengths = windowNames
    .map((name) => Number(parameters[name]))
    .filter((length) => Number.isSafeInteger(length) && length > 0)
  return lengths[0]
}
