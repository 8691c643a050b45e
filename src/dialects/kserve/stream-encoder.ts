import type { McpdError } from '../../core/errors.ts'
import { unfold } from '../../core/fold.ts'
import type { FinishReason, Frame, InferenceEvent, Usage } from '../../core/inference.ts'
import { encodeSse } from '../../core/sse.ts'
import { encodeError } from './errors.ts'
import type { TextLabel } from './generate-text.ts'
import { dialects, encodeFinishReason } from './wire.ts'

/**
 * Writes the events of a text as POST …/generate_stream does: each with the text it brings, the last one with the
 * reason of the end, and then nothing. Frames of the same dialect go out untouched, each once.
 */
export const streamEncoder = ({ model, id }: TextLabel) => {
  let written: Frame | undefined
  let finish: FinishReason | undefined
  let usage: Usage | undefined
  const label = { ...(id !== undefined && { id }), model_name: model }
  const write = (body: object): Buffer => encodeSse({ data: JSON.stringify({ ...label, ...body }) })

  const encode = (event: InferenceEvent): Buffer | undefined => {
    if ('frame' in event && event.frame?.dialect === dialects.generate) {
      if (event.frame === written) return undefined
      written = event.frame
      return written.bytes
    }
    switch (event.type) {
      case 'text-delta':
        return event.text === '' ? undefined : write({ text_output: event.text })
      case 'finish':
        finish = event.reason
        return undefined
      case 'usage':
        usage = event.usage
        return undefined
      case 'end':
        // A backend of the same dialect has said all that there is.
        if (written) return undefined
        return write({
          text_output: '',
          details: { finish_reason: encodeFinishReason(finish ?? 'other') },
          ...(usage && { num_input_tokens: usage.inputTokens, num_output_tokens: usage.outputTokens }),
        })
      case 'whole':
        return Buffer.concat([...unfold(event.response())].map(encode).filter((bytes) => bytes !== undefined))
      default:
        return undefined
    }
  }

  return {
    encode,
    fail: (error: McpdError): Buffer => encodeSse({ data: encodeError(error).toString() }),
  }
}
