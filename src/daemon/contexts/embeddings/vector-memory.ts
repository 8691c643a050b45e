import { hash } from 'node:crypto'
import type { TextCache } from '../cache/strict-keyv.ts'

/** Of the pieces of one body, each of length 1; none where it has no text, or none that the model reads. */
export type BodyVectors = readonly Float32Array[]

/** Vectors of one model, in memory and in a cache that may outlive the process. */
export interface VectorMemory {
  get(bodyHash: string): BodyVectors | undefined
  /** Reads what is missing in memory from the cache. Never rejects: a cache that does not work costs time only. */
  recall(bodyHashes: readonly string[], signal: AbortSignal): Promise<void>
  /** Never rejects, for the same reason. */
  keep(vectors: ReadonlyMap<string, BodyVectors>, signal: AbortSignal): Promise<void>
  /** How many bodies there is room for, as far as those seen tell. */
  bodiesMax(): number
}

/** Numbers in memory, at four bytes each: 128 MiB. */
const numbersMax = 33_554_432
/** What a body is thought to have before any was seen. */
const usualNumbers = 8192

export const createVectorMemory = (model: string, cache: TextCache | undefined): VectorMemory => {
  const prefix = hash('sha256', model, 'base64url').slice(0, 22)
  const known = new Map<string, BodyVectors>()
  let numbers = 0

  const remember = (bodyHash: string, vectors: BodyVectors): void => {
    forget(bodyHash)
    known.set(bodyHash, vectors)
    numbers += sizeOf(vectors)
    while (numbers > numbersMax) forget(known.keys().next().value!)
  }
  const forget = (bodyHash: string): void => {
    numbers -= sizeOf(known.get(bodyHash) ?? [])
    known.delete(bodyHash)
  }

  return {
    get: (bodyHash) => known.get(bodyHash),
    recall: async (bodyHashes, signal) => {
      if (!cache || bodyHashes.length === 0) return
      const keys = bodyHashes.map((bodyHash) => `${prefix}.${bodyHash}`)
      const texts = await cache.get(keys, signal).catch(() => [])
      for (const [at, text] of texts.entries()) {
        const vectors = text === undefined ? undefined : decode(text)
        if (vectors) remember(bodyHashes[at]!, vectors)
      }
    },
    keep: async (vectors, signal) => {
      for (const [bodyHash, each] of vectors) remember(bodyHash, each)
      const texts = new Map([...vectors].map(([bodyHash, each]) => [`${prefix}.${bodyHash}`, encode(each)]))
      await cache?.set(texts, signal).catch(() => undefined)
    },
    bodiesMax: () => {
      const mean = known.size === 0 ? usualNumbers : Math.max(1, numbers / known.size)
      return Math.max(1, Math.floor((numbersMax / mean) * roomShare))
    },
  }
}

/** Bodies differ in length: so much of the room is given away by their mean. */
const roomShare = 0.5

const sizeOf = (vectors: BodyVectors): number => vectors.reduce((sum, { length }) => sum + length, 0)

/** Vectors as text: how many there are, and their numbers one after the other. */
const encode = (vectors: BodyVectors): string =>
  `${vectors.length}:${Buffer.concat(vectors.map((vector) => Buffer.from(vector.buffer))).toString('base64')}`

const decode = (text: string): BodyVectors | undefined => {
  const colon = text.indexOf(':')
  const count = Number(text.slice(0, colon))
  const bytes = Buffer.from(text.slice(colon + 1), 'base64')
  const dimensions = count === 0 ? 0 : bytes.length / 4 / count
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(dimensions)) return undefined
  return Array.from({ length: count }, (_, vector) =>
    Float32Array.from({ length: dimensions }, (__, at) => bytes.readFloatLE((vector * dimensions + at) * 4)),
  )
}
