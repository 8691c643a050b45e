import { createFold } from '../../core/fold.ts'
import type { Guard, InferenceEvent, Invoke } from '../../core/inference.ts'
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
  (request) => {
    const { context, input } = request
    // Most requests go on with nothing, and need no generator around each of their events.
    if (context === undefined || input.operation !== 'chat') return next(request)
    return recalled(parts, next, { ...request, context, input })
  }

async function* recalled(
  parts: TalkParts,
  next: Invoke,
  request: Parameters<typeof beginTurn>[1],
): AsyncGenerator<InferenceEvent> {
  const talk = await beginTurn(parts, request)
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
