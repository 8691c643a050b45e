import { messageOf } from '../../core/canonical-json.ts'
import type { StoredTurn, TurnOrigin } from '../../core/context.ts'
import type { FinishReason, InferenceRequest, InferenceResponse, Message } from '../../core/inference.ts'

/** Answers as turns, and turns as answers. */

export const messageFrom = ({ choices: [choice] }: InferenceResponse): Message => ({
  role: 'assistant',
  content: choice?.text ?? null,
  ...(choice?.toolCalls && { toolCalls: choice.toolCalls }),
  ...(choice?.reasoning !== undefined && { reasoning: choice.reasoning }),
})

/** A stored answer, as it was given. */
export const answerFrom = ({ body, origin }: StoredTurn): InferenceResponse => {
  const { content, toolCalls, reasoning } = messageOf(body)
  return {
    model: origin?.model ?? '',
    choices: [
      {
        index: 0,
        text: typeof content === 'string' ? content : null,
        ...(toolCalls && { toolCalls }),
        ...(reasoning !== undefined && { reasoning }),
        finishReason: (origin?.finishReason as FinishReason | undefined) ?? 'stop',
      },
    ],
    ...(origin?.inputTokens !== undefined && {
      usage: { inputTokens: origin.inputTokens, outputTokens: origin.outputTokens ?? 0 },
    }),
  }
}

/** Who gave an answer, as far as it came. */
export const originOf = (
  { model, trace, context }: InferenceRequest,
  { choices, usage }: InferenceResponse,
  state: 'complete' | 'aborted',
): TurnOrigin => ({
  model: trace.model ?? model,
  ...(trace.backend !== undefined && { backend: trace.backend }),
  ...(trace.adapter !== undefined && { adapter: trace.adapter }),
  ...(state === 'complete' && { finishReason: choices[0]?.finishReason ?? 'other' }),
  ...(usage && { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens }),
  ...(context?.addition?.settings && { settings: context.addition.settings }),
})
