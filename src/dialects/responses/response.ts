import type { ErrorCode, McpdError } from '../../core/errors.ts'
import type { InferenceResponse, Message, Usage } from '../../core/inference.ts'
import { madeCallId } from '../openai/wire.ts'
import { responseIdOf } from './ids.ts'
import { encodeAnswer } from './item-encoder.ts'
import type { OutputItem, ResponseBody, ResponseSettings } from './response-schemas.ts'

/** What is known of a response before its answer is. */
export interface ResponseFacts {
  /** The turn that holds the answer, or would if it were stored: all ids are made of it. */
  readonly turn: string
  /** The backend's name of the model. */
  readonly model: string
  readonly createdSeconds: number
  readonly settings: ResponseSettings
}

/** How an answer ended. */
export type Ending = Pick<ResponseBody, 'status' | 'incomplete_details'>

/** The body of a whole answer: its first choice, the others have no place here. */
export const encodeResponse = (response: InferenceResponse, facts: ResponseFacts): ResponseBody => {
  const choice = response.choices[0]
  const ending = endingOf(choice?.finishReason ?? 'other')
  const { turn } = facts
  return {
    ...bare(facts),
    ...ending,
    output: encodeAnswer(
      turn,
      {
        content: choice?.text ?? null,
        ...(choice?.reasoning !== undefined && { reasoning: choice.reasoning }),
        toolCalls: (choice?.toolCalls ?? []).map((call, at) => ({
          ...call,
          id: call.id === '' ? madeCallId(turn, 0, at) : call.id,
        })),
      },
      itemStatusOf(ending),
      choice?.logprobs,
    ),
    usage: response.usage ? encodeUsage(response.usage) : null,
  }
}

/** What is kept of an answer. */
export interface StoredAnswer {
  readonly message: Message
  readonly state: 'streaming' | 'complete' | 'aborted'
  readonly finishReason?: string
  readonly usage?: Usage
}

/** The body of an answer as it is stored. One that was cut short has failed, with what there is of it. */
export const encodeStored = (answer: StoredAnswer, facts: ResponseFacts): ResponseBody => {
  if (answer.state === 'streaming') return bare(facts)
  const isCut = answer.state === 'aborted'
  const ending = endingOf(answer.finishReason)
  const hasOutput = !isCut || Boolean(answer.message.content) || Boolean(answer.message.reasoning)
  return {
    ...bare(facts),
    ...(isCut ? { status: 'failed', error: cutShort } : ending),
    output: hasOutput
      ? encodeAnswer(facts.turn, answer.message, isCut ? 'incomplete' : itemStatusOf(ending))
      : [],
    usage: answer.usage ? encodeUsage(answer.usage) : null,
  }
}

const cutShort = { code: 'server_error', message: 'The answer was cut short before it was complete.' }

/** The body of an answer that failed after it had begun. */
export const encodeFailed = (
  error: McpdError,
  output: readonly OutputItem[],
  facts: ResponseFacts,
): ResponseBody => ({
  ...bare(facts),
  status: 'failed',
  error: {
    code: failureCodes[error.code] ?? 'server_error',
    message: [error.message, ...(error.details.suggestions ?? [])].join(' '),
  },
  output: [...output],
})

/** The few words that clients of OpenAI know; everything else is a server's error to them. */
const failureCodes: Partial<Record<ErrorCode, string>> = {
  RATE_LIMITED: 'rate_limit_exceeded',
  BAD_REQUEST: 'invalid_prompt',
}

/** A response that has only begun. */
export const bare = ({ turn, model, createdSeconds, settings }: ResponseFacts): ResponseBody => ({
  id: responseIdOf(turn),
  object: 'response',
  created_at: createdSeconds,
  status: 'in_progress',
  error: null,
  incomplete_details: null,
  model,
  output: [],
  usage: null,
  ...settings,
})

/** `reason` is a FinishReason, or what is stored of one. */
export const endingOf = (reason: string | undefined): Ending => {
  if (reason === 'length')
    return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
  if (reason === 'content-filter')
    return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }
  return { status: 'completed', incomplete_details: null }
}

export const itemStatusOf = ({ status }: Ending): 'completed' | 'incomplete' =>
  status === 'completed' ? 'completed' : 'incomplete'

export const encodeUsage = ({
  inputTokens,
  outputTokens,
  cachedTokens = 0,
  reasoningTokens = 0,
}: Usage): NonNullable<ResponseBody['usage']> => ({
  input_tokens: inputTokens,
  input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
  output_tokens: outputTokens,
  output_tokens_details: { reasoning_tokens: reasoningTokens },
  total_tokens: inputTokens + outputTokens,
})
