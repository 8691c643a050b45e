import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ContextUse } from '../../core/context-use.ts'
import { McpdError, toMcpdError } from '../../core/errors.ts'
import { createFold } from '../../core/fold.ts'
import {
  type InferenceEvent,
  type InferenceRequest,
  type InferenceResponse,
  type Input,
  type Invoke,
  isContent,
  priorities,
  type Priority,
  type RequestFrame,
} from '../../core/inference.ts'
import { defaultPrincipal } from '../../core/principal.ts'
import { type ContextTrace, newTrace, type Trace } from '../../core/trace.ts'
import type { Activity } from '../activity.ts'
import { createStreamWriter } from './stream-writer.ts'

export interface AnswerParts {
  readonly invoke: Invoke
  readonly activity: Activity
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly log: { error(fields: object, message: string): void }
}

/** How a surface writes a stream. Frames of its own dialect go out untouched. */
export interface StreamEncoder {
  encode(event: InferenceEvent): Buffer | undefined
  /** The last bytes of a stream that failed after its first byte. */
  fail(error: McpdError): Buffer
}

/** What a surface has made of a request: the input, and how its answer is to be written. */
export interface Plan {
  readonly surface: string
  readonly adapter?: string
  readonly model: string
  readonly input: Input
  readonly stream: boolean
  readonly frame?: RequestFrame
  /** The stored conversation to go on with. */
  readonly context?: ContextUse
  /** Made once it is known who answers. */
  readonly encoder: (facts: AnswerFacts) => StreamEncoder
  /** What is left out of the answer already, in words for the client. */
  readonly warnings?: readonly string[]
  readonly streamType: string
  /** By what a stream of server-sent events shows that it lives; a comment when absent. */
  readonly keepAlive?: Buffer
  /** A whole answer that is not in the surface's own dialect. Bytes go out as they are. */
  readonly encode: (response: InferenceResponse, facts: AnswerFacts) => unknown
}

/** `now` minus `trace.startedMs` is the time so far. */
export interface AnswerFacts {
  readonly id: string
  readonly trace: Trace
  readonly createdSeconds: number
}

/** Events that may be held back until it is clear that the answer begins well. */
const heldMax = 64
/** A stream that is still silent after this long commits its status line, and then says that it lives. */
const silenceMs = 10_000
const keepAlive = Buffer.from(': keep-alive\n\n')

/** Runs a plan and writes its answer. Errors before the first byte are thrown, for the surface's error handler. */
export const answer = async (
  parts: AnswerParts,
  request: FastifyRequest,
  reply: FastifyReply,
  plan: Plan,
): Promise<void> => {
  const priority = priorityOf(request)
  const active = parts.activity.begin()
  const { raw } = reply
  const onClose = (): void => {
    if (!raw.writableFinished)
      active.abort(new McpdError('CANCELLED', 'The client went away before its answer was complete.'))
  }
  raw.once('close', onClose)
  const trace = newTrace(plan.surface, request.receivedMs)
  trace.warnings.push(...(plan.warnings ?? []))
  request.trace = trace
  const inference: InferenceRequest = {
    id: request.id,
    principal: defaultPrincipal,
    ...(plan.adapter !== undefined && { adapter: plan.adapter }),
    model: plan.model,
    input: plan.input,
    stream: plan.stream,
    ...(priority && { priority }),
    header: (name) => String(request.headers[name.toLowerCase()] ?? ''),
    ...(plan.frame && { frame: plan.frame }),
    ...(plan.context && { context: plan.context }),
    signal: active.signal,
    trace,
  }
  const facts: AnswerFacts = { id: request.id, trace, createdSeconds: Math.floor(Date.now() / 1000) }
  let failed = true
  try {
    const events = parts.invoke(inference)
    failed = plan.stream
      ? !(await writeStream(parts, events, reply, plan, facts, active.signal))
      : !(await writeWhole(events, reply, plan, facts))
  } finally {
    raw.off('close', onClose)
    active.end(failed)
  }
}

const priorityOf = ({ headers }: FastifyRequest): Priority | undefined => {
  const given = headers['x-mcpd-priority']
  if (given === undefined) return undefined
  const priority = priorities.find((known) => known === given)
  if (priority) return priority
  throw new McpdError('BAD_REQUEST', `x-mcpd-priority must be one of ${priorities.join(', ')}.`)
}

