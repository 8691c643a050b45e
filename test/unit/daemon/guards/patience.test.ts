import { describe, expect, it } from 'vitest'
import type { InferenceEvent, InferenceRequest } from '../../../../src/core/inference.ts'
import { patienceGuard } from '../../../../src/daemon/guards/patience.ts'
import { createLatency } from '../../../../src/daemon/latency.ts'
import { answering, drain, newRequest, text } from '../../../harness/request.ts'

const long = 60_000
const now = () => performance.now()
const guard = (firstTokenMs: number, idleMs: number, latency = createLatency(now)) =>
  patienceGuard({ firstTokenMs, idleMs, backend: 'b', latency, now })

/** Yields the events, then waits until it is told to stop. */
const stalling = (...events: readonly InferenceEvent[]) =>
  async function* (request: InferenceRequest): AsyncGenerator<InferenceEvent> {
    yield* events
    await new Promise((_, reject) =>
      request.signal.addEventListener('abort', () => reject(request.signal.reason as Error)),
    )
  }

describe('patienceGuard', () => {
  it('gives up on a backend that never begins; a start event is no output', async () => {
    const events = guard(5, long)(stalling({ type: 'start', model: 'm' }))(newRequest())
    await expect(drain(events)).rejects.toMatchObject({ code: 'BACKEND_TIMEOUT', message: /first output/ })
  })

  it('gives up on a backend that goes silent after its first output', async () => {
    const events = guard(long, 5)(stalling(text('a')))(newRequest())
    await expect(drain(events)).rejects.toMatchObject({ code: 'BACKEND_TIMEOUT', message: /further output/ })
  })

  it('does not count the time in which the client is being waited for', async () => {
    const seen: InferenceEvent[] = []
    for await (const event of guard(long, 5)(answering(text('a'), text('b')))(newRequest())) {
      seen.push(event)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    expect(seen).toHaveLength(2)
  })

  it('leaves a unary request to its total limit', async () => {
    const controller = new AbortController()
    const request = newRequest({ stream: false, signal: controller.signal })
    const answer = drain(guard(1, 1)(stalling())(request))
    setTimeout(() => controller.abort(new Error('total')), 30)
    await expect(answer).rejects.toThrow('total')
  })

  it('notes when the request was sent and when its first output came', async () => {
    const request = newRequest()
    await drain(guard(long, long)(answering({ type: 'start', model: 'm' }, text('a')))(request))
    expect(request.trace.firstContentMs).toBeGreaterThanOrEqual(request.trace.sentMs!)
  })
})
