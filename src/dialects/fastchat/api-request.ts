import type { ChatInput, CompleteInput, EmbedInput, Message, Part, Sampling } from '../../core/inference.ts'

/** A body for the API server, and the members of the request that have no place in it, as OpenAI calls them. */
interface EncodedRequest {
  readonly body: Readonly<Record<string, unknown>>
  readonly dropped: readonly string[]
}

interface Asked {
  /** The backend's own name of the model. */
  readonly model: string
  readonly stream: boolean
}

/** The body of POST /v1/chat/completions: the server reads no other member, and overlooks what it does not know. */
export const encodeChat = (input: ChatInput, asked: Asked): EncodedRequest => {
  const { messages, sampling, choices, topLogprobs, reasoningEffort, parallelToolCalls, extra } = input
  return {
    body: { ...encodeAsked(asked), messages: messages.map(encodeMessage), ...encodeRest(sampling, choices) },
    dropped: given({
      ...namelessSampling(sampling),
      logprobs: topLogprobs,
      reasoning_effort: reasoningEffort,
      parallel_tool_calls: parallelToolCalls,
      ...extra,
    }),
  }
}

/**
 * The body of POST /v1/completions. The log probabilities of a stream are those of the whole text so far in each
 * chunk, so they are not asked for.
 */
export const encodeComplete = (input: CompleteInput, asked: Asked): EncodedRequest => {
  const { prompts, sampling, choices, echo, topLogprobs, extra } = input
  const hasLogprobs = topLogprobs !== undefined && !asked.stream
  return {
    body: {
      ...encodeAsked(asked),
      prompt: prompts.length === 1 ? prompts[0] : prompts,
      ...encodeRest(sampling, choices),
      ...(echo !== undefined && { echo }),
      ...(hasLogprobs && { logprobs: topLogprobs }),
    },
    dropped: given({
      ...namelessSampling(sampling),
      logprobs: hasLogprobs ? undefined : topLogprobs,
      ...extra,
    }),
  }
}

/** The body of POST /v1/embeddings. */
export const encodeEmbed = ({ inputs, dimensions, extra }: EmbedInput, model: string): EncodedRequest => ({
  body: { model, input: inputs },
  dropped: given({ dimensions, ...extra }),
})

const encodeAsked = ({ model, stream }: Asked) => ({ model, stream })

const encodeRest = (sampling: Sampling, choices: number | undefined): Record<string, unknown> => ({
  ...(sampling.temperature !== undefined && { temperature: sampling.temperature }),
  ...(sampling.topP !== undefined && { top_p: sampling.topP }),
  ...(sampling.topK !== undefined && { top_k: sampling.topK > 0 ? sampling.topK : -1 }),
  ...(sampling.maxTokens !== undefined && { max_tokens: sampling.maxTokens }),
  ...(sampling.stop && { stop: sampling.stop }),
  ...(sampling.presencePenalty !== undefined && { presence_penalty: sampling.presencePenalty }),
  ...(sampling.frequencyPenalty !== undefined && { frequency_penalty: sampling.frequencyPenalty }),
  ...(choices !== undefined && { n: choices }),
})

const namelessSampling = ({ minP, seed, repeatPenalty, logitBias }: Sampling) => ({
  min_p: minP,
  seed,
  repetition_penalty: repeatPenalty,
  logit_bias: logitBias,
})

const given = (members: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [name]))

/** Only what the user says may have parts, and a role that it does not know breaks the server. */
const encodeMessage = ({ role, content }: Message) => ({
  role: role === 'developer' ? 'system' : role,
  content:
    Array.isArray(content) && role === 'user' && content.some(({ type }) => type === 'image')
      ? content.flatMap(encodePart)
      : plainText(content),
})

const encodePart = (part: Part): object[] => {
  if (part.type === 'text') return [part]
  return part.type === 'image' ? [{ type: 'image_url', image_url: { url: part.url } }] : []
}

/** What of a message is text, its parts on lines of their own as FastChat has them. */
export const plainText = (content: Message['content']): string =>
  typeof content === 'string'
    ? content
    : (content ?? []).flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
