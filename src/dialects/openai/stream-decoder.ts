import { McpdError } from '../../core/errors.ts'
import type { InferenceEvent } from '../../core/inference.ts'
import { createSseDecoder } from '../../core/sse.ts'
import { createChunkDecoder } from './chunk-decoder.ts'

export interface DecodeStreamOptions {
  /** For servers that never send [DONE]: the end of the bytes is the end once every choice has finished. */
  readonly doneOptional?: boolean
  /**
   * The usage was asked for by mcpd, not by the client: the chunk that only carries it becomes a `usage` event
   * without a frame, which encoders write only for a client that asked.
   */
  readonly dropUsageChunk?: boolean
  /** Largest event in bytes; `sseEventMaxBytes` when absent. */
  readonly eventMaxBytes?: number
}

/** Bytes read after [DONE] in the hope of its connection's end; more of them and the connection is given up. */
const afterlifeMaxBytes = 64 * 1024

/**
 * Reads the stream of a chat or completion as events, each with its exact bytes as frame. Throws BACKEND_ERROR for
 * a chunk that is malformed or says that the backend failed, BACKEND_INCOMPLETE when the bytes end before [DONE].
 * What comes after [DONE] is read and thrown away, so that the connection can be used again.
 */
export async function* decodeStream(
  operation: 'chat' | 'complete',
  source: AsyncIterable<Buffer>,
  options: DecodeStreamOptions = {},
): AsyncGenerator<InferenceEvent, void> {
  const sse = createSseDecoder(options.eventMaxBytes)
  const decoder = createChunkDecoder(operation, options.dropUsageChunk ?? false)
  let ended = false
  let afterlifeBytes = 0
  for await (const bytes of source) {
    if (ended) {
      afterlifeBytes += bytes.length
      if (afterlifeBytes > afterlifeMaxBytes) return
      continue
    }
    for (const block of sse.push(bytes)) {
      for (const event of decoder.decode(block)) {
        yield event
        ended = event.type === 'end'
      }
      if (ended) break
    }
  }
  if (ended) return
  const rest = sse.end()
  const last = rest && decoder.decodeRest(rest)
  if (last) yield* last
  else if (options.doneOptional && decoder.allFinished()) yield* decoder.finish()
  else
    throw new McpdError('BACKEND_INCOMPLETE', 'The backend ended its stream without saying that it was done.')
}
