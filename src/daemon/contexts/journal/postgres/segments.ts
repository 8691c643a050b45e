import { hash } from 'node:crypto'
import type { ContextKey } from '../../../../core/context.ts'
import type { TextCache } from '../../cache/strict-keyv.ts'
import type { Sql } from './database.ts'

/** A sealed part of a path, as it is in the database. */
export interface SegmentRow {
  readonly s: number
  /** Of what is in it. */
  readonly hash: Buffer
  readonly raw_bytes: number
  readonly data: Buffer
}

/** Those of `numbers` that there are. */
export type FetchSegments = (sql: Sql, numbers: readonly number[]) => Promise<readonly SegmentRow[]>

export const fetchSegments: FetchSegments = async (sql, numbers) =>
  numbers.length === 0
    ? []
    : sql.all<SegmentRow>(
        'SELECT s, hash, raw_bytes, data FROM mcpd.segments WHERE s = ANY ($1::bigint[])',
        [numbers],
        'segments',
      )

/** How long a segment is kept in a cache: what is read again within a day. */
const keptMs = 86_400_000
/** Longest time that writing to the cache may take, for which nobody waits. */
const keepMs = 10_000

/**
 * The same with the bytes of one context's segments from a cache, once the database has said which there are. The
 * cache may hold anything: who reads a path by it checks the hash of every turn, and reads again with `renews` if one
 * is wrong, which asks the database for all and writes over what is cached.
 */
export const cachedSegments =
  (cache: TextCache, key: ContextKey, renews = false): FetchSegments =>
  async (sql, numbers) => {
    if (numbers.length === 0) return []
    const known = await sql.all<Omit<SegmentRow, 'data'>>(
      'SELECT s, hash, raw_bytes FROM mcpd.segments WHERE s = ANY ($1::bigint[])',
      [numbers],
      'segment-hashes',
    )
    const signal = AbortSignal.timeout(keepMs)
    const names = known.map((row) => nameOf(key, row.hash))
    const texts = renews ? [] : await cache.get(names, signal).catch(() => [])
    const missing = await fetchSegments(
      sql,
      known.flatMap(({ s }, at) => (texts[at] === undefined ? s : [])),
    )
    const fresh = new Map(missing.map((row) => [nameOf(key, row.hash), row.data.toString('base64')]))
    if (fresh.size > 0) cache.set(fresh, signal, keptMs).catch(() => undefined)
    const cached = known.flatMap((row, at) => {
      const text = texts[at]
      return text === undefined ? [] : [{ ...row, data: Buffer.from(text, 'base64') }]
    })
    return [...cached, ...missing]
  }

const nameOf = ({ tenant, context }: ContextKey, segment: Buffer): string =>
  hash('sha256', JSON.stringify([tenant, context, segment.toString('hex')]))
