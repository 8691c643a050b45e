import { outputTokensOf, type RequestRecord, tpot } from '../measure/record.ts'
import { quantile, sorted } from '../percentile.ts'
import type { Truth } from '../simulator/answer.ts'

/** Quantiles of absolute errors, in ms. */
export interface ErrorSpread {
  readonly n: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** A client held against the truth. */
export interface Accuracy {
  /** From the send of the first token to its stamp: by so much a TTFT is too long. The way out is in `sendLagMs`. */
  readonly ttftMs: ErrorSpread
  /** |gap seen − gap sent|. */
  readonly gapMs: ErrorSpread
  /** From the send of an event to its stamp. */
  readonly receiveLagMs: ErrorSpread
  /** From t_issue to the request being read. */
  readonly sendLagMs: ErrorSpread
  /** |mean TPOT / true mean TPOT − 1|. */
  readonly tpotShare: number
  /** Requests whose tokens were counted wrong, or whose outcome was called something else than it was. */
  readonly wrongTokens: number
  readonly wrongOutcomes: readonly { readonly was: string; readonly called: string; readonly count: number }[]
  /** Requests that could be matched. */
  readonly matched: number
  /** The sender's own lateness at p99, in ms, and whether it ever had to wait for the client. */
  readonly senderLateP99Ms: number
  readonly senderWaited: number
}

export const measureAccuracy = (records: readonly RequestRecord[], truths: readonly Truth[]): Accuracy => {
  const byId = new Map(truths.map((truth) => [truth.id, truth]))
  const ttfts: number[] = []
  const gapErrors: number[] = []
  const lags: number[] = []
  const sendLags: number[] = []
  let seenTpot = 0
  let trueTpot = 0
  let wrongTokens = 0
  let matched = 0
  for (const record of records) {
    const truth = record.requestId === undefined ? undefined : byId.get(record.requestId)
    if (!truth) continue
    matched += 1
    const { stamps, issuedMs, outcome } = record
    const { sentMs, receivedMs, tokens } = truth
    if (stamps.length > 0 && sentMs.length > 0) ttfts.push(Math.abs(stamps[0]! - sentMs[0]!))
    sendLags.push(receivedMs - issuedMs)
    for (let event = 0; event < Math.min(stamps.length, sentMs.length); event += 1) {
      lags.push(stamps[event]! - sentMs[event]!)
      if (event > 0)
        gapErrors.push(Math.abs(stamps[event]! - stamps[event - 1]! - (sentMs[event]! - sentMs[event - 1]!)))
    }
    if (outcome !== 'ok') continue
    if (outputTokensOf(record) !== tokens) wrongTokens += 1
    const seen = tpot(record)
    if (seen === undefined || sentMs.length < 2) continue
    seenTpot += seen
    trueTpot += (sentMs[sentMs.length - 1]! - sentMs[0]!) / (tokens - record.firstEventTokens)
  }
  const late = sorted(truths.flatMap(({ lateMs }) => lateMs))
  return {
    ttftMs: spread(ttfts),
    gapMs: spread(gapErrors),
    receiveLagMs: spread(lags),
    sendLagMs: spread(sendLags),
    tpotShare: trueTpot === 0 ? Number.NaN : Math.abs(seenTpot / trueTpot - 1),
    wrongTokens,
    wrongOutcomes: confusions(records, byId),
    matched,
    senderLateP99Ms: quantile(late, 0.99),
    senderWaited: truths.filter(({ hadBackPressure }) => hadBackPressure).length,
  }
}

const spread = (values: readonly number[]): ErrorSpread => {
  const all = sorted(values)
  return {
    n: all.length,
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
    max: all[all.length - 1] ?? Number.NaN,
  }
}

/** What was called something else than it was. Requests that never got an id are compared in number. */
const confusions = (
  records: readonly RequestRecord[],
  byId: ReadonlyMap<string, Truth>,
): Accuracy['wrongOutcomes'] => {
  const pairs = new Map<string, number>()
  const add = (was: string, called: string, by: number): void => {
    const key = `${was}\t${called}`
    pairs.set(key, (pairs.get(key) ?? 0) + by)
  }
  const unnamed = new Map<string, number>()
  const seen = new Set<string>()
  for (const { requestId, outcome } of records) {
    const truth = requestId === undefined ? undefined : byId.get(requestId)
    if (truth) {
      seen.add(truth.id)
      if (truth.outcome !== outcome) add(truth.outcome, outcome, 1)
    } else if (outcome !== 'cancelled') unnamed.set(outcome, (unnamed.get(outcome) ?? 0) + 1)
  }
  const unseen = new Map<string, number>()
  for (const { id, outcome } of byId.values())
    if (!seen.has(id)) unseen.set(outcome, (unseen.get(outcome) ?? 0) + 1)
  for (const outcome of new Set([...unnamed.keys(), ...unseen.keys()])) {
    const extra = (unseen.get(outcome) ?? 0) - (unnamed.get(outcome) ?? 0)
    if (extra > 0) add(outcome, 'something else', extra)
    if (extra < 0) add('something else', outcome, -extra)
  }
  return [...pairs].map(([key, count]) => {
    const at = key.indexOf('\t')
    return { was: key.slice(0, at), called: key.slice(at + 1), count }
  })
}
