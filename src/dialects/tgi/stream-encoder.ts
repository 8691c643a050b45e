import type { FinishReason, InferenceEvent, Usage } from '../../core/inference.ts'
import { encodeFinishReason } from './response.ts'

/**
 * Writes the events of one stream as POST /generate_stream does. The last token comes with the whole text and the
 * counts, so each is held back until the next one is there; `special` closes a stream that has none.
 */
export const streamEncoder = (): { encode(event: InferenceEvent): Buffer | undefined } => {
  let index = 0
  let whole = ''
  let held: string | undefined
  let finishReason: FinishReason = 'other'
  let usage: Usage | undefined

  const write = (text: string, last: boolean): Buffer => {
    index += 1
    return Buffer.from(
      `data: ${JSON.stringify({
        index,
        token: { id: index, text, logprob: -0.5, special: text === '' },
        generated_text: last ? whole : null,
        details: last
          ? {
              finish_reason: encodeFinishReason(finishReason),
              generated_tokens: usage?.outputTokens ?? index,
              seed: null,
              input_length: usage?.inputTokens ?? 0,
            }
          : null,
      })}\n\n`,
    )
  }

  return {
    encode: (event) => {
      switch (event.type) {
        case 'text-delta': {
          const before = held
          held = event.text
          whole += event.text
          return before === undefined ? undefined : write(before, false)
        }
        case 'finish':
          finishReason = event.reason
          return undefined
        case 'usage':
          usage = event.usage
          return undefined
        case 'end':
          return write(held ?? '', true)
        default:
          return undefined
      }
    },
  }
}
