import { type ErrorCode, McpdError } from '../core/errors.ts'
import { monotonicMs } from './clock.ts'
import { createMeter, type MeterOptions } from './measure/meter.ts'
import type { RequestRecord } from './measure/record.ts'
import type { Target } from './target.ts'
import { askOf, type Workload } from './workload/workload.ts'

export interface Preflight {
  /** The target, perhaps without what it was found to refuse. */
  readonly target: Target
  readonly record: RequestRecord
  readonly notes: readonly string[]
}

/** Long enough for a model to be loaded, short enough for a run that makes no sense. */
const preflightMaxMs = 60_000

/**
 * Asks each target once, so that a run against something that cannot answer ends before it begins. Throws by what went
 * wrong: BACKEND_UNAVAILABLE, BACKEND_TIMEOUT, RATE_LIMITED, UNAUTHENTICATED, MODEL_NOT_FOUND, BAD_REQUEST,
 * BACKEND_ERROR, BACKEND_INCOMPLETE.
 */
export const preflight = async (
  target: Target,
  workload: Workload,
  options: MeterOptions,
  signal: AbortSignal,
): Promise<Preflight> => {
  const record = await askOnce(target, workload, options, signal)
  if (record.outcome === 'ok') return { target, record, notes: [] }
  if (
    target.streamUsage &&
    record.outcome === 'http_4xx' &&
    /stream_options|include_usage/.test(record.message ?? '')
  ) {
    const without = { ...target, streamUsage: false }
    const again = await askOnce(without, workload, options, signal)
    if (again.outcome === 'ok')
      return {
        target: without,
        record: again,
        notes: [`${target.label} refuses stream_options.`],
      }
  }
  throw refusal(target, record)
}

const askOnce = async (
  target: Target,
  workload: Workload,
  options: MeterOptions,
  signal: AbortSignal,
): Promise<RequestRecord> => {
  const meter = createMeter({ ...options, timeoutMs: Math.min(options.timeoutMs, preflightMaxMs) })
  const cancel = (): void => meter.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    signal.throwIfAborted()
    const ask = askOf(workload, 'warm-up', 0)
    const record = await meter.prepare({ target, targetIndex: 0, phase: 0, ask })(monotonicMs())
    signal.throwIfAborted()
    return record
  } finally {
    signal.removeEventListener('abort', cancel)
    await meter.close()
  }
}

const codes: Readonly<Record<Exclude<RequestRecord['outcome'], 'ok' | 'cancelled' | 'http_4xx'>, ErrorCode>> =
  {
    connect: 'BACKEND_UNAVAILABLE',
    'reset-before': 'BACKEND_UNAVAILABLE',
    'reset-mid': 'BACKEND_INCOMPLETE',
    timeout: 'BACKEND_TIMEOUT',
    http_3xx: 'BACKEND_ERROR',
    http_429: 'RATE_LIMITED',
    http_5xx: 'BACKEND_UNAVAILABLE',
    sse_error_event: 'BACKEND_ERROR',
    truncated: 'BACKEND_INCOMPLETE',
    bad_json: 'BACKEND_ERROR',
    empty: 'BACKEND_INCOMPLETE',
    oversize: 'BACKEND_ERROR',
  }

const refusedCodes: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'MODEL_NOT_FOUND',
}

const refusal = ({ label, url }: Target, { outcome, status = 0, message }: RequestRecord): McpdError => {
  const code =
    outcome === 'http_4xx' ? (refusedCodes[status] ?? 'BAD_REQUEST') : codes[outcome as keyof typeof codes]
  const said = message ? `: ${message}` : '.'
  return new McpdError(
    code,
    `${label} did not answer the first request (${outcome}${status ? `, ${status}` : ''})${said}`,
    {
      suggestions: [
        ...(code === 'UNAUTHENTICATED' ? ['Put its key into MCPD_BENCH_API_KEY.'] : []),
        ...(code === 'BACKEND_UNAVAILABLE' && outcome === 'connect'
          ? [`Check that something listens at ${new URL(url).host}.`]
          : []),
        'Measure it all the same: --no-preflight',
      ],
    },
  )
}
