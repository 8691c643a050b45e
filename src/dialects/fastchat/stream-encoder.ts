import type { FinishReason, InferenceEvent, Usage } from '../../core/inference.ts'

/** Writes the events of one stream as POST /worker_generate_stream does: the whole text so far, again and again. */
export const streamEncoder = (): { encode(event: InferenceEvent): Buffer | undefined } => {
  let whole = ''
  let finishReason: FinishReason = 'stop'
  let usage: Usage = { inputTokens: 0, outputTokens: 0 }

  return {
    encode: (event) => {
      switch (event.type) {
        case 'text-delta':
          whole += event.text
          return encodeObject({ text: whole, error_code: 0, usage: encodeUsage(usage), finish_reason: null })
        case 'finish':
          finishReason = event.reason
          return undefined
        case 'usage':
          usage = event.usage
          return undefined
        case 'end':
          return encodeObject({
            text: whole,
            error_code: 0,
            usage: encodeUsage(usage),
            finish_reason: finishReason === 'length' ? 'length' : 'stop',
          })
        default:
          return undefined
      }
    },
  }
}

/** An object as it travels. */
export const encodeObject = (value: object): Buffer => Buffer.from(`${JSON.stringify(value)}\0`)

const encodeUsage = ({ inputTokens, outputTokens }: Usage) => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
})
