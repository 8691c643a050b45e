import { createFold } from '../../core/fold.ts'
import type { Guard, InferenceEvent } from '../../core/inference.ts'
import { unfold } from '../../core/fold.ts'
import { beginTurn, type Talk, type TalkParts } from '../contexts/talk.ts'

/**
 * Joins a request with the conversation it goes on with, and keeps the answer. What the client said is stored before
 * a backend is asked; the answer is stored before the client sees its end, so that whoever saw the end has it. An
 * answer that breaks off is kept as far as it came, as an aborted turn.
 */
export const recallGuard =
  (parts: TalkParts): Guard =>
  (next) =>
    async function* (request): AsyncGenerator<InferenceEvent> {
      const { context, input } = request
      if (context === undefined || input.operation !== 'chat') return yield* next(request)
      const talk = await beginTurn(parts, { ...request, context, input })
      if (talk.trace) request.trace.context = talk.trace
      if (talk.known) return yield* unfold(talk.known)
      yield* kept(talk, next(talk.request))
    }

/** The same events; the one that ends them waits until the answer is stored. */
async function* kept(talk: Talk, events: AsyncIterable<InferenceEvent>): AsyncGenerator<InferenceEvent> {
  const folding = createFold()
  let isStored = false
  try {
    for await (const event of events) {
      folding.push(event)
      if (event.type === 'end' || event.type === 'whole') {
        await talk.complete(folding.result())
        isStored = true
      }
      yield event
    }
  } finally {
    // After an error, or when the reader went away; what went wrong must not hide behind a store that fails as well.
    if (!isStored) await talk.abort(folding.result()).catch(() => undefined)
  }
}
