import { isMcpdError, type McpdError } from '../../core/errors.ts'
import { type InferenceEvent, isContent, type Usage } from '../../core/inference.ts'
import { decodeError as decodeOllamaError } from '../../dialects/ollama/errors.ts'
import { decodeError } from '../../dialects/openai/errors.ts'
import { isRecord, type Wire as Body } from '../../dialects/wire.ts'
import { classOfStatus } from './classify.ts'
import type { Exchange } from './exchange.ts'
import type { ErrorClass, RequestRecord } from './record.ts'
import type { Wire } from './wire.ts'

/** A record that is being filled in. */
export interface Draft extends RequestRecord {
  /** Whether anything of the stream was understood. */
  hasEvents: boolean
  /** Whether its text is wanted, if the server does not count. */
  readonly keepsText: boolean
}

/** Longest answer whose text is kept, in characters. */
const textMaxLength = 2 ** 20
/** How long a connection may stay open after its stream said that it was done. */
const afterlifeMs = 1000

/**
 * Reads the answer to an exchange into its record: what it said, and when each event with content was read. Throws
 * what the connection or the dialect threw.
 */
export const readAnswer = async (exchange: Exchange, wire: Wire, record: Draft): Promise<void> => {
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
  keepText(record, () => choices.map(({ text, reasoning }) => `${reasoning ?? ''}${text ?? ''}`).join(''))
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
  const texts: string[] = []
  let lastFrame: object | undefined
  let firstFrame: Buffer | undefined
  try {
    for await (const event of wire.events(exchange.body())) {
      const at = exchange.readMs
      if (event.type !== 'other') record.hasEvents = true
      if (isContent(event)) {
        if (isOutput(event)) record.firstOutputMs ??= at
        const text = textIn(event)
        record.characters += text.length
        if (record.keepsText && record.characters <= textMaxLength) texts.push(text)
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
    keepText(record, () => texts.join(''))
    if (firstFrame) record.firstEventTokens = tokensSoFar(firstFrame)
    if (stamps.length === 0) record.outcome = 'empty'
  }
}

const textIn = (event: InferenceEvent): string => {
  if (event.type === 'tool-call-delta') return (event.name ?? '') + event.argumentsText
  return 'text' in event ? event.text : ''
}

/** For the tokenizer, where the server itself did not count. */
const keepText = (record: Draft, text: () => string): void => {
  if (record.keepsText && record.outputTokens === undefined && record.characters <= textMaxLength)
    record.text = text()
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
