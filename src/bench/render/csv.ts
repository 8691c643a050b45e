import type { Summary } from '../percentile.ts'
import type { Report } from '../report/report.ts'

const quote = (value: string | number | null): string => {
  if (value === null) return ''
  const text = String(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const summaries = ['ttftMs', 'ttfoMs', 'tpotMs', 'iclMs', 'e2eMs', 'queueMs', 'connectMs', 'ttfbMs'] as const
const columns = ['n', 'mean', 'p50', 'p90', 'p99', 'max'] as const satisfies readonly (keyof Summary)[]

/** One row per step. Times in ms; an empty cell is a number that does not exist. */
export const renderCsv = ({ points, startedAt }: Report): string => {
  const head = [
    'startedAt',
    'step',
    'targets',
    'offeredRate',
    'achievedRate',
    'concurrency',
    'requests',
    'errors',
    'requestsPerSecond',
    'outputTokensPerSecond',
    'goodputRequestsPerSecond',
    'inputTokens',
    'outputTokens',
    'tokenSource',
    ...summaries.flatMap((name) => columns.map((column) => `${name}.${column}`)),
  ]
  const rows = points.map(({ name, targets, load, metrics, tokens, errors }) => [
    startedAt,
    name,
    targets.join(' '),
    load.offeredRate,
    load.achievedRate,
    load.concurrency,
    load.requests,
    errors.total,
    metrics.requestsPerSecond,
    metrics.outputTokensPerSecond,
    metrics.goodput?.requestsPerSecond ?? null,
    tokens.input,
    tokens.output,
    tokens.source,
    ...summaries.flatMap((summary) => columns.map((column) => metrics[summary][column])),
  ])
  return [head, ...rows].map((row) => `${row.map(quote).join(',')}\n`).join('')
}
