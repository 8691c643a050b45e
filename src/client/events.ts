import { McpdError } from '../core/errors.ts'
import { createSseDecoder, type SseEvent } from '../core/sse.ts'
import { notOurs, problemToError } from './problem.ts'
import type { ChatEvent } from './types.ts'

const types: ReadonlySet<string> = new Set<ChatEvent['type']>([
  'start',
  'text-delta',
  'reasoning-delta',
  'tool-call-delta',
  'finish',
  'usage',
  'end',
])

/**
 * The events of a native stream. Throws what the daemon reported after the first byte, and BACKEND_INCOMPLETE for
 * a stream that stops before its `end`. Events of a type this version does not know are left out.
 */
export async function* readEvents(chunks: AsyncIterable<Buffer>, url: string): AsyncGenerator<ChatEvent> {
  const decoder = createSseDecoder()
  let ended = false
  for await (const chunk of chunks)
    for (const event of decoder.push(chunk)) {
      if (event.event === 'error') throw problemToError({ status: 500, text: event.data ?? '', url })
      if (event.data === undefined || !types.has(event.event)) continue
      ended ||= event.event === 'end'
      yield readEvent(event, event.data, url)
    }
  if (!ended) throw new McpdError('BACKEND_INCOMPLETE', 'The answer broke off before its end.')
}

const readEvent = ({ event }: SseEvent, data: string, url: string): ChatEvent => {
  try {
    return { type: event, ...JSON.parse(data) } as ChatEvent
  } catch (error) {
    throw notOurs(url, 'an event of its stream is not JSON', error)
  }
}
