import type { TSchema } from 'typebox'
import { Type } from '../../core/schema.ts'
import { reportSchemaId } from './report.ts'

/** The shape of a report as JSON Schema, for those who read it with a program. Members may be added, none taken away. */

const orNull = (schema: TSchema): TSchema => Type.Union([schema, Type.Null()])
const number = Type.Number()
const count = Type.Integer({ minimum: 0 })
const object = <Members extends Record<string, TSchema>>(members: Members, description?: string) =>
  Type.Object(members, { additionalProperties: true, ...(description !== undefined && { description }) })

const summary = object({
  n: count,
  mean: orNull(number),
  p50: orNull(number),
  p90: orNull(number),
  p99: orNull(number),
  max: orNull(number),
})

const finiteOrNot = orNull(Type.Union([number, Type.Literal('inf')]))
const tail = object({ p50: finiteOrNot, p90: finiteOrNot, p99: finiteOrNot })
const rates = { requestsPerSecond: number, outputTokensPerSecond: number }

const metrics = object(
  {
    ttftMs: summary,
    ttfoMs: summary,
    ttstMs: summary,
    tpotMs: summary,
    iclMs: summary,
    e2eMs: summary,
    streamEndMs: summary,
    ttfbMs: summary,
    connectMs: summary,
    queueMs: summary,
    fromSchedule: object({ ttftMs: summary, e2eMs: summary }),
    failureAware: object({ ttftMs: tail, e2eMs: tail }),
    ...rates,
    tokensPerSecondPerUser: summary,
    wholeRun: object(rates),
    goodput: orNull(object({ requestsPerSecond: number, share: number })),
  },
  'Times in ms; `definitions` says what each is.',
)

const load = object({
  offeredRate: orNull(number),
  achievedRate: number,
  concurrency: count,
  requests: count,
  durationMs: number,
})

const tokens = object({
  input: number,
  output: number,
  source: Type.Union(['usage', 'tokenizer', 'events', 'mixed', 'none'].map((name) => Type.Literal(name))),
  cachedInput: number,
  reasoning: number,
  events: count,
  tokensPerEvent: orNull(number),
})

const errors = object({
  total: count,
  rate: number,
  byClass: Type.Record(Type.String(), count),
  messages: Type.Array(object({ class: Type.String(), message: Type.String(), count })),
})

const spread = object({ p50: number, p99: number })

const errorBar = object({
  ttftMs: spread,
  gapMs: spread,
  issueToReadMs: spread,
  tpotShare: number,
  streams: count,
  tokensPerSecond: number,
  measuredAt: Type.String(),
  senderLateP99Ms: number,
})

const client = object({
  verdict: Type.Union(['ok', 'suspect', 'saturated'].map((name) => Type.Literal(name))),
  reasons: Type.Array(Type.String()),
  threads: count,
  scheduleLagMs: summary,
  loopDelayMs: object({ p50: number, p99: number, max: number }),
  gc: object({ count, totalMs: number, maxMs: number }),
  cpuShare: number,
  coalescedShare: number,
  errorBar: orNull(errorBar),
})

const range = object({ mean: number, max: number })

const resources = object(
  {
    processes: Type.Array(
      object({ pid: count, name: Type.String(), cores: range, rssMaxMiB: number, threadsMax: count }),
    ),
    gpus: Type.Array(
      object({ name: Type.String(), samples: count, busy: range, memoryMaxMiB: number, watts: range }),
    ),
    servers: Type.Array(
      object({
        url: Type.String(),
        series: Type.Array(object({ name: Type.String(), before: number, after: number })),
      }),
    ),
  },
  'Processes and cards of this machine, and the Prometheus pages of the targets before and after.',
)

export const reportSchema = Type.Object(
  {
    schema: Type.Literal(reportSchemaId),
    version: Type.String(),
    startedAt: Type.String(),
    isInterrupted: Type.Boolean(),
    machine: object({
      node: Type.String(),
      platform: Type.String(),
      cpu: Type.String(),
      cores: count,
      loadAverage: number,
    }),
    targets: Type.Array(
      object({
        label: Type.String(),
        url: Type.String(),
        wire: Type.String(),
        model: Type.String(),
        stream: Type.Boolean(),
      }),
    ),
    workload: object({
      seed: number,
      inputTokens: Type.String(),
      outputTokens: Type.String(),
      sharedPrefixTokens: count,
    }),
    settings: Type.Record(Type.String(), Type.Unknown()),
    client,
    load,
    metrics,
    tokens,
    errors,
    checks: Type.Array(object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() })),
    notes: Type.Array(Type.String()),
    points: Type.Array(
      object({ name: Type.String(), targets: Type.Array(Type.String()), load, metrics, tokens, errors }),
    ),
    timeline: object({ stepMs: number, bins: Type.Array(object({})) }),
    curves: object({ shares: Type.Array(number) }),
    resources: Type.Optional(resources),
    slowest: Type.Array(object({ index: count, endMs: number })),
    definitions: Type.Record(Type.String(), Type.String()),
  },
  { additionalProperties: true, title: 'Report of mcpd bench' },
)
