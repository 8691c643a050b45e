import { hash } from 'node:crypto'
import { isMcpdError } from '../../core/errors.ts'
import type { Message, Tool } from '../../core/inference.ts'
import type { TextCache } from './cache/strict-keyv.ts'
import { applyFactors, createCalibration } from './calibration.ts'
import { addEstimates, noTokens } from './estimate.ts'
import {
  estimateMessage,
  estimateTools,
  type MessageEstimate,
  plainText,
  tokensPerPrompt,
} from './message-tokens.ts'
import type { PathTurn } from './path.ts'

/** Counts of one path, as `view` takes them. */
export interface Counts {
  readonly tokensOf: (turn: PathTurn) => number
  /** Tools, and what a template writes besides. */
  readonly fixedTokens: number
  /** True where every message was counted by the model's own tokenizer. */
  readonly exact: boolean
  /** 0 where exact. */
  readonly marginRatio: number
}

export interface TokenCounter {
  /** Counts what was not counted before. What a tokenizer does not answer, or not in time, is estimated. */
  count(path: readonly PathTurn[], request: CountRequest, signal: AbortSignal): Promise<Counts>
  /** Learns from what a backend says that a prompt of these messages had. */
  observe(messages: readonly Message[], tools: readonly Tool[], inputTokens: number): void
}

export interface CountRequest {
  readonly tools?: readonly Tool[]
  /** What the counts are for: where it is far more than the estimate, no tokenizer is asked. */
  readonly budgetTokens?: number
}

/** How many tokens a backend makes of a text, or of messages through its template. */
export type Tokenize = (
  input: { readonly text: string } | { readonly messages: readonly Message[] },
  signal: AbortSignal,
) => Promise<number>

export interface TokenCounterOptions {
  /** Whose tokens these are, such as `gpu-0/llama-3`. */
  readonly tokenizer: string
  /** Absent, or failing with OPERATION_UNSUPPORTED: estimates are all there is. */
  readonly tokenize?: Tokenize
  /** Where exact counts outlive the process; a body is counted once. */
  readonly cache?: TextCache
  /** Longest wait for the tokenizer in one count; 2000 when absent. */
  readonly tokenizeMs?: number
}

/** Bodies whose counts are kept in memory. */
const bodiesMax = 100_000
/** Bodies that one count asks the tokenizer for, the newest first; the rest is estimated until later. */
const askedMax = 256
/** Questions to the tokenizer at a time. */
const concurrencyMax = 8
/** A budget of so many times the estimate is kept whatever the tokenizer would say. */
const farRatio = 6
/** Longer texts are estimated. */
const tokenizedMaxChars = 1_048_576

interface Template {
  readonly perMessage: number
  readonly perPrompt: number
  /** Tokens that a text alone gets before its own, such as a beginning of sequence. */
  readonly perText: number
}

