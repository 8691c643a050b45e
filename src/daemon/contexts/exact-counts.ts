import { hash } from 'node:crypto'
import { isMcpdError } from '../../core/errors.ts'
import type { Message } from '../../core/inference.ts'
import type { TextCache } from './cache/strict-keyv.ts'
import { plainText } from './message-tokens.ts'
import type { PathTurn } from './path.ts'

/** How many tokens a backend makes of a text, or of messages through its template. */
export type Tokenize = (
  input: { readonly text: string } | { readonly messages: readonly Message[] },
  signal: AbortSignal,
) => Promise<number>

export interface ExactCountsOptions {
  /** Whose tokens these are, such as `gpu-0/llama-3`. */
  readonly tokenizer: string
  readonly tokenize: Tokenize
  /** Where counts outlive the process; a body is counted once. */
  readonly cache?: TextCache
  /** Longest wait for the tokenizer in one count; 2000 when absent. */
  readonly tokenizeMs?: number
}

/** What the tokenizer of a model said of bodies. */
export interface ExactCounts {
  /** What the template adds; undefined while nobody was asked, or where the backend cannot say. */
  readonly template: () => Template | undefined
  /** Tokens of a message with what the template puts around; undefined where they were not counted. */
  of(turn: PathTurn): number | undefined
  /** Asks for what of a path was not counted before. Resolves also where that did not succeed, but for `signal`. */
  fill(path: readonly PathTurn[], signal: AbortSignal): Promise<void>
}

export interface Template {
  readonly perMessage: number
  readonly perPrompt: number
  /** Tokens that a text alone gets before its own, such as a beginning of sequence. */
  readonly perText: number
}

/** Bodies whose counts are kept in memory. */
const bodiesMax = 100_000
/** Bodies that one count asks the tokenizer for, the newest first; the rest waits until later. */
const askedMax = 256
/** Questions to the tokenizer at a time. */
const concurrencyMax = 8
/** Longer texts are not tokenized. */
const tokenizedMaxChars = 1_048_576

export const createExactCounts = (options: ExactCountsOptions): ExactCounts => {
  const { tokenize, cache, tokenizeMs = 2000 } = options
  const id = hash('sha256', options.tokenizer, 'base64url').slice(0, 22)
  const known = new Map<string, number>()
  let template: Template | undefined
  let isSupported = true

  const remember = (bodyHash: string, tokens: number): void => {
    if (known.size >= bodiesMax) known.delete(known.keys().next().value!)
    known.set(bodyHash, tokens)
  }

  const recall = async (hashes: readonly string[], signal: AbortSignal): Promise<void> => {
    if (!cache || hashes.length === 0) return
    const keys = hashes.map((bodyHash) => `${id}.${bodyHash}`)
    const texts = await cache.get(keys, signal).catch(() => [])
    for (const [at, text] of texts.entries())
      if (text !== undefined && /^\d{1,9}$/.test(text)) remember(hashes[at]!, Number(text))
  }

  const ask = async (path: readonly PathTurn[], signal: AbortSignal): Promise<void> => {
    const { perText } = (template ??= await probe(tokenize, signal))
    const missing = missingOf(path, known)
    await recall([...missing.keys()], signal)
    const fresh = new Map<string, string>()
    const queue = [...missing].filter(([bodyHash]) => !known.has(bodyHash))
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [bodyHash, text] = next
        const tokens = text === '' ? 0 : Math.max(0, (await tokenize({ text }, signal)) - perText)
        remember(bodyHash, tokens)
        fresh.set(`${id}.${bodyHash}`, String(tokens))
      }
    }
    try {
      await Promise.all(Array.from({ length: concurrencyMax }, work))
    } finally {
      // What a cache does not take is counted again some day.
      if (fresh.size > 0) void cache?.set(fresh, AbortSignal.timeout(tokenizeMs)).catch(() => undefined)
    }
  }

  const fill = async (path: readonly PathTurn[], signal: AbortSignal): Promise<void> => {
    if (!isSupported) return
    try {
      await ask(path, AbortSignal.any([signal, AbortSignal.timeout(tokenizeMs)]))
    } catch (error) {
      signal.throwIfAborted()
      if (isMcpdError(error) && error.code === 'OPERATION_UNSUPPORTED') isSupported = false
    }
  }

  return {
    template: () => template,
    of: ({ turn }) => {
      const tokens = template && known.get(turn.bodyHash)
      return tokens === undefined ? undefined : tokens + template!.perMessage
    },
    fill,
  }
}

/** Texts that a tokenizer can count and has not, by body, the newest first. */
const missingOf = (path: readonly PathTurn[], known: ReadonlyMap<string, number>): Map<string, string> => {
  const missing = new Map<string, string>()
  for (let at = path.length - 1; at >= 0 && missing.size < askedMax; at -= 1) {
    const { turn, message } = path[at]!
    const text = known.has(turn.bodyHash) ? undefined : plainText(message)
    if (text !== undefined && text.length <= tokenizedMaxChars) missing.set(turn.bodyHash, text)
  }
  return missing
}

/** Asks how much a template and a lone text add, by messages of one token each. */
const probe = async (tokenize: Tokenize, signal: AbortSignal): Promise<Template> => {
  const user: Message = { role: 'user', content: 'x' }
  const [text, one, three] = await Promise.all([
    tokenize({ text: 'x' }, signal),
    tokenize({ messages: [user] }, signal),
    tokenize({ messages: [user, { role: 'assistant', content: 'x' }, user] }, signal),
  ])
  const perMessage = Math.ceil((three - one) / 2) - 1
  return { perText: text - 1, perMessage, perPrompt: Math.max(0, one - perMessage - 1) }
}
