import { McpdError, toMcpdError } from '../../../core/errors.ts'
import type { TextCache } from '../cache/strict-keyv.ts'
import { isInstruction, type PathTurn } from '../path.ts'
import type { VectorsOf } from '../relevance.ts'
import { searchTextOf } from '../terms.ts'
import { piecesOf } from './pieces.ts'
import { type BodyVectors, createVectorMemory } from './vector-memory.ts'

/** What makes vectors of texts. */
export interface Embedder {
  /** The model and its version: vectors of one are never compared with those of another. */
  readonly name: string
  /** A vector for each text; undefined for one the model cannot read, such as another language. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly (readonly number[] | undefined)[]>
  close(): Promise<void>
}

/** Vectors of a path, as `view` takes them, or why there are none. */
export type PathVectors = { readonly vectorsOf: VectorsOf } | { readonly warning: string }

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
/** Bodies whose vectors are made and kept together. */
const bodiesPerBatch = 16
/** Longest wait for one call, whoever still waits for the request. */
const batchMs = 30_000
/** Requests that may wait for vectors; more go by words at once. */
const waitingMax = 64

export const createVectors = (options: VectorsOptions): Vectors => {
  const { embedder, cache, waitMs = 1500, restMs = 30_000, now = () => performance.now() } = options
  const memory = createVectorMemory(embedder.name, cache)
  const stop = new AbortController()
  /** One call at a time: whoever needs more waits behind it. */
  let working: Promise<void> = Promise.resolve()
  let waiting = 0
  let restUntil = -Infinity
  let failure: string | undefined

  /** Pieces of several bodies go in one call: models embed many at once faster. */
  const embedBodies = async (bodies: readonly Body[]): Promise<void> => {
    const pieces = bodies.flatMap((body) => body.pieces)
    const made: (Float32Array | undefined)[] = []
    for (let at = 0; at < pieces.length; at += batchMax)
      made.push(...(await embedBatch(embedder, pieces.slice(at, at + batchMax), stop.signal)))
    const vectors = new Map<string, BodyVectors>()
    let at = 0
    for (const { bodyHash, pieces } of bodies) {
      vectors.set(
        bodyHash,
        made.slice(at, at + pieces.length).filter((vector) => vector !== undefined),
      )
      at += pieces.length
    }
    await memory.keep(vectors, stop.signal)
  }

  /** Makes what is missing, the newest first. */
  const fill = async (path: readonly PathTurn[]): Promise<void> => {
    const isMissing = ({ turn }: PathTurn): boolean => memory.get(turn.bodyHash) === undefined
    await memory.recall([...new Set(path.filter(isMissing).map(({ turn }) => turn.bodyHash))], stop.signal)
    const bodies = new Map<string, Body>()
    for (const each of path.filter(isMissing).toReversed()) {
      const { bodyHash } = each.turn
      bodies.set(bodyHash, { bodyHash, pieces: piecesOf(searchTextOf(each.message)) })
    }
    const queue = [...bodies.values()]
    for (let at = 0; at < queue.length; at += bodiesPerBatch)
      await embedBodies(queue.slice(at, at + bodiesPerBatch))
  }

  const of = async (path: readonly PathTurn[], signal: AbortSignal): Promise<PathVectors> => {
    signal.throwIfAborted()
    const searched = path.filter(({ turn }) => !isInstruction(turn)).slice(-memory.bodiesMax())
    const isKnown = (): boolean => searched.every(({ turn }) => memory.get(turn.bodyHash) !== undefined)
    if (!isKnown()) {
      if (now() < restUntil || waiting >= waitingMax) return { warning: unavailable(failure) }
      waiting += 1
      working = working
        .then(() => fill(searched))
        .finally(() => {
          waiting -= 1
        })
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
    return { vectorsOf: ({ turn }) => memory.get(turn.bodyHash) ?? [] }
  }

  return {
    of,
    close: async () => {
      stop.abort(new McpdError('SHUTTING_DOWN', 'The daemon is shutting down.'))
      await working
      await embedder.close()
      await cache?.close()
    },
  }
}

interface Body {
  readonly bodyHash: string
  readonly pieces: readonly string[]
}

const embedBatch = async (
  embedder: Embedder,
  texts: readonly string[],
  stop: AbortSignal,
): Promise<readonly (Float32Array | undefined)[]> => {
  stop.throwIfAborted()
  const vectors = await embedder.embed(texts, AbortSignal.any([stop, AbortSignal.timeout(batchMs)]))
  if (vectors.length !== texts.length)
    throw new McpdError(
      'BACKEND_ERROR',
      `${texts.length} texts were embedded and ${vectors.length} vectors came.`,
    )
  return vectors.map((vector) => vector && unit(vector))
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

/** Of length 1, so that a product of two is their cosine; undefined for one that has no direction. */
const unit = (values: readonly number[]): Float32Array | undefined => {
  const length = Math.hypot(...values)
  return Number.isFinite(length) && length > 0
    ? Float32Array.from(values, (value) => value / length)
    : undefined
}
