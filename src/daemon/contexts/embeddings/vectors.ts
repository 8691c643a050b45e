import { hash } from 'node:crypto'
import { McpdError, toMcpdError } from '../../../core/errors.ts'
import type { TextCache } from '../cache/strict-keyv.ts'
import { isInstruction, type PathTurn } from '../path.ts'
import type { VectorOf } from '../relevance.ts'
import { searchTextOf } from '../terms.ts'

/** What makes vectors of texts. */
export interface Embedder {
  /** The model and its version: vectors of one are never compared with those of another. */
  readonly name: string
  /** A vector for each text; undefined for one the model cannot read, such as another language. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly (readonly number[] | undefined)[]>
  close(): Promise<void>
}

/** Vectors of a path, as `view` takes them, or why there are none. */
export type PathVectors = { readonly vectorOf: VectorOf } | { readonly warning: string }

export interface Vectors {
  /** Resolves within `waitMs`, if need be without vectors; those are made meanwhile and are there the next time. */
  of(path: readonly PathTurn[], signal: AbortSignal): Promise<PathVectors>
  close(): Promise<void>
}

export interface VectorsOptions {
  readonly embedder: Embedder
  /** Where vectors outlive the process; a body is embedded once. */
  readonly cache?: TextCache
  /** Longest wait of a request; 1500 when absent. */
  readonly waitMs?: number
  /** Rest after a failure, in which nothing is asked; 30,000 when absent. */
  readonly restMs?: number
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

/** Texts for one call. */
const batchMax = 32
/** Longest wait for one call, whoever still waits for the request. */
const batchMs = 30_000
/** Of a longer text only so much is embedded: models read no more than a few hundred tokens. */
const embeddedMaxChars = 1500
/** Vectors in memory: at 512 dimensions 20 MB. */
const vectorsMax = 10_000

/** Null: the text has none, and need not be asked for again. */
type Known = Float32Array | null

export const createVectors = (options: VectorsOptions): Vectors => {
  const { embedder, cache, waitMs = 1500, restMs = 30_000, now = () => performance.now() } = options
  const model = hash('sha256', embedder.name, 'base64url').slice(0, 22)
  const known = new Map<string, Known>()
  const stop = new AbortController()
  /** One call at a time: whoever needs more waits behind it. */
  let working: Promise<void> = Promise.resolve()
  let restUntil = -Infinity
  let failure: string | undefined

  const remember = (bodyHash: string, vector: Known): void => {
    if (known.size >= vectorsMax && !known.has(bodyHash)) known.delete(known.keys().next().value!)
    known.set(bodyHash, vector)
  }

  const recall = async (wanted: readonly string[]): Promise<void> => {
    if (!cache || wanted.length === 0) return
    // A cache that does not work costs time only.
    const texts = await cache
      .get(
        wanted.map((bodyHash) => `${model}.${bodyHash}`),
        stop.signal,
      )
      .catch(() => [])
    for (const [at, text] of texts.entries()) if (text !== undefined) remember(wanted[at]!, decode(text))
  }

  const embedBatch = async (batch: readonly (readonly [string, string])[]): Promise<void> => {
    stop.signal.throwIfAborted()
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(batchMs)])
    const made = await embedder.embed(
      batch.map(([, text]) => text),
      signal,
    )
    if (made.length !== batch.length)
      throw new McpdError(
        'BACKEND_ERROR',
        `${batch.length} texts were embedded and ${made.length} vectors came.`,
      )
    const fresh = new Map<string, string>()
    for (const [at, [bodyHash]] of batch.entries()) {
      const vector = made[at] === undefined ? null : unit(made[at])
      remember(bodyHash, vector)
      fresh.set(`${model}.${bodyHash}`, encode(vector))
    }
    await cache?.set(fresh, stop.signal).catch(() => undefined)
  }

  /** Makes what is missing, the newest first. */
  const fill = async (path: readonly PathTurn[]): Promise<void> => {
    const texts = new Map<string, string>()
    for (const { turn, message } of path.toReversed())
      if (!known.has(turn.bodyHash))
        texts.set(turn.bodyHash, searchTextOf(message).slice(0, embeddedMaxChars))
    await recall([...texts.keys()])
    const missing = [...texts].filter(([bodyHash, text]) => {
      if (text.trim() === '') remember(bodyHash, null)
      return !known.has(bodyHash)
    })
    for (let at = 0; at < missing.length; at += batchMax) await embedBatch(missing.slice(at, at + batchMax))
  }

  const of = async (path: readonly PathTurn[], signal: AbortSignal): Promise<PathVectors> => {
    signal.throwIfAborted()
    const searched = path.filter(({ turn }) => !isInstruction(turn)).slice(-vectorsMax)
    const isKnown = (): boolean => searched.every(({ turn }) => known.has(turn.bodyHash))
    if (!isKnown()) {
      if (now() < restUntil) return { warning: unavailable(failure) }
      working = working
        .then(() => fill(searched))
        .then(
          () => void (failure = undefined),
          (error: unknown) => {
            failure = toMcpdError(error).message
            restUntil = now() + restMs
          },
        )
      await within(working, waitMs, signal)
      if (!isKnown()) return { warning: unavailable(failure) }
    }
    return { vectorOf: ({ turn }) => known.get(turn.bodyHash) ?? undefined }
  }

  return {
    of,
    close: async () => {
      stop.abort(new McpdError('SHUTTING_DOWN', 'The daemon is shutting down.'))
      await working
      await embedder.close()
    },
  }
}

const unavailable = (why = 'they are still being made'): string =>
  `Turns were chosen by words, not by meaning, for their embeddings are not there: ${why.replace(/\.$/, '')}.`

/** Waits for work that never fails, but no longer than `ms`. */
const within = async (work: Promise<void>, ms: number, signal: AbortSignal): Promise<void> => {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const onAbort = (): void => resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  await Promise.race([work, late])
  clearTimeout(timer)
  signal.removeEventListener('abort', onAbort)
  signal.throwIfAborted()
}

/** Of length 1, so that a product of two is their cosine; null for one that has no direction. */
const unit = (values: readonly number[]): Known => {
  const length = Math.hypot(...values)
  return Number.isFinite(length) && length > 0 ? Float32Array.from(values, (value) => value / length) : null
}

const encode = (vector: Known): string =>
  vector === null ? '' : Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')

const decode = (text: string): Known => {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === 0) return null
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => bytes.readFloatLE(at * 4))
}
