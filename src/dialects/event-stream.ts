import { McpdError } from '../core/errors.ts'
import type { InferenceEvent } from '../core/inference.ts'
import { createSseDecoder, type SseEvent } from '../core/sse.ts'

export interface EventStreamOptions {
  /** The events of one block; those of the block that ends the stream close with an `end`. */
  readonly decode: (block: SseEvent) => readonly InferenceEvent[]
  /** Largest event in bytes; `sseEventMaxBytes` when absent. */
  readonly eventMaxBytes?: number
}

/** Bytes read after the end in the hope of its connection's end; more of them and the connection is given up. */
const afterlifeMaxBytes = 64 * 1024

/**
 * Reads server-sent events up to the block that says that the stream is over, then reads the rest of the connection
 * and throws it away, so that it can be used again. Throws BACKEND_INCOMPLETE when the bytes end before that.
 */
export async function* decodeEventStream(
  source: AsyncIterable<Buffer>,
  { decode, eventMaxBytes }: EventStreamOptions,
): AsyncGenerator<InferenceEvent, void> {
  const sse = createSseDecoder(eventMaxBytes)
  let ended = false
  let afterlifeBytes = 0
  for await (const bytes of source) {
    if (ended) {
      afterlifeBytes += bytes.length
      if (afterlifeBytes > afterlifeMaxBytes) return
      continue
    }
    for (const block of sse.push(bytes)) {
      for (const event of decode(block)) {
        yield event
        ended = event.type === 'end'
      }
      if (ended) break
    }
  }
  if (ended) return
  // An end that lacks nothing but its blank line is one.
  const rest = sse.end()
  const last = rest?.data === undefined ? [] : lastEvents(rest, decode)
  if (last.at(-1)?.type !== 'end')
    throw new McpdError('BACKEND_INCOMPLETE', 'The backend ended its stream without saying that it was done.')
  yield* last
}

/** What broke off in its middle says nothing; an error in it does. */
const lastEvents = (block: SseEvent, decode: EventStreamOptions['decode']): readonly InferenceEvent[] => {
  try {
    JSON.parse(block.data ?? '')
  } catch {
    return []
  }
  return decode(block)
}

/** The data of a block as a JSON object. Throws BACKEND_ERROR. */
export const parseBlock = (data: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw new McpdError(
    'BACKEND_ERROR',
    `The backend sent a malformed chunk: ${data.length} characters that are no JSON object.`,
  )
}
