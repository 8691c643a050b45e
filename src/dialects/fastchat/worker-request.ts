import type { ChatInput, CompleteInput, Sampling } from '../../core/inference.ts'
import type { Wire } from '../wire.ts'

/** A prompt, and what ends the answer to it by the worker's own account. */
export interface Prompt {
  readonly text: string
  readonly stop: readonly string[]
  readonly stopTokenIds: readonly number[]
}

/** The body of POST /worker_generate_stream, and the members of the request that have no place in it. */
export const encodeGenerate = (
  model: string,
  input: ChatInput | CompleteInput,
  { text, stop, stopTokenIds }: Prompt,
): { readonly body: Readonly<Record<string, unknown>>; readonly dropped: readonly string[] } => {
  const { sampling } = input
  const stops = [...new Set([...(sampling.stop ?? []), ...stop])]
  return {
    body: {
      model,
      prompt: text,
      ...encodeSampling(sampling),
      ...(stops.length > 0 && { stop: stops }),
      ...(stopTokenIds.length > 0 && { stop_token_ids: stopTokenIds }),
      echo: input.operation === 'complete' && input.echo === true,
    },
    dropped: nameless(input),
  }
}

const encodeSampling = (sampling: Sampling): Record<string, unknown> => ({
  ...(sampling.temperature !== undefined && { temperature: sampling.temperature }),
  ...(sampling.topP !== undefined && { top_p: sampling.topP }),
  ...(sampling.topK !== undefined && { top_k: sampling.topK > 0 ? sampling.topK : -1 }),
  ...(sampling.maxTokens !== undefined && { max_new_tokens: sampling.maxTokens }),
  ...(sampling.repeatPenalty !== undefined && { repetition_penalty: sampling.repeatPenalty }),
  ...(sampling.presencePenalty !== undefined && { presence_penalty: sampling.presencePenalty }),
  ...(sampling.frequencyPenalty !== undefined && { frequency_penalty: sampling.frequencyPenalty }),
})

const nameless = (input: ChatInput | CompleteInput): string[] => {
  const { sampling, topLogprobs, extra } = input
  const members = {
    min_p: sampling.minP,
    seed: sampling.seed,
    logit_bias: sampling.logitBias,
    logprobs: topLogprobs,
    ...(input.operation === 'chat' && {
      reasoning_effort: input.reasoningEffort,
      parallel_tool_calls: input.parallelToolCalls,
    }),
    ...extra,
  }
  return Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [name]))
}

/** Reads such a body as a completion, for servers that play a worker. The inverse of `encodeGenerate`. */
export const decodeGenerate = (body: Wire): CompleteInput => {
  const { prompt, temperature, top_p: topP, max_new_tokens: maxTokens, stop, echo } = body
  return {
    operation: 'complete',
    prompts: [String(prompt)],
    ...(echo === true && { echo: true }),
    sampling: {
      ...(typeof temperature === 'number' && { temperature }),
      ...(typeof topP === 'number' && { topP }),
      ...(typeof maxTokens === 'number' && { maxTokens }),
      ...(Array.isArray(stop) && { stop: stop as string[] }),
    },
    extra: {},
  }
}