const writeWhole = async (
  events: AsyncIterable<InferenceEvent>,
  reply: FastifyReply,
  plan: Plan,
  facts: AnswerFacts,
): Promise<true> => {
  const folding = createFold()
  let frame: Buffer | undefined
  for await (const event of events) {
    if (event.type === 'whole' && event.frame && event.frame.dialect === plan.frame?.dialect)
      frame = event.frame.bytes
    else folding.push(event)
  }
  void reply
    .headers(traceHeaders(facts.trace))
    .type('application/json; charset=utf-8')
    .send(frame ?? bodyOf(plan.encode(folding.result(), facts)))
  return true
}

const bodyOf = (encoded: unknown): Buffer | string =>
  Buffer.isBuffer(encoded) ? encoded : JSON.stringify(encoded)

/** False when the stream failed after its first byte. */
const writeStream = async (
  parts: AnswerParts,
  events: AsyncIterable<InferenceEvent>,
  reply: FastifyReply,
  plan: Plan,
  facts: AnswerFacts,
  signal: AbortSignal,
): Promise<boolean> => {
  const response = reply.raw
  const writer = createStreamWriter(response)
  let encoder: StreamEncoder | undefined
  let held: InferenceEvent[] = []

  const commit = (): StreamEncoder => {
    if (encoder) return encoder
    encoder = plan.encoder(facts)
    reply.hijack()
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': plan.streamType,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
      ...traceHeaders(facts.trace),
    })
    // The head goes out with the first bytes, in one packet; without any it must not wait for them.
    if (!held.map((event) => put(encoder!, event)).includes(true)) response.flushHeaders()
    held = []
    return encoder
  }
  /** Whether the event has bytes. */
  const put = (encoder: StreamEncoder, event: InferenceEvent): boolean => {
    const bytes = encoder.encode(event)
    if (bytes) writer.write(bytes)
    return bytes !== undefined
  }
  // Until the first output an error can still have a status of its own, so start-up events wait for it.
  const silence = setInterval(() => {
    commit()
    // A client that does not take what it was sent needs no sign of life.
    if (plan.streamType.startsWith('text/event-stream') && !response.writableNeedDrain)
      writer.write(plan.keepAlive ?? keepAlive)
  }, silenceMs)

  try {
    for await (const event of events) {
      silence.refresh()
      if (encoder) put(encoder, event)
      else {
        held.push(event)
        if (isContent(event) || held.length >= heldMax || event.type === 'end') commit()
      }
      // The client need not wait for the backend's connection to come to rest.
      if (event.type === 'end') writer.end()
      const wait = writer.blocked(signal)
      if (wait) await wait
      if (signal.aborted) throw signal.reason
    }
    commit()
    writer.end()
    return true
  } catch (error) {
    if (!encoder) throw error
    const failure = toMcpdError(error)
    if (failure.code === 'INTERNAL') parts.log.error({ err: error, requestId: facts.id }, 'a stream failed')
    writer.write(encoder.fail(failure))
    writer.cut()
    return false
  } finally {
    clearInterval(silence)
  }
}

const pruningOf = ({ mode, tokens, dropped }: NonNullable<ContextTrace['view']>): string =>
  `${mode}; tokens=${tokens}; dropped=${dropped.length}`

/** Headers that explain an answer; see docs/metrics.md. */
export const traceHeaders = (trace: Trace): Record<string, string> => {
  const headers: Record<string, string> = { 'x-mcpd-attempts': String(trace.attempts) }
  if (trace.backend !== undefined) headers['x-mcpd-backend'] = trace.backend
  if (trace.cache !== undefined) headers['x-mcpd-cache'] = trace.cache
  if (trace.context) {
    headers['x-mcpd-context'] = `${trace.context.id}@${trace.context.head}`
    headers['x-mcpd-turn'] = trace.context.turn
    if (trace.context.view) headers['x-mcpd-pruning'] = pruningOf(trace.context.view)
  }
  if (trace.sentMs !== undefined) {
    headers['x-mcpd-queue-ms'] = trace.queueMs.toFixed(2)
    headers['x-mcpd-overhead-ms'] = (
      trace.sentMs -
      trace.startedMs -
      trace.queueMs -
      trace.retriedMs
    ).toFixed(2)
  }
  if (trace.warnings.length > 0) headers['x-mcpd-warnings'] = warningsHeader(trace.warnings)
  return headers
}

/** Clients read 8 or 16 KiB of headers, and warnings repeat names that the client chose. */
const warningsMaxCharacters = 2048

const warningsHeader = (warnings: readonly string[]): string => {
  const text = warnings.join('; ').replaceAll(/[^\x20-\x7e]/g, '?')
  return text.length > warningsMaxCharacters ? `${text.slice(0, warningsMaxCharacters)} ...` : text
}
