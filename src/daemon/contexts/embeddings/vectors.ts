import { hash } from 'node:crypto'
import { McpdError, toMcpdError } from '../../../core/errors.ts'
import type { TextCache } from '../cache/strict-keyv.ts'
import { isInstruction, type PathTurn } from '../path.ts'
import type { VectorsOf } from '../relevance.ts'
import { searchTextOf } from '../terms.ts'
import { piecesOf } from './pieces.ts'

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
/** Bodies whose vectors are in memory: at 512 dimensions and four pieces each 80 MB. */
const bodiesMax = 10_000

/** Of the pieces of one body; none where it has no text, or none that the model reads. */
type Known = readonly Float32Array[]

export const createVectors = (options: VectorsOptions): Vectors => {
  const { embedder, cache, waitMs = 1500, restMs = 30_000, now = () => performance.now() } = options
  const model = hash('sha256', embedder.name, 'base64url').slice(0, 22)
  const known = new Map<string, Known>()
  const stop = new AbortController()
  /** One call at a time: whoever needs more waits behind it. */
  let working: Promise<void> = Promise.resolve()
  let restUntil = -Infinity
  let failure: string | undefined

  const remember = (bodyHash: string, vectors: Known): void => {
    if (known.size >= bodiesMax && !known.has(bodyHash)) known.delete(known.keys().next().value!)
    known.set(bodyHash, vectors)
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
    for (const [at, text] of texts.entries()) {
      const vectors = text === undefined ? undefined : decode(text)
      if (vectors) remember(wanted[at]!, vectors)
    }
  }

  const embedPieces = async (pieces: readonly string[]): Promise<readonly (Float32Array | undefined)[]> => {
    const made: (Float32Array | undefined)[] = []
    for (let at = 0; at < pieces.length; at += batchMax) {
      stop.signal.throwIfAborted()
      const batch = pieces.slice(at, at + batchMax)
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(batchMs)])
      const vectors = await embedder.embed(batch, signal)
      if (vectors.length !== batch.length)
        throw new McpdError(
          'BACKEND_ERROR',
          `${batch.length} texts were embedded and ${vectors.length} vectors came.`,
        )
      made.push(...vectors.map((vector) => vector && unit(vector)))
    }
    return made
  }

  /** Pieces of several bodies go in one call: models embed many at once faster. */
  const embedBodies = async (bodies: readonly (readonly [string, readonly string[]])[]): Promise<void> => {
    const made = await embedPieces(bodies.flatMap(([, pieces]) => pieces))
    const fresh = new Map<string, string>()
    let at = 0
    for (const [bodyHash, pieces] of bodies) {
      const vectors = made.slice(at, at + pieces.length).filter((vector) => vector !== undefined)
      at += pieces.length
      remember(bodyHash, vectors)
      fresh.set(`${model}.${bodyHash}`, encode(vectors))
    }
    await cache?.set(fresh, stop.signal).catch(() => undefined)
  }

  /** Makes what is missing, the newest first. */
  const fill = async (path: readonly PathTurn[]): Promise<void> => {
    const missing = new Map<string, PathTurn>()
    for (const each of path.toReversed())
      if (!known.has(each.turn.bodyHash)) missing.set(each.turn.bodyHash, each)
    await recall([...missing.keys()])
    const bodies = [...missing]
      .filter(([bodyHash]) => !known.has(bodyHash))
      .map(([bodyHash, { message }]) => [bodyHash, piecesOf(searchTextOf(message))] as const)
    for (let at = 0; at < bodies.length; at += bodiesPerBatch)
      await embedBodies(bodies.slice(at, at + bodiesPerBatch))
  }

  const of = async (path: readonly PathTurn[], signal: AbortSignal): Promise<PathVectors> => {
    signal.throwIfAborted()
    const searched = path.filter(({ turn }) => !isInstruction(turn)).slice(-bodiesMax)
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
    return { vectorsOf: ({ turn }) => known.get(turn.bodyHash) ?? [] }
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

/** Vectors as text: how many there are, and their numbers one after the other. */
const encode = (vectors: Known): string =>
  `${vectors.length}:${Buffer.concat(vectors.map((vector) => Buffer.from(vector.buffer))).toString('base64')}`

const decode = (text: string): Known | undefined => {
  const colon = text.indexOf(':')
  const count = Number(text.slice(0, colon))
  const bytes = Buffer.from(text.slice(colon + 1), 'base64')
  const dimensions = count === 0 ? 0 : bytes.length / 4 / count
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(dimensions)) return undefined
  return Array.from({ length: count }, (_, vector) =>
    Float32Array.from({ length: dimensions }, (__, at) => bytes.readFloatLE((vector * dimensions + at) * 4)),
  )
}
