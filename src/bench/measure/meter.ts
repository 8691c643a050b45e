import { isMcpdError, type McpdError } from '../../core/errors.ts'
import { type InferenceEvent, isContent, type Usage } from '../../core/inference.ts'
import { decodeError as decodeOllamaError } from '../../dialects/ollama/errors.ts'
import { decodeError } from '../../dialects/openai/errors.ts'
import { isRecord } from '../../dialects/wire.ts'
import { type Wire as Body } from '../../dialects/wire.ts'
import { monotonicMs } from '../clock.ts'
import type { Target } from '../target.ts'
import type { Ask } from '../workload/workload.ts'
import { classOfError, classOfStatus } from './classify.ts'
import { type Connections, type ConnectionsOptions, createConnections } from './connections.ts'
import { createWakes, Exchange } from './exchange.ts'
import type { ErrorClass, RequestRecord } from './record.ts'
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
/** How long a connection may stay open after its stream said that it was done. */
const afterlifeMs = 1000
const messageMaxLength = 300

export const createMeter = (options: MeterOptions): Meter => {
  const running = new Set<Exchange>()
  const connections = new Map<string, Connections>()
  const wires = new Map<Target, Wire>()
  const wakes = createWakes()

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
      const exchange = new Exchange(wakes, issuedMs + options.timeoutMs)
      running.add(exchange)
      pool.dispatch(dispatched, exchange)
      return follow(exchange, wire, newRecord(request, scheduledMs, issuedMs))
    }
  }

  const follow = async (exchange: Exchange, wire: Wire, record: Draft): Promise<RequestRecord> => {
    try {
      await read(exchange, wire, record)
    } catch (error) {
      // What happens to the connection after the stream said that it was done is no failure of the answer.
      if (record.doneMs === undefined) fail(record, exchange, error)
    } finally {
      running.delete(exchange)
    }
    settle(record, exchange)
    const { hasEvents: _, ...settled } = record
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

interface Draft extends RequestRecord {
  /** Whether anything of the stream was understood. */
  hasEvents: boolean
}

const newRecord = ({ phase, targetIndex, ask }: Measured, scheduledMs: number, issuedMs: number): Draft => ({
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
})

const read = async (exchange: Exchange, wire: Wire, record: Draft): Promise<void> => {
  await exchange.head()
  if (exchange.headMs === undefined) throw exchange.error ?? new Error(exchange.givenUp ?? 'no answer')
  record.status = exchange.status
  const refused = classOfStatus(exchange.status)
  const type = String(exchange.headers['content-type'] ?? '')
  if (refused) await readRefusal(exchange, refused, record)
  else if (/event-stream|ndjson/.test(type)) await readStream(exchange, wire, record)
  else if (type.includes('json')) await readWhole(exchange, wire, record)
  else {
    await readStream(exchange, wire, record).catch((error: unknown) => {
      if (record.hasEvents || !isMcpdError(error)) throw error
      record.outcome = 'bad_json'
      record.message = `The answer is of type "${type}" and no stream.`
    })
  }
}

const collect = async (exchange: Exchange): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(exchange.body()))

const readRefusal = async (exchange: Exchange, refused: ErrorClass, record: Draft): Promise<void> => {
  record.outcome = refused
  const bytes = await collect(exchange)
  record.message = wordsOf(exchange, bytes).message
}

const wordsOf = ({ status, headers }: Exchange, bytes: Buffer): McpdError => {
  const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  return bytes.includes('"error":"')
    ? decodeOllamaError(status, plain, bytes)
    : decodeError(status, plain, bytes)
}

const readWhole = async (exchange: Exchange, wire: Wire, record: Draft): Promise<void> => {
  const bytes = await collect(exchange)
  const body: unknown = parseOrUndefined(bytes)
  if (bytes.length === 0) record.outcome = 'empty'
  else if (!isRecord(body)) {
    record.outcome = 'bad_json'
    record.message = 'The answer is no JSON object.'
  } else readResponse(wire, body, record)
}

const readResponse = (wire: Wire, body: Body, record: Draft): void => {
  const { choices, embeddings, usage, id } = wire.whole(body)
  if (id !== undefined) record.requestId = id
  if (usage) count(record, usage)
  record.characters = choices.reduce(
    (sum, { text, reasoning }) => sum + (text?.length ?? 0) + (reasoning?.length ?? 0),
    0,
  )
  const hasOutput = embeddings ? embeddings.length > 0 : choices.some(isSomething) || record.characters > 0
  if (!hasOutput) record.outcome = 'empty'
}

const isSomething = ({ toolCalls }: { readonly toolCalls?: readonly unknown[] }): boolean =>
  toolCalls !== undefined && toolCalls.length > 0

const parseOrUndefined = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

/** Events of one frame came together and count as one, such as a thought and a text in one chunk. */
const readStream = async (exchange: Exchange, wire: Wire, record: Draft): Promise<void> => {
  const stamps: number[] = []
  let lastFrame: object | undefined
  let firstFrame: Buffer | undefined
  try {
    for await (const event of wire.events(exchange.body())) {
      const at = exchange.readMs
      if (event.type !== 'other') record.hasEvents = true
      if (isContent(event)) {
        if (isOutput(event)) record.firstOutputMs ??= at
        record.characters += 'text' in event ? event.text.length : 0
        const frame = 'frame' in event ? event.frame : undefined
        if (frame && frame === lastFrame) continue
        lastFrame = frame
        if (stamps.length === 0) firstFrame = frame?.bytes
        else if (at === stamps[stamps.length - 1]) record.coalesced += 1
        stamps.push(at)
      } else noteEvent(event, at, exchange, record)
    }
  } finally {
    record.stamps = Float64Array.from(stamps)
    if (firstFrame) record.firstEventTokens = tokensSoFar(firstFrame)
    if (stamps.length === 0) record.outcome = 'empty'
  }
}

const isOutput = (event: InferenceEvent): boolean => event.type !== 'reasoning-delta'

const noteEvent = (event: InferenceEvent, at: number, exchange: Exchange, record: Draft): void => {
  switch (event.type) {
    case 'start':
      if (event.id !== undefined) record.requestId = event.id
      break
    case 'usage':
      record.usageMs = at
      count(record, event.usage)
      break
    case 'end':
      record.doneMs = at
      exchange.deadlineMs = Math.min(exchange.deadlineMs, at + afterlifeMs)
      break
    default:
  }
}

const count = (record: RequestRecord, usage: Usage): void => {
  record.inputTokens = usage.inputTokens
  record.outputTokens = usage.outputTokens
  if (usage.cachedTokens !== undefined) record.cachedTokens = usage.cachedTokens
  if (usage.reasoningTokens !== undefined) record.reasoningTokens = usage.reasoningTokens
}

/** The running count of tokens that some servers put into every chunk; 1 where there is none. */
const tokensSoFar = (frame: Buffer): number => {
  if (!frame.includes('"usage":{') && !frame.includes('"usage": {')) return 1
  const text = frame.toString()
  const body = parseOrUndefined(Buffer.from(text.slice(text.indexOf('{'))))
  const usage = isRecord(body) && isRecord(body['usage']) ? body['usage'] : {}
  const tokens = Number(usage['completion_tokens'])
  return tokens > 0 ? tokens : 1
}

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