/** Counts the tokens of one model at one backend. */
export const createTokenCounter = (options: TokenCounterOptions): TokenCounter => {
  const { cache, tokenizeMs = 2000 } = options
  const id = hash('sha256', options.tokenizer, 'base64url').slice(0, 22)
  const calibration = createCalibration()
  const exact = createMemory<number>()
  const estimates = createMemory<MessageEstimate>()
  let tokenize = options.tokenize
  let template: Template | undefined

  const estimateOf = ({ turn, message }: PathTurn): MessageEstimate =>
    estimates.get(turn.bodyHash) ?? estimates.put(turn.bodyHash, estimateMessage(message))

  const estimated = ({ text, fixedTokens }: MessageEstimate): number =>
    Math.ceil(applyFactors(text, calibration.factors())) + fixedTokens

  /** Fills `exact` for what can be counted so; throws what the tokenizer and the cache throw. */
  const askTokenizer = async (
    path: readonly PathTurn[],
    ask: Tokenize,
    signal: AbortSignal,
  ): Promise<void> => {
    const { perText } = (template ??= await probe(ask, signal))
    const missing = new Map<string, string>()
    for (const { turn, message } of path.toReversed()) {
      const text = exact.get(turn.bodyHash) === undefined ? plainText(message) : undefined
      if (text !== undefined && text.length <= tokenizedMaxChars) missing.set(turn.bodyHash, text)
      if (missing.size === askedMax) break
    }
    await recallCounts(missing, signal)
    const fresh = new Map<string, string>()
    const queue = [...missing].filter(([bodyHash]) => exact.get(bodyHash) === undefined)
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [bodyHash, text] = next
        const tokens = text === '' ? 0 : Math.max(0, (await ask({ text }, signal)) - perText)
        fresh.set(`${id}.${bodyHash}`, String(exact.put(bodyHash, tokens)))
      }
    }
    try {
      await Promise.all(Array.from({ length: concurrencyMax }, work))
    } finally {
      // What a cache does not take is counted again some day.
      if (fresh.size > 0) void cache?.set(fresh, AbortSignal.timeout(tokenizeMs)).catch(() => undefined)
    }
  }

  const recallCounts = async (missing: ReadonlyMap<string, string>, signal: AbortSignal): Promise<void> => {
    if (!cache || missing.size === 0) return
    const hashes = [...missing.keys()]
    const texts = await cache
      .get(
        hashes.map((bodyHash) => `${id}.${bodyHash}`),
        signal,
      )
      .catch(() => [])
    for (const [at, text] of texts.entries())
      if (text !== undefined && /^\d{1,9}$/.test(text)) exact.put(hashes[at]!, Number(text))
  }

  const count = async (
    path: readonly PathTurn[],
    { tools = [], budgetTokens = 0 }: CountRequest,
    signal: AbortSignal,
  ): Promise<Counts> => {
    signal.throwIfAborted()
    const toolTokens = tools.length > 0 ? estimated(estimateTools(tools)) : 0
    const isFar = (): boolean =>
      path.reduce((sum, each) => sum + estimated(estimateOf(each)), toolTokens) * farRatio < budgetTokens
    if (tokenize && !isFar()) {
      try {
        await askTokenizer(path, tokenize, AbortSignal.any([signal, AbortSignal.timeout(tokenizeMs)]))
      } catch (error) {
        signal.throwIfAborted()
        if (isMcpdError(error) && error.code === 'OPERATION_UNSUPPORTED') tokenize = undefined
      }
    }
    const { perMessage = 0, perPrompt = tokensPerPrompt } = template ?? {}
    const isExact = template !== undefined && path.every(({ turn }) => exact.get(turn.bodyHash) !== undefined)
    return {
      tokensOf: (each) => {
        const tokens = template && exact.get(each.turn.bodyHash)
        return tokens === undefined ? estimated(estimateOf(each)) : tokens + perMessage
      },
      fixedTokens: perPrompt + toolTokens,
      exact: isExact && tools.length === 0,
      marginRatio: isExact && tools.length === 0 ? 0 : calibration.marginRatio(),
    }
  }

  const observe = (messages: readonly Message[], tools: readonly Tool[], inputTokens: number): void => {
    // What a picture costs differs too much from what it is counted as.
    if (
      messages.some(
        ({ content }) =>
          Array.isArray(content) && content.some(({ type }: { type: string }) => type !== 'text'),
      )
    )
      return
    const all = [...messages.map(estimateMessage), ...(tools.length > 0 ? [estimateTools(tools)] : [])]
    const fixed = all.reduce((sum, { fixedTokens }) => sum + fixedTokens, tokensPerPrompt)
    calibration.observe(
      all.reduce((sum, { text }) => addEstimates(sum, text), noTokens),
      inputTokens - fixed,
    )
  }

  return { count, observe }
}

/** Asks how much a template and a lone text add, by messages of one token each. */
const probe = async (ask: Tokenize, signal: AbortSignal): Promise<Template> => {
  const user: Message = { role: 'user', content: 'x' }
  const [text, one, three] = await Promise.all([
    ask({ text: 'x' }, signal),
    ask({ messages: [user] }, signal),
    ask({ messages: [user, { role: 'assistant', content: 'x' }, user] }, signal),
  ])
  const perMessage = Math.ceil((three - one) / 2) - 1
  return { perText: text - 1, perMessage, perPrompt: Math.max(0, one - perMessage - 1) }
}

interface Memory<Value> {
  get(key: string): Value | undefined
  put(key: string, value: Value): Value
}

/** The newest `bodiesMax` values. */
const createMemory = <Value>(): Memory<Value> => {
  const values = new Map<string, Value>()
  return {
    get: (key) => values.get(key),
    put: (key, value) => {
      if (values.size >= bodiesMax) values.delete(values.keys().next().value!)
      values.set(key, value)
      return value
    },
  }
}
