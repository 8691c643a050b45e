import { McpdError } from '../../core/errors.ts'
import { parseDuration } from '../../core/quantity.ts'
import { e2e, type RequestRecord, tpot, ttfo, ttft } from '../measure/record.ts'

/** The longest times that a request may take, in ms; it is good when it meets all of them. */
export type Slo = Readonly<Partial<Record<SloMetric, number>>>

const metrics = { ttft, ttfo, tpot, e2e } as const
export type SloMetric = keyof typeof metrics
const sloMetrics = Object.keys(metrics) as SloMetric[]

/** Reads `ttft=200ms,tpot=50ms`. Throws USAGE. */
export const parseSlo = (texts: readonly string[]): Slo => {
  const slo: Partial<Record<SloMetric, number>> = {}
  for (const part of texts.flatMap((text) => text.split(','))) {
    const [, name = '', limit = ''] = /^\s*(\w+)\s*(?:=|<=?)\s*(\S+)\s*$/.exec(part) ?? []
    if (!isMetric(name)) throw malformed(part)
    slo[name] = limitOf(part, limit)
  }
  return slo
}

const isMetric = (name: string): name is SloMetric => Object.hasOwn(metrics, name)

const limitOf = (part: string, limit: string): number => {
  let limitMs = 0
  try {
    limitMs = parseDuration(limit)
  } catch (error) {
    throw malformed(part, error)
  }
  if (limitMs <= 0)
    throw new McpdError('USAGE', `No request can meet the objective "${part}": it allows no time at all.`)
  return limitMs
}

const malformed = (part: string, cause?: unknown): McpdError =>
  new McpdError(
    'USAGE',
    `"${part}" is no objective.`,
    { suggestions: [`Write --slo ttft=200ms,tpot=50ms; there are ${sloMetrics.join(', ')}.`] },
    cause,
  )

/** A time that a request does not have, such as the TPOT of one token, is no reason against it; a failed request is never good. */
export const isGood = (record: RequestRecord, slo: Slo): boolean =>
  record.outcome === 'ok' &&
  (Object.entries(slo) as [SloMetric, number][]).every(([name, limitMs]) => {
    const value = metrics[name](record)
    return value === undefined || value <= limitMs
  })
