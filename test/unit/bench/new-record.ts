import type { RequestRecord } from '../../../src/bench/measure/record.ts'

type Given = Partial<Omit<RequestRecord, 'stamps'>> & { readonly stamps?: readonly number[] | Float64Array }

/** A record of a success at time 0, with everything a test does not care about filled in. */
export const newRecord = ({ stamps = [], ...given }: Given = {}): RequestRecord => ({
  index: 0,
  phase: 0,
  target: 0,
  scheduledMs: 0,
  issuedMs: 0,
  endedMs: stamps[stamps.length - 1] ?? 0,
  outcome: 'ok',
  coalesced: 0,
  reads: stamps.length,
  bytes: 0,
  characters: 0,
  firstEventTokens: 1,
  askedOutputTokens: 8,
  ...given,
  stamps: Float64Array.from(stamps),
})
