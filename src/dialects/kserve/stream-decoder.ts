import { McpdError } from '../../core/errors.ts'
import type { InferenceEvent } from '../../core/inference.ts'
import { createSseDecoder, type SseEvent } from '../../core/sse.ts'
import { isRecord, type Wire } from '../wire.ts'
import type { createPieceDecoder } from './generate-response.ts'
import { dialects } from './wire.ts'

export interface DecodeStreamOptions {
  /** Largest event in bytes; `sseEventMaxBytes` when absent. */
  readonly eventMaxBytes?: number
}

/**
 * Reads the stream of POST …/generate_stream as events, each with its exact bytes as frame. The end of the bytes is
 * its end. Throws BACKEND_ERROR for an event that is malformed or says that the backend failed, BACKEND_INCOMPLETE
 * when it breaks off.
 */
export async function* decodeStream(
  source: AsyncIterable<Buffer>,
  pieces: ReturnType<typeof createPieceDecoder>,
  options: DecodeStreamOptions = {},
): AsyncGenerator<InferenceEvent, void> {
  const sse = createSseDecoder(options.eventMaxBytes)
  const decode = ({ data, raw }: SseEvent): InferenceEvent[] => {
    const frame = { dialect: dialects.generate, bytes: raw }
    return data === undefined ? [{ type: 'other', frame }] : pieces.push(parseData(data), frame)
  }
  for await (const bytes of source) for (const block of sse.push(bytes)) yield* decode(block)
  const rest = sse.end()
  if (rest?.data !== undefined && isWhole(rest.data)) yield* decode(rest)
  else if (rest)
    throw new McpdError('BACKEND_INCOMPLETE', 'The backend ended its stream in the middle of an event.')
  yield* pieces.end()
}

const isWhole = (data: string): boolean => {
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}

const parseData = (data: string): Wire => {
  try {
    const value: unknown = JSON.parse(data)
    if (isRecord(value)) return value
  } catch {
    // Told below.
  }
  throw new McpdError(
    'BACKEND_ERROR',
    `The backend sent a malformed event: ${data.length} characters that are no JSON object.`,
  )
}
