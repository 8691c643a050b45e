import type { AnswerCacheConfig } from '../../core/cache-config.ts'
import { isMcpdError } from '../../core/errors.ts'
import type { Guard, InferenceEvent, InferenceRequest, Input, Invoke } from '../../core/inference.ts'
import { isRecord } from '../../dialects/wire.ts'
import { answerKeys, type AnswerKeys } from '../answers/answer-key.ts'
import { createRecording } from '../answers/recording.ts'
import { packAnswer, replay, type StoredAnswer, unpackAnswer } from '../answers/stored-answer.ts'
import type { TextCache } from '../contexts/cache/strict-keyv.ts'
import type { Registry, Route } from '../registry.ts'

export interface AnswerCacheParts {
  readonly registry: Registry
  readonly answers: TextCache
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Milliseconds since 1970, for other daemons read it too; the clock when absent. */
  readonly clock?: () => number
}

/** Longest time that an answer may take to be kept. */
const keepMs = 10_000

/**
 * Gives answers again, for equal requests of one tenant at a route with `cache`, without asking a backend. Nothing in
 * it fails a request: what cannot be read is a miss, and what cannot be kept is not kept.
 */
export const answerCacheGuard = (parts: AnswerCacheParts): Guard => {
  /** Answers on their way into the cache, for who asks the same before they are there. */
  const keeping = new Map<string, Promise<void>>()

  const answered = async function* (next: Invoke, request: InferenceRequest): AsyncGenerator<InferenceEvent> {
    const route = parts.registry.lookupRoute(request.adapter, request.model)
    if (!route?.cache) return yield* next(request)
    const { trace } = request
    const use = useOf(request)
    const keys = use === 'none' ? undefined : keysOf(route, request)
    trace.cache = 'bypass'
    if (!keys) return yield* next(request)
    if (use === 'all') {
      await keeping.get(keys.neutral)
      const found = await find(parts, route.cache, keys, request.signal)
      trace.cache = found ? 'hit' : 'miss'
      if (found) {
        const { adapter, backend, model } = found
        Object.assign(trace, { adapter, backend, model, firstContentMs: parts.now() })
        trace.warnings.push(...found.warnings)
        return yield* replay(found, request.stream)
      }
    }
    yield* recorded(next, request, route.cache.bodyMaxBytes, (answer) => {
      const kept = keep(parts, route.cache!, keys, answer)
        .catch(() => undefined)
        .finally(() => keeping.delete(keys.neutral))
      keeping.set(keys.neutral, kept)
    })
  }
  return (next) => (request) => (parts.registry.caches ? answered(next, request) : next(request))
}

/** What a request wants of the cache: to read and write, to write alone, or nothing. */
const useOf = ({ input, context, header }: InferenceRequest): 'all' | 'write' | 'none' => {
  const control = header?.('cache-control')?.toLowerCase() ?? ''
  // A conversation goes on, and who rewinds it and asks again wants another answer.
  if (context || !isCached(input) || /\bno-store\b/.test(control)) return 'none'
  return /\b(no-cache|max-age=0)\b/.test(control) ? 'write' : 'all'
}

/** Members by which the backend itself acts, or looks at the world, while it answers. */
const acting = ['tools', 'web_search_options', 'search_parameters', 'mcp_servers', 'container', 'plugins']

const isCached = (input: Input): boolean => {
  if (input.operation === 'tokenize' || input.operation === 'infer') return false
  const { extra } = input
  if (acting.some((name) => name in extra) || extra['store'] === true) return false
  // The Anthropic dialect keeps the tools that its server runs under their types.
  return !Object.entries(extra).some(
    ([name, tool]) => isRecord(tool) && name === `tools[].${String(tool['type'])}`,
  )
}

/** Undefined for a request that has no canonical form. */
const keysOf = (route: Route, request: InferenceRequest): AnswerKeys | undefined => {
  try {
    return answerKeys(route, request)
  } catch (error) {
    if (isMcpdError(error)) return undefined
    throw error
  }
}

const find = async (
  { answers, clock = Date.now }: AnswerCacheParts,
  { ttlMs, bodyMaxBytes }: AnswerCacheConfig,
  { verbatim, neutral }: AnswerKeys,
  signal: AbortSignal,
): Promise<StoredAnswer | undefined> => {
  try {
    const texts = await answers.get(verbatim === undefined ? [neutral] : [verbatim, neutral], signal)
    const text = texts.find((each) => each !== undefined)
    const found = text === undefined ? undefined : await unpackAnswer(text, bodyMaxBytes)
    // The route's time may have been shortened since, and memory knows none of what came from a server.
    return found && Math.abs(clock() - found.at) < ttlMs ? found : undefined
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** The same events; a complete answer is handed to `keep` before its end, so that who saw the end finds it. */
async function* recorded(
  next: Invoke,
  request: InferenceRequest,
  bodyMaxBytes: number,
  keep: (answer: Omit<StoredAnswer, 'at'>) => void,
): AsyncGenerator<InferenceEvent> {
  const { input, frame, trace } = request
  const told = trace.warnings.length
  const recording = createRecording(input.operation, frame?.dialect, bodyMaxBytes)
  for await (const event of next(request)) {
    recording.push(event)
    const answer = event.type === 'end' || event.type === 'whole' ? recording.result() : undefined
    if (answer) {
      const { adapter = '', backend = '', model = '' } = trace
      keep({ adapter, backend, model, warnings: trace.warnings.slice(told), ...answer })
    }
    yield event
  }
}

const keep = async (
  { answers, clock = Date.now }: AnswerCacheParts,
  { ttlMs, bodyMaxBytes }: AnswerCacheConfig,
  { verbatim, neutral }: AnswerKeys,
  answer: Omit<StoredAnswer, 'at'>,
): Promise<void> => {
  const text = await packAnswer({ at: clock(), ...answer }, bodyMaxBytes)
  const key = answer.verbatim ? verbatim : neutral
  if (text === undefined || key === undefined) return
  await answers.set(new Map([[key, text]]), AbortSignal.timeout(keepMs), ttlMs)
}
