import { McpdError } from '../../core/errors.ts'
import type { ResponseFormat, Sampling } from '../../core/inference.ts'
import {
  elementsOf,
  type Tensor,
  tensorFault,
  type TensorParameters,
  type TensorValue,
} from '../../core/tensor.ts'
import type { Layout } from './layout.ts'
import type { TensorFacts } from './model.ts'

/** A text for a model to go on with, before it is known by which names the model takes its parts. */
export interface Prompt {
  readonly text: string
  readonly sampling: Sampling
  readonly stream: boolean
  /** Whether the answer begins with the text. */
  readonly echo?: boolean
  readonly responseFormat?: ResponseFormat
  readonly extra: Readonly<Record<string, unknown>>
}

export interface EncodedPrompt {
  readonly values: ReadonlyMap<TensorFacts, TensorValue | readonly TensorValue[]>
  readonly parameters: TensorParameters
  /** What the model has no place for, by its name in requests. */
  readonly dropped: readonly string[]
  /** What had to be set because the model must have it, in words. */
  readonly set: readonly string[]
  /** Whether the model will say why it stopped. */
  readonly tellsFinish: boolean
}

export interface EncodePromptOptions {
  /** Parameters that the model reads although they are no inputs of it. */
  readonly requestParameters?: readonly string[]
}

type Value = TensorValue | readonly TensorValue[]

/** Of an answer whose client sets no limit, for a model that must have one. */
const maxTokensDefault = 512

/** What vLLM's sampling parameters are besides those that mcpd has a name for. */
const vllmNames: ReadonlySet<string> = new Set(
  (
    'min_tokens ignore_eos stop_token_ids bad_words include_stop_str_in_output skip_special_tokens ' +
    'spaces_between_special_tokens truncate_prompt_tokens length_penalty structured_outputs guided_decoding'
  ).split(' '),
)

const samplingNames = [
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  ['topK', 'top_k'],
  ['minP', 'min_p'],
  ['maxTokens', 'max_tokens'],
  ['stop', 'stop'],
  ['seed', 'seed'],
  ['presencePenalty', 'presence_penalty'],
  ['frequencyPenalty', 'frequency_penalty'],
  ['repeatPenalty', 'repetition_penalty'],
  ['logitBias', 'logit_bias'],
] as const satisfies readonly (readonly [keyof Sampling, string])[]

/**
 * Puts each part of a prompt where the model takes it: into an input of that name, or into vLLM's JSON of sampling
 * parameters. Throws BAD_REQUEST for a response format that it has no input for, or an input that it must have and
 * the request does not give.
 */
export const encodePrompt = (
  prompt: Prompt,
  layout: Layout,
  { requestParameters = [] }: EncodePromptOptions = {},
): EncodedPrompt => {
  const values = new Map<TensorFacts, Value>()
  const parameters: Record<string, TensorValue> = {}
  const sampling: Record<string, unknown> = {}
  const dropped: string[] = []
  const set: string[] = []
  const json = layout.named('sampling_parameters')

  const put = (word: string, value: unknown): boolean => {
    const tensor = layout.named(word)
    if (!tensor || values.has(tensor) || !isValue(value)) return false
    values.set(tensor, value)
    return true
  }
  const place = (word: string, value: unknown, isVllm: boolean): void => {
    if (json && isVllm) sampling[word] = value
    else if (put(word, value)) return
    else if (requestParameters.includes(word) && isScalar(value)) parameters[word] = value
    else dropped.push(word)
  }

  if (layout.prompt) values.set(layout.prompt, prompt.text)
  put('stream', prompt.stream)
  for (const [key, word] of samplingNames) {
    const value = prompt.sampling[key]
    if (value !== undefined) place(word, value, true)
  }
  const limit = layout.named('max_tokens')
  if (limit && !limit.optional && !values.has(limit)) {
    values.set(limit, maxTokensDefault)
    set.push(`max_tokens is ${maxTokensDefault}: the model must have a limit and the request gives none.`)
  }
  const echoes = prompt.echo === true
  const mayEcho = put('exclude_input_in_output', !echoes || prompt.stream)
  if (echoes && (prompt.stream || !mayEcho)) dropped.push('echo')
  const tellsFinish = put('return_finish_reason', true)
  put('return_num_input_tokens', true)
  put('return_num_output_tokens', true)
  placeFormat(prompt.responseFormat, put)
  for (const [word, value] of Object.entries(prompt.extra)) place(word, value, vllmNames.has(word))
  if (json && Object.keys(sampling).length > 0) values.set(json, JSON.stringify(sampling))
  requireInputs(layout, values)
  return { values, parameters, dropped, set, tellsFinish }
}

/** TensorRT-LLM's names for a grammar that the answer must follow. */
const placeFormat = (
  format: ResponseFormat | undefined,
  put: (word: string, value: string) => boolean,
): void => {
  if (!format || format.type === 'text') return
  const isSchema = format.type === 'json-schema'
  const isPut =
    put('guided_decoding_guide_type', isSchema ? 'json_schema' : 'json') &&
    (!isSchema || put('guided_decoding_guide', JSON.stringify(format.schema)))
  if (!isPut)
    throw new McpdError('BAD_REQUEST', 'The model has no input by which to ask for JSON.', {
      param: 'response_format',
    })
}

const requireInputs = ({ facts }: Layout, values: ReadonlyMap<TensorFacts, Value>): void => {
  const missing = facts.inputs.filter((tensor) => !tensor.optional && !values.has(tensor))
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name).join(', ')
  throw new McpdError('BAD_REQUEST', `The model must have ${names}, which the request does not give.`, {
    suggestions: ['Send them as members of the request, or all tensors with the operation infer.'],
  })
}

const isScalar = (value: unknown): value is TensorValue =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const isValue = (value: unknown): value is Value =>
  isScalar(value) || (Array.isArray(value) && value.every(isScalar))

/** The body of POST …/generate and …/generate_stream. */
export const promptBody = ({ values, parameters }: EncodedPrompt): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries([...values].map(([{ name }, value]) => [name, value])),
  ...(Object.keys(parameters).length > 0 && { parameters }),
})

/** The same as tensors. Throws BAD_REQUEST for a value that is none of its tensor's datatype. */
export const promptTensors = ({ values }: EncodedPrompt): Tensor[] =>
  [...values].map(([{ name, datatype, shape }, value]) => {
    const data = Array.isArray(value) ? (value as readonly TensorValue[]) : [value as TensorValue]
    const tensor: Tensor = { name, datatype, shape: shapeFor(shape, data.length, 'last'), data }
    const fault = tensorFault(tensor)
    if (fault !== undefined) throw new McpdError('BAD_REQUEST', `The tensor ${fault}.`, { param: name })
    return tensor
  })

/** A shape for so many values: they lie along the first or last dimension of any length, the others are 1. */
export const shapeFor = (shape: readonly number[], count: number, along: 'first' | 'last'): number[] => {
  const open = shape.flatMap((length, at) => (length < 0 ? at : []))
  const long = along === 'first' ? open[0] : open.at(-1)
  const fixed = elementsOf(shape.filter((length) => length >= 0))
  return shape.map((length, at) => {
    if (length >= 0) return length
    return at === long ? Math.max(1, Math.floor(count / Math.max(1, fixed))) : 1
  })
}
