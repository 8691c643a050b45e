import { isMcpdError } from '../../core/errors.ts'
import { monotonicMs } from '../clock.ts'
import type { Target } from '../target.ts'
import type { Ask } from '../workload/workload.ts'
import { classOfError } from './classify.ts'
import { type Connections, type ConnectionsOptions, createConnections } from './connections.ts'
import { Exchange } from './exchange.ts'
import { type Draft, readAnswer } from './read-answer.ts'
import type { RequestRecord } from './record.ts'
import { type Wire, wireOf } from './wire.ts'

export interface MeterOptions extends ConnectionsOptions {
  /** From issue to the end of the answer. */
  readonly timeoutMs: number
}

/** Sends requests and records when their bytes came. */
export interface Meter {
  /** Encodes a request; what it returns sends it and never rejects: whatever goes wrong is the record's outcome. */
  prepare(request: Measured): (scheduledMs: number) => Promise<RequestRecord>
  /** Opens connections ahead, so that their cost is in no request. */
  open(target: Target, count: number): Promise<void>
  /** Requests that are being answered. */
  readonly running: number
  /** Ends what is running; its outcome is `cancelled`. */
  cancel(): void
  close(): Promise<void>
}

export interface Measured {
  readonly target: Target
  readonly targetIndex: number
  readonly phase: number
  readonly ask: Ask
}

/** How often requests are looked at for their deadline. */
const sweepMs = 20
const messageMaxLength = 300

export const createMeter = (options: MeterOptions): Meter => {
  const running = new Set<Exchange>()
  const connections = new Map<string, Connections>()
  const wires = new Map<Target, Wire>()

  const sweep = setInterval(() => {
    const now = monotonicMs()
    for (const exchange of running) if (now >= exchange.deadlineMs) exchange.giveUp('timeout')
  }, sweepMs)
  sweep.unref()

  const connectionsTo = ({ url }: Target): Connections => {
    const { origin } = new URL(url)
    const found = connections.get(origin) ?? createConnections(origin, options)
    connections.set(origin, found)
    return found
  }

  const prepare = (request: Measured) => {
    const { target, ask } = request
    const wire = wires.get(target) ?? wireOf(target)
    wires.set(target, wire)
    const { path, body } = wire.request(ask.text, ask.outputTokens)
    const pool = connectionsTo(target)
    const prefix = new URL(target.url).pathname.replace(/\/$/, '')
    const dispatched = { method: 'POST', path: prefix + path, headers: headersOf(target), body } as const

    return (scheduledMs: number): Promise<RequestRecord> => {
      const issuedMs = monotonicMs()
      const exchange = new Exchange(issuedMs + options.timeoutMs)
      running.add(exchange)
      pool.dispatch(dispatched, exchange)
      return follow(exchange, wire, newRecord(request, scheduledMs, issuedMs))
    }
  }

  const follow = async (exchange: Exchange, wire: Wire, record: Draft): Promise<RequestRecord> => {
    try {
      await readAnswer(exchange, wire, record)
    } catch (error) {
      // What happens to the connection after the stream said that it was done is no failure of the answer.
      if (record.doneMs === undefined) fail(record, exchange, error)
    } finally {
      running.delete(exchange)
    }
    settle(record, exchange)
    const { hasEvents: _, keepsText: __, ...settled } = record
    return settled
  }

  return {
    prepare,
    open: (target, count) => connectionsTo(target).open(count),
    get running() {
      return running.size
    },
    cancel: () => {
      for (const exchange of running) exchange.giveUp('cancelled')
    },
    close: async () => {
      clearInterval(sweep)
      await Promise.all([...connections.values()].map((each) => each.close()))
    },
  }
}

const headersOf = ({ apiKey, stream, wire }: Target): Record<string, string> => ({
  'content-type': 'application/json',
  accept: !stream
    ? 'application/json'
    : wire.startsWith('ollama')
      ? 'application/x-ndjson'
      : 'text/event-stream',
  // What a proxy compresses it also holds back.
  'accept-encoding': 'identity',
  ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
})

const newRecord = (
  { phase, target, targetIndex, ask }: Measured,
  scheduledMs: number,
  issuedMs: number,
): Draft => ({
  index: ask.index,
  phase,
  target: targetIndex,
  scheduledMs,
  issuedMs,
  endedMs: issuedMs,
  outcome: 'ok',
  stamps: new Float64Array(0),
  coalesced: 0,
  reads: 0,
  bytes: 0,
  characters: 0,
  firstEventTokens: 1,
  ...(ask.inputTokens !== undefined && { askedInputTokens: ask.inputTokens }),
  askedOutputTokens: ask.outputTokens,
  hasEvents: false,
  keepsText: target.keepTexts ?? false,
})

const fail = (record: Draft, exchange: Exchange, error: unknown): void => {
  record.outcome = classOfError(error, {
    connected: exchange.connectedMs !== undefined,
    head: exchange.headMs !== undefined,
    events: record.hasEvents,
  })
  record.message = messageOf(error)
}

const messageOf = (error: unknown): string => {
  const { message, code } = error as Error & { code?: string }
  return (isMcpdError(error) || code === undefined ? message : `${message} (${code})`).slice(
    0,
    messageMaxLength,
  )
}

/** What the connection knows, and what the client itself did. */
const settle = (record: Draft, exchange: Exchange): void => {
  if (exchange.connectedMs !== undefined) record.connectedMs = exchange.connectedMs
  if (exchange.sentMs !== undefined) record.sentMs = exchange.sentMs
  if (exchange.headMs !== undefined) record.headMs = exchange.headMs
  record.endedMs = exchange.endedMs ?? monotonicMs()
  record.reads = exchange.reads
  record.bytes = exchange.bytes
  const requestId = record.requestId ?? headerText(exchange.headers['x-request-id'])
  if (requestId !== undefined) record.requestId = requestId
  const { givenUp } = exchange
  if (!givenUp) exchange.giveUp('complete')
  // A server that kept the connection open after its answer was complete has still answered.
  if (!givenUp || givenUp === 'complete' || record.doneMs !== undefined) return
  record.outcome = givenUp
  record.message = givenUpWords[givenUp]
}

const givenUpWords = {
  timeout: 'The answer was not complete in time.',
  oversize: 'The answer did not end.',
  cancelled: 'The run ended before the answer did.',
} as const

const headerText = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.at(-1) : value
