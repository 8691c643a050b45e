import { encodeSse } from '../../core/sse.ts'
import type { InferenceEvent } from '../../core/inference.ts'
import { unfold } from '../../core/fold.ts'
import type { AnswerFacts, StreamEncoder } from './answer.ts'
import { problemOf } from './render-error.ts'
import { served, timingsOf } from './native-answer.ts'

/** Native server-sent events: `event:` is the type of an InferenceEvent, `data:` the rest of it. */
export const nativeEncoder =
  (now: () => number) =>
  (facts: AnswerFacts): StreamEncoder => {
    const write = (event: string, data: object): Buffer => encodeSse({ event, data: JSON.stringify(data) })

    const encode = (event: InferenceEvent): Buffer | undefined => {
      switch (event.type) {
        case 'start':
          return write('start', { ...served(facts), warnings: facts.trace.warnings })
        case 'usage':
          return write('usage', event.usage)
        case 'end':
          return write('end', { timings: timingsOf(facts, true, now) })
        case 'other':
          return undefined
        case 'whole':
          // A backend that cannot stream: its answer as the events it would have come as.
          return Buffer.concat(
            [...unfold(event.response())].map(encode).filter((bytes) => bytes !== undefined),
          )
        default: {
          const { type, frame: _, ...data } = event
          return write(type, data)
        }
      }
    }

    return { encode, fail: (error) => write('error', problemOf(error, facts.id)) }
  }
