/** How a request ended that did not succeed. A reference table is in docs/bench.md. */
export const errorClasses = [
  'connect',
  'reset-before',
  'reset-mid',
  'timeout',
  'http_3xx',
  'http_4xx',
  'http_429',
  'http_5xx',
  'sse_error_event',
  'truncated',
  'bad_json',
  'empty',
  'oversize',
] as const
export type ErrorClass = (typeof errorClasses)[number]

/**
 * One request and what was seen of it. Times are milliseconds of the monotonic clock, taken when the bytes were read
 * and before anything was parsed; absent where the request never got that far.
 */
export interface RequestRecord {
  readonly index: number
  /** Which of the run's phases and targets, by number. */
  readonly phase: number
  readonly target: number
  /** When the load model wanted it. */
  readonly scheduledMs: number
  /** When it was handed over for sending, after any wait for a free slot of the client. */
  readonly issuedMs: number
  /** When a connection was there for it. */
  connectedMs?: number
  /** When its last byte was handed to the socket. */
  sentMs?: number
  /** When the head of the answer was read. */
  headMs?: number
  /** When the stream said that it was done. */
  doneMs?: number
  usageMs?: number
  /** First output that is no reasoning. */
  firstOutputMs?: number
  /** When the last byte was read, or when it was given up. */
  endedMs: number
  /** `cancelled` is a request that the end of the run cut off: neither success nor failure. */
  outcome: 'ok' | 'cancelled' | ErrorClass
  status?: number
  /** What went wrong, in words. */
  message?: string
  /** The server's own name for it. */
  requestId?: string
  /** One time per event with content, in order. Empty for an answer that came whole. */
  stamps: Float64Array
  /** Events that shared a read of the socket with the event before. */
  coalesced: number
  /** Reads of the socket that brought a part of the body. */
  reads: number
  bytes: number
  /** The text of the answer had this many characters. */
  characters: number
  /** By the server's usage. */
  inputTokens?: number
  outputTokens?: number
  /** The answer's text, where a tokenizer is going to be asked for want of usage. */
  text?: string
  /** By the tokenizer. */
  tokenizerTokens?: number
  cachedTokens?: number
  reasoningTokens?: number
  /** Tokens in the first event, where the server counts per event; otherwise 1. */
  firstEventTokens: number
  askedInputTokens?: number
  askedOutputTokens: number
}

export const isOk = ({ outcome }: RequestRecord): boolean => outcome === 'ok'

/** Output tokens by the best source there is: the server's usage, else a tokenizer, else one per event. */
export const outputTokensOf = ({ outputTokens, tokenizerTokens, stamps }: RequestRecord): number =>
  outputTokens ?? tokenizerTokens ?? stamps.length

// ---- the times of a request, in ms; undefined where they do not exist ----

type Time = (record: RequestRecord) => number | undefined

export const ttft: Time = ({ stamps, issuedMs }) => since(stamps[0], issuedMs)
export const ttfo: Time = ({ firstOutputMs, issuedMs }) => since(firstOutputMs, issuedMs)
export const ttst: Time = ({ stamps }) => (stamps.length < 2 ? undefined : stamps[1]! - stamps[0]!)
/** Whole answers have no events: their end is the end of their bytes. */
export const e2e: Time = (record) => since(lastMs(record), record.issuedMs)
export const streamEnd: Time = ({ endedMs, issuedMs }) => since(endedMs, issuedMs)
export const ttfb: Time = ({ headMs, issuedMs }) => since(headMs, issuedMs)
export const connect: Time = ({ connectedMs, issuedMs }) => since(connectedMs, issuedMs)
export const clientQueue: Time = ({ issuedMs, scheduledMs }) => since(issuedMs, scheduledMs)
export const ttftFromSchedule: Time = ({ stamps, scheduledMs }) => since(stamps[0], scheduledMs)
export const e2eFromSchedule: Time = (record) => since(lastMs(record), record.scheduledMs)

/** Only over requests with more than one token, and events enough to see a pace. */
export const tpot: Time = (record) => {
  const { stamps, firstEventTokens } = record
  const tokens = outputTokensOf(record) - firstEventTokens
  if (stamps.length < 2 || tokens < 1) return undefined
  return (stamps[stamps.length - 1]! - stamps[0]!) / tokens
}

const lastMs = ({ stamps, endedMs }: RequestRecord): number => stamps[stamps.length - 1] ?? endedMs

const since = (ms: number | undefined, startMs: number): number | undefined =>
  ms === undefined ? undefined : ms - startMs
