import { McpdError } from '../../core/errors.ts'
import type { CompleteInput, Sampling } from '../../core/inference.ts'
import type { Wire } from '../wire.ts'
import type { GenerateBody } from './schemas.ts'

/** A body, and the members of the request that have no place in it, as OpenAI calls them. */
export interface EncodedRequest {
  readonly body: Readonly<Record<string, unknown>>
  readonly dropped: readonly string[]
}

/** Parameters of the API without a name in CompleteInput, taken from `extra`. */
const extraNames: ReadonlySet<string> = new Set([
  'grammar',
  'typical_p',
  'truncate',
  'watermark',
  'adapter_id',
  'decoder_input_details',
])

const badRequest = (message: string, param: string): McpdError =>
  new McpdError('BAD_REQUEST', message, { param })

/**
 * The body of POST /generate and /generate_stream. What would make the answer another one than asked for throws
 * BAD_REQUEST; what only inclines it is dropped by name.
 */
export const encodeGenerate = (input: CompleteInput): EncodedRequest => {
  const { prompts, suffix, echo, choices = 1, topLogprobs, sampling, extra } = input
  const [prompt] = prompts
  if (prompts.length !== 1) throw badRequest('TGI takes one prompt per request.', 'prompt')
  if (typeof prompt !== 'string') throw badRequest('TGI takes the prompt as text, not as tokens.', 'prompt')
  if (choices !== 1) throw badRequest('TGI gives one answer per request, so n must be 1.', 'n')
  if (suffix !== undefined && suffix !== '') throw badRequest('TGI fills in no middle.', 'suffix')
  if (sampling.maxTokens !== undefined && sampling.maxTokens < 1)
    throw badRequest('The answer must be allowed at least one token.', 'max_tokens')
  const dropped: string[] = []
  const nameless = {
    min_p: sampling.minP,
    presence_penalty: sampling.presencePenalty,
    logit_bias: sampling.logitBias,
  }
  for (const [name, value] of Object.entries(nameless)) if (value !== undefined) dropped.push(name)
  const known = Object.entries(extra).filter(([name]) => {
    if (!extraNames.has(name)) dropped.push(name)
    return extraNames.has(name)
  })
  const parameters = {
    ...encodeSampling(sampling),
    ...(echo === true && { return_full_text: true }),
    ...(topLogprobs !== undefined && topLogprobs > 0 && { top_n_tokens: topLogprobs }),
    ...Object.fromEntries(known),
    // Without them it neither counts nor says why it ended.
    details: true,
  }
  return { body: { inputs: prompt, parameters }, dropped }
}

const encodeSampling = (sampling: Sampling): Record<string, unknown> => {
  const { temperature, topP, topK, maxTokens, stop, seed, repeatPenalty, frequencyPenalty } = sampling
  const isGreedy = temperature === 0
  return {
    ...(maxTokens !== undefined && { max_new_tokens: maxTokens }),
    ...(temperature !== undefined && { do_sample: !isGreedy }),
    ...(temperature !== undefined && !isGreedy && { temperature }),
    ...(topP !== undefined && topP > 0 && topP < 1 && !isGreedy && { top_p: topP }),
    ...(topK !== undefined && topK > 0 && !isGreedy && { top_k: topK }),
    ...(repeatPenalty !== undefined && repeatPenalty > 0 && { repetition_penalty: repeatPenalty }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    // A seed is unsigned there.
    ...(seed !== undefined && { seed: Math.abs(seed) }),
    ...(stop && { stop }),
  }
}

/** Reads a request that the schema has accepted. The inverse of `encodeGenerate`, as far as that goes. */
export const decodeGenerate = (body: Wire): CompleteInput => {
  const { inputs, parameters } = body as GenerateBody
  const { max_new_tokens: maxTokens, temperature, do_sample: sample, stop, seed } = parameters ?? {}
  const { top_p: topP, top_k: topK, top_n_tokens: topLogprobs } = parameters ?? {}
  return {
    operation: 'complete',
    prompts: [inputs],
    ...(parameters?.return_full_text === true && { echo: true }),
    ...(topLogprobs != null && { topLogprobs }),
    sampling: {
      ...(maxTokens != null && { maxTokens }),
      ...(sample === false ? { temperature: 0 } : temperature != null && { temperature }),
      ...(topP != null && { topP }),
      ...(topK != null && { topK }),
      ...(stop && { stop }),
      ...(seed != null && { seed }),
    },
    extra: {},
  }
}
