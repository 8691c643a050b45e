import type { CompleteInput, InferenceResponse, Sampling } from '../../core/inference.ts'
import type { GenerateBody } from './request-schemas.ts'
import { encodeFinishReason } from './wire.ts'

/** The draft for texts, as a server of it reads and writes it: POST …/generate. */

type Body = Readonly<Record<string, unknown>>

const bodyNames: ReadonlySet<string> = new Set(['text_input', 'parameters', 'id', 'stream', 'mcpd'])
const samplingNames: ReadonlySet<string> = new Set(
  (
    'temperature top_p top_k min_p max_tokens stop seed presence_penalty frequency_penalty ' +
    'repetition_penalty details'
  ).split(' '),
)

/** Reads a body that the schema has accepted. What has no name here is for backends of the same dialect. */
export const decodeGenerate = (body: Body): CompleteInput => {
  const { text_input: text, parameters } = body as unknown as GenerateBody
  const own = parameters ?? {}
  return {
    operation: 'complete',
    prompts: [text],
    sampling: decodeSampling(own),
    extra: {
      ...without(own, samplingNames),
      ...without(body, bodyNames),
    },
  }
}

const without = (body: Body, names: ReadonlySet<string>): Body =>
  Object.fromEntries(Object.entries(body).filter(([name, value]) => value != null && !names.has(name)))

const decodeSampling = (own: NonNullable<GenerateBody['parameters']>): Sampling => ({
  ...(own.temperature != null && { temperature: own.temperature }),
  ...(own.top_p != null && { topP: own.top_p }),
  ...(own.top_k != null && { topK: own.top_k }),
  ...(own.min_p != null && { minP: own.min_p }),
  ...(own.max_tokens != null && { maxTokens: own.max_tokens }),
  ...(own.stop != null && { stop: typeof own.stop === 'string' ? [own.stop] : own.stop }),
  ...(own.seed != null && { seed: own.seed }),
  ...(own.presence_penalty != null && { presencePenalty: own.presence_penalty }),
  ...(own.frequency_penalty != null && { frequencyPenalty: own.frequency_penalty }),
  ...(own.repetition_penalty != null && { repeatPenalty: own.repetition_penalty }),
})

export interface TextLabel {
  readonly model: string
  readonly id?: string
}

/** The body of a whole answer. */
export const encodeGenerated = ({ choices, usage }: InferenceResponse, { model, id }: TextLabel): object => {
  const [choice] = choices
  return {
    ...(id !== undefined && { id }),
    model_name: model,
    text_output: choice?.text ?? '',
    ...(choice && { details: { finish_reason: encodeFinishReason(choice.finishReason) } }),
    ...(usage && { num_input_tokens: usage.inputTokens, num_output_tokens: usage.outputTokens }),
  }
}
