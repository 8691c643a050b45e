import { e2e, isOk, outputTokensOf, type RequestRecord, tpot, ttft } from '../measure/record.ts'

/** One of the slowest requests. Times in ms since it was scheduled, in the order they happened. */
export interface Slowest {
  readonly index: number
  readonly requestId?: string
  /** When it was scheduled, in ms from the first request of the run. */
  readonly atMs: number
  readonly issuedMs: number
  readonly connectedMs: number
  readonly headMs: number
  readonly firstMs: number
  readonly endMs: number
  readonly outputTokens: number
  readonly tpotMs: number | null
}

const slowestMax = 50

/** The slowest successful requests by end-to-end latency from their schedule. */
export const slowestOf = (records: readonly RequestRecord[]): Slowest[] => {
  const startMs = records.reduce((least, { scheduledMs }) => Math.min(least, scheduledMs), Infinity)
  const took = (record: RequestRecord): number => record.endedMs - record.scheduledMs
  return records
    .filter(isOk)
    .sort((a, b) => took(b) - took(a))
    .slice(0, slowestMax)
    .map((record) => {
      const { index, requestId, scheduledMs, issuedMs, connectedMs = issuedMs, headMs = connectedMs } = record
      const end = (e2e(record) ?? 0) + issuedMs
      return {
        index,
        ...(requestId !== undefined && { requestId }),
        atMs: scheduledMs - startMs,
        issuedMs: issuedMs - scheduledMs,
        connectedMs: connectedMs - scheduledMs,
        headMs: headMs - scheduledMs,
        firstMs: (ttft(record) ?? end - issuedMs) + issuedMs - scheduledMs,
        endMs: end - scheduledMs,
        outputTokens: outputTokensOf(record),
        tpotMs: tpot(record) ?? null,
      }
    })
}
