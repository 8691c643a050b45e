import type { MetricsRegistry } from '../../core/metrics.ts'
import type { Usage } from '../../core/inference.ts'
import type { Trace } from '../../core/trace.ts'
import { isMcpdError } from '../../core/errors.ts'

/** What is measured of a request. */
interface Measured {
  readonly input: { readonly operation: string }
  readonly stream: boolean
  readonly trace: Trace
}

/** Seconds. */
const durationBuckets = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 300, 1000]
const overheadBuckets = [0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 1]

/**
 * Counts and times every request. Names are stable: dashboards may rely on them (docs/metrics.md).
 * `outcome` is `ok`, `cancelled`, or the error code in lower case.
 */
export const measureGuard = (metrics: MetricsRegistry, now: () => number) => {
  const requests = metrics.counter('mcpd_requests_total', 'Requests by outcome.')
  const duration = metrics.histogram(
    'mcpd_request_duration_seconds',
    'Time from receipt to the last byte handed to the socket.',
    durationBuckets,
  )
  const firstToken = metrics.histogram(
    'mcpd_time_to_first_token_seconds',
    'Time from receipt to the first output of a stream.',
    durationBuckets,
  )
  const overhead = metrics.histogram(
    'mcpd_overhead_seconds',
    'Time in mcpd before a request is handed to its adapter, queue excluded.',
    overheadBuckets,
  )
  const queueWait = metrics.histogram(
    'mcpd_queue_wait_seconds',
    'Time spent waiting for a slot.',
    durationBuckets,
  )
  const tokens = metrics.counter('mcpd_tokens_total', 'Tokens as the backends state them.')

  const cached = metrics.counter('mcpd_cache_requests_total', 'Requests at routes that keep answers.')
  const saved = metrics.counter('mcpd_cache_tokens_total', 'Tokens of answers that were given again.')

  const children = new Map<string, ReturnType<typeof resolve>>()
  const resolve = (surface: string, adapter: string, backend: string, operation: string) => {
    const labels = { surface, adapter, backend, operation }
    return {
      outcome: new Map<string, ReturnType<typeof requests.labels>>(),
      labels,
      duration: duration.labels(labels),
      firstToken: firstToken.labels(labels),
      overhead: overhead.labels(labels),
      queueWait: queueWait.labels({ backend }),
      input: tokens.labels({ adapter, backend, operation, direction: 'input' }),
      output: tokens.labels({ adapter, backend, operation, direction: 'output' }),
    }
  }

  const saveTokens = (operation: string, usage: Usage): void => {
    saved.labels({ operation, direction: 'input' }).inc(usage.inputTokens)
    saved.labels({ operation, direction: 'output' }).inc(usage.outputTokens)
  }

  const settle = (request: Measured, outcome: string, usage: Usage | undefined): void => {
    const { trace } = request
    const { surface, cache } = trace
    // What a backend was not asked is no work of it.
    const { adapter = '', backend = '' } = cache === 'hit' ? {} : trace
    const key = `${surface} ${backend} ${request.input.operation}`
    let child = children.get(key)
    if (!child) children.set(key, (child = resolve(surface, adapter, backend, request.input.operation)))
    let count = child.outcome.get(outcome)
    if (!count) child.outcome.set(outcome, (count = requests.labels({ ...child.labels, outcome })))
    count.inc()
    child.duration.observe((now() - trace.startedMs) / 1000)
    if (trace.sentMs !== undefined) {
      child.overhead.observe((trace.sentMs - trace.startedMs - trace.queueMs - trace.retriedMs) / 1000)
      child.queueWait.observe(trace.queueMs / 1000)
    }
    if (request.stream && trace.firstContentMs !== undefined)
      child.firstToken.observe((trace.firstContentMs - trace.startedMs) / 1000)
    if (cache !== undefined)
      cached.labels({ surface, operation: request.input.operation, result: cache }).inc()
    if (cache === 'hit') {
      if (usage) saveTokens(request.input.operation, usage)
    } else if (usage) {
      child.input.inc(usage.inputTokens)
      child.output.inc(usage.outputTokens)
    }
  }

  return <Request extends Measured, Event extends { readonly type: string }>(
    next: (request: Request) => AsyncIterable<Event>,
  ) =>
    async function* (request: Request): AsyncGenerator<Event> {
      let outcome = 'cancelled'
      let usage: Usage | undefined
      try {
        for await (const event of next(request)) {
          if (event.type === 'usage' || event.type === 'whole') usage = (event as { usage?: Usage }).usage
          yield event
        }
        outcome = 'ok'
      } catch (error) {
        outcome = isMcpdError(error) ? error.code.toLowerCase() : 'internal'
        throw error
      } finally {
        settle(request, outcome, usage)
      }
    }
}
