import { e2e, isOk, type RequestRecord, ttft } from '../measure/record.ts'
import { sorted, summarise } from '../percentile.ts'
import type { FaultReport, FaultWindow } from '../report/faults.ts'
import type { Fault } from './faults.ts'

/** How far before and after a fault is looked. */
const besideMs = 5000

/** What became of the requests around each fault. `originMs` is what the times of faults count from. */
export const reportFaults = (
  records: readonly RequestRecord[],
  faults: readonly Fault[],
  originMs: number,
): FaultReport[] => {
  const counted = records.filter(({ outcome }) => outcome !== 'cancelled')
  const firstMs = counted.reduce((least, { issuedMs }) => Math.min(least, issuedMs), Number.POSITIVE_INFINITY)
  return faults.map(({ kind, fromMs, toMs }, index) => {
    const [from, to] = [originMs + fromMs, originMs + toMs]
    const until = Math.min(to + besideMs, originMs + (faults[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY))
    const since = Math.max(from - besideMs, originMs + (faults[index - 1]?.toMs ?? 0))
    const issuedIn = (start: number, end: number): RequestRecord[] =>
      counted.filter(({ issuedMs }) => issuedMs >= start && issuedMs < end)
    return {
      kind,
      // The page counts from the first request.
      fromMs: from - firstMs,
      toMs: to - firstMs,
      before: windowOf(issuedIn(since, from)),
      during: windowOf(issuedIn(from, to)),
      after: windowOf(issuedIn(to, until)),
      recoveryMs: recoveryOf(issuedIn(to, Number.POSITIVE_INFINITY), to),
      lost: counted.filter((record) => !isOk(record) && record.issuedMs < to && record.endedMs > from).length,
    }
  })
}

const windowOf = (records: readonly RequestRecord[]): FaultWindow => {
  const good = records.filter(isOk)
  const times = (of: (record: RequestRecord) => number | undefined) =>
    summarise(sorted(good.map(of).filter((ms) => ms !== undefined)))
  return {
    requests: records.length,
    failed: records.length - good.length,
    ttftMs: times(ttft),
    e2eMs: times(e2e),
  }
}

/** To the first token of the first success. */
const recoveryOf = (after: readonly RequestRecord[], endMs: number): number | null => {
  const times = after.filter(isOk).map(({ stamps, endedMs }) => (stamps[0] ?? endedMs) - endMs)
  return times.length === 0 ? null : Math.min(...times)
}
