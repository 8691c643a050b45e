import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { McpdError } from '../core/errors.ts'
import type { InferenceEvent, InferenceRequest } from '../core/inference.ts'
import {
  type AdapterCheck,
  type AdapterSuiteOptions,
  longInput,
  mainOperation,
  type Session,
} from './adapter-session.ts'
import { within } from './check.ts'
import { newInput } from './request.ts'

/** How often a request is stopped before the backend must still have room for one more. */
const stopCount = 8

/** Aborting, leaving and closing: whatever stops early must stop soon and free what it held. */
export const stopChecks = (options: AdapterSuiteOptions): readonly AdapterCheck[] => {
  const long = longInput(options)
  const skipped = long ? undefined : 'no model for chat or complete'
  const input = long ?? newInput(mainOperation(options.models), 'Hello.')
  return [
    {
      name: 'a signal aborted beforehand is thrown as it is',
      body: async (session) => {
        const plain = newInput(mainOperation(session.models), 'Hello.')
        for (const stream of [false, true]) {
          const reason = new McpdError('CANCELLED', 'Aborted beforehand.')
          const request = session.request(plain, { stream, signal: AbortSignal.abort(reason) })
          await requireThrown(
            session,
            request,
            reason,
            session.adapter.infer(request)[Symbol.asyncIterator](),
          )
        }
        await session.requireFree()
      },
    },
    ...([false, true] as const).map((stream): AdapterCheck => ({
      name: `an abort before the first event stops a ${stream ? 'streamed' : 'unary'} request`,
      skipped,
      body: async (session) => {
        await repeatedly(async () => {
          const { controller, reason, request } = abortable(session, input, stream)
          const iterator = session.adapter.infer(request)[Symbol.asyncIterator]()
          const first = iterator.next()
          controller.abort(reason)
          await requireThrown(session, request, reason, iterator, first)
        })
        await session.requireFree()
      },
    })),
    {
      name: 'an abort after the first content stops the stream',
      skipped,
      body: async (session) => {
        await repeatedly(async () => {
          const { controller, reason, request } = abortable(session, input, true)
          const iterator = await session.firstContent(request)
          controller.abort(reason)
          await requireThrown(session, request, reason, iterator)
        })
        await session.requireFree()
      },
    },
    {
      name: 'leaving the stream after the first content frees the backend',
      skipped,
      body: async (session) => {
        await repeatedly(async () => {
          const iterator = await session.firstContent(session.request(input, { stream: true }))
          await within(session.stepMs, 'leaving the stream', leave(iterator))
        })
        await session.requireFree()
      },
    },
    {
      name: 'close() may be called twice, and requests fail cleanly afterwards',
      body: async ({ adapter, stepMs, models, ask, refusal }) => {
        const plain = newInput(mainOperation(models), 'Hello.')
        await ask(plain)
        await within(stepMs, 'the first close', adapter.close())
        await within(stepMs, 'the second close', adapter.close())
        await refusal(plain)
      },
    },
  ]
}

const leave = async (iterator: AsyncIterator<InferenceEvent>): Promise<void> => {
  const result = await iterator.return?.()
  assert.ok(result?.done, 'the events cannot be left early')
}

const repeatedly = async (stop: () => Promise<void>): Promise<void> => {
  await Promise.all(Array.from({ length: stopCount }, stop))
}

const abortable = (session: Session, input: Parameters<Session['request']>[0], stream: boolean) => {
  const controller = new AbortController()
  const reason = new McpdError('CANCELLED', 'Aborted by the check.')
  return { controller, reason, request: session.request(input, { stream, signal: controller.signal }) }
}

/** Events already on their way may still come; then the iterator must throw the signal's very reason. */
const requireThrown = async (
  { stepMs }: Session,
  request: InferenceRequest,
  reason: McpdError,
  iterator: AsyncIterator<InferenceEvent>,
  first?: Promise<IteratorResult<InferenceEvent>>,
): Promise<void> => {
  const drain = async (): Promise<unknown> => {
    try {
      let result = await (first ?? iterator.next())
      while (!result.done) result = await iterator.next()
      return undefined
    } catch (error) {
      return error
    }
  }
  const thrown = await within(stepMs, `stopping a ${request.stream ? 'streamed' : 'unary'} request`, drain())
  assert.ok(thrown !== undefined, 'the request was answered to the end after its signal had aborted')
  assert.equal(thrown, reason, `threw ${inspect(thrown)} instead of the signal's reason`)
}
