import type { Append, ContextKey, NewTurn, StoredTurn } from '../../../../core/context.ts'
import type { ScanStep } from '../../encryption/scan.ts'
import type { ErrorCode, ErrorDetails } from '../../../../core/errors.ts'
import type {
  Annotation,
  Collected,
  CollectPolicy,
  ContextPath,
  FoundTurn,
  JournalStats,
  ListPage,
  ListQuery,
  OutboxEntry,
  PathEnd,
  PathRange,
  Problem,
  SearchHit,
  SearchQuery,
} from '../../../../core/journal.ts'
import type { RotatePlace, Rotation } from './rotate.ts'
import type { Appended, ContextSummary } from '../../../../core/context.ts'
import type { Spooled, SpooledPage } from '../../spool/spooled.ts'

/**
 * What the daemon and the two threads of a store say to each other. Bodies travel beside the message, in one piece of
 * memory that changes hands: a copy of a message would copy all the memory that its bodies are parts of.
 */

/** What a thread is asked, by name: arguments and answer. */
export interface Verbs {
  open: { args: []; answer: void }
  append: { args: [Packed<Append>]; answer: Appended }
  restore: { args: [readonly Packed<Append>[]]; answer: void }
  annotate: { args: [ContextKey, Annotation]; answer: boolean }
  delete: { args: [ContextKey]; answer: boolean }
  settle: { args: [string, number]; answer: void }
  recover: { args: []; answer: number }
  seal: { args: []; answer: number }
  rotate: { args: [RotatePlace]; answer: Rotation }
  collect: { args: [CollectPolicy]; answer: Collected }
  truncate: { args: []; answer: void }
  path: { args: [ContextKey, PathEnd, PathRange]; answer: Packed<ContextPath> | undefined }
  turns: { args: [ContextKey]; answer: Packed<{ readonly turns: readonly StoredTurn[] }> | undefined }
  summary: { args: [ContextKey]; answer: ContextSummary | undefined }
  list: { args: [ListQuery]; answer: ListPage }
  findTurn: { args: [string, string]; answer: FoundTurn | undefined }
  search: { args: [SearchQuery]; answer: readonly SearchHit[] }
  /** Without an index: before a row. */
  scan: { args: [SearchQuery, number | undefined]; answer: ScanStep }
  outbox: { args: [string, number]; answer: readonly OutboxEntry[] }
  stats: { args: []; answer: JournalStats }
  keys: { args: []; answer: Readonly<Record<string, number>> }
  /** Looks at the next context after the one with this row number; `next` is absent when all were seen. */
  fsck: { args: [number]; answer: { readonly problems: readonly Problem[]; readonly next?: number } }
  /** Fills the search index; the answer is how far it has come, and whether there is more. */
  index: { args: []; answer: { readonly through: number; readonly more: boolean } }
  /** Takes out of the search index what is no more. */
  sweep: { args: []; answer: void }
  /** Carries the write-ahead log over; the answer is how many pages it has. */
  checkpoint: { args: []; answer: number }
  /** Of a spool: what is in it. */
  spooled: { args: []; answer: readonly Spooled[] }
  /** Adds an entry at a time in Unix milliseconds; its bytes travel beside. The answer is its number. */
  spool: { args: [ContextKey, number]; answer: number }
  /** Some entries of a context after a number, the oldest first. */
  spooledOf: { args: [ContextKey, number]; answer: SpooledPage }
  /** The entries of a context up to a number are in PostgreSQL now, with some ids other than told. */
  carried: { args: [ContextKey, number, SpooledPage['renamed']]; answer: void }
  /** All of a context is, and nobody goes on from what was told. */
  emptied: { args: [ContextKey]; answer: void }
}

export type Verb = keyof Verbs

export interface Question {
  readonly id: number
  readonly verb: Verb
  readonly args: readonly unknown[]
  readonly bytes?: ArrayBuffer
}

export type Answer =
  | { readonly id: number; readonly answer: unknown; readonly bytes?: ArrayBuffer }
  | { readonly id: number; readonly error: WireError }
  /** Of the writer: so much was committed that the log should be carried over, or the index filled. */
  | { readonly note: 'committed' }

/** An McpdError without its class. `stack` is that of its cause, for the log. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails
  readonly stack?: string
}

/** The same with the lengths of bodies instead of bodies. */
export type Packed<T extends { readonly turns: readonly (NewTurn | StoredTurn)[] }> = Omit<T, 'turns'> & {
  readonly turns: readonly (Omit<T['turns'][number], 'body'> & { readonly length: number })[]
}

type Turns = { readonly turns: readonly (NewTurn | StoredTurn)[] }

/** Puts the bodies of several values one behind the other. */
export const pack = <T extends Turns>(
  values: readonly T[],
): { readonly packed: readonly Packed<T>[]; readonly bytes: ArrayBuffer } => {
  const total = values.reduce(
    (sum, { turns }) => turns.reduce((inner, { body }) => inner + body.length, sum),
    0,
  )
  const bytes = new ArrayBuffer(total)
  const target = Buffer.from(bytes)
  let offset = 0
  const packed = values.map(({ turns, ...value }) => ({
    ...value,
    turns: turns.map(({ body, ...turn }) => {
      offset += body.copy(target, offset)
      return { ...turn, length: body.length }
    }),
  }))
  // Member by member what `Packed` says; the compiler does not see it through a type parameter.
  return { packed: packed as unknown as readonly Packed<T>[], bytes }
}

/** The values again; their bodies are parts of `bytes`. */
export const unpack = <T extends Turns>(packed: readonly Packed<T>[], bytes: ArrayBuffer): readonly T[] => {
  let offset = 0
  return packed.map(
    (value) =>
      ({
        ...value,
        turns: value.turns.map(({ length, ...turn }) => {
          const body = Buffer.from(bytes, offset, length)
          offset += length
          return { ...turn, body }
        }),
        // As in `pack`, the other way round.
      }) as unknown as T,
  )
}
