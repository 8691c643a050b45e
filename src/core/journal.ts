import type {
  Append,
  Appended,
  ContextAbout,
  ContextKey,
  ContextSummary,
  StoredTurn,
  Turn,
} from './context.ts'

/**
 * Where contexts are kept: the only truth about them. One verb changes a conversation, `append`; it resolves when
 * what it says survives a crash of the machine, and not before. Everything else reads, or keeps house.
 *
 * Reads know no half answer: what is damaged throws CONTEXT_DAMAGED, never an empty or shortened conversation; a
 * store that cannot be reached or written throws STORE_UNAVAILABLE. What is unknown, and what is another tenant's,
 * is undefined. After a STORE_UNAVAILABLE of `append` the outcome is unknown: the same idempotency key finds it out.
 */
export type Journal = OwnJournal | SharedJournal

/** That this process alone writes to. */
export interface OwnJournal extends JournalVerbs {
  readonly shared: false
}

/** That other processes write to as well, so that what was read before may be out of date. */
export interface SharedJournal extends JournalVerbs {
  readonly shared: true
  /**
   * Where an end is now, in one cheap read: what was read of its context at this revision is still the truth. Whoever
   * wraps `path` wraps this too.
   */
  position(key: ContextKey, end: PathEnd): Promise<Position | undefined>
}

interface JournalVerbs {
  /** `memory`, `sqlite`, … */
  readonly driver: string

  /**
   * All or nothing. Throws CONTEXT_NOT_FOUND for an unknown context, head or base, CONFLICT for an idempotency key
   * that was used with other content or an id that is taken.
   */
  append(append: Append): Promise<Appended>
  /** A whole context in one step, from an export: its appends in order. Throws CONFLICT if it is there already. */
  restore(appends: readonly Append[]): Promise<void>

  /** Turns from the first to the one asked for, each hash checked. */
  path(key: ContextKey, end: PathEnd, range?: PathRange): Promise<ContextPath | undefined>
  summary(key: ContextKey): Promise<ContextSummary | undefined>
  /** Of one tenant, the last changed first. */
  list(query: ListQuery): Promise<ListPage>
  /** Every turn of a context in the order it was stored, bodies included, for an export. */
  turns(key: ContextKey): Promise<readonly StoredTurn[] | undefined>
  /** The context that a turn belongs to; of several the newest. */
  findTurn(tenant: string, turn: string): Promise<FoundTurn | undefined>
  /** The best first. Turns acknowledged a moment ago may not be found yet. */
  search(query: SearchQuery): Promise<readonly SearchHit[]>

  /** Changes what is said about a context, never what it says. */
  annotate(key: ContextKey, change: Annotation): Promise<ContextSummary | undefined>
  /** Takes a context away at once; its bytes go at the next `collect`. False where there was none. */
  delete(key: ContextKey): Promise<boolean>

  /** Writes every path that is ripe into segments now, instead of in the background. Resolves with their number. */
  seal(signal?: AbortSignal): Promise<number>
  /**
   * Encrypts with the key that encrypts now what is not yet, in short steps that others get in between. Broken off, it
   * goes on when it is called again. Resolves with the number of rows. Throws CONFIG_INVALID where an older key is
   * not there, and BAD_REQUEST where there is none to encrypt with.
   */
  rotate(signal?: AbortSignal): Promise<number>
  /** How many stored pieces are encrypted with the key of an id; '' counts those that are not. */
  keys(): Promise<Readonly<Record<string, number>>>
  /** Deletes what is too old, and the bytes that nothing refers to any more. */
  collect(policy: CollectPolicy, signal?: AbortSignal): Promise<Collected>
  /** Reads everything and names what is wrong; nothing means well. */
  fsck(signal?: AbortSignal): AsyncIterable<Problem>
  stats(): Promise<JournalStats>
  /** Aborts the open turns that a daemon left behind when it ended. Resolves with their number. */
  recover(): Promise<number>
  /** What a consumer has not settled yet, the oldest first. Consumers are named when the journal is opened. */
  outbox(consumer: string, limit: number): Promise<readonly OutboxEntry[]>
  /** The consumer has dealt with every entry up to this number; what all have dealt with is forgotten. */
  settle(consumer: string, through: number): Promise<void>
  /** Waits for what is under way. Everything afterwards throws STORE_UNAVAILABLE. */
  close(): Promise<void>
}

/** By the name of a head, or by a turn, whether or not a head leads to it. */
export type PathEnd = { readonly head: string } | { readonly turn: string }

/** Part of a path. Absent: all of it. */
export interface PathRange {
  /** The first place wanted; the first turn is 1. */
  readonly from?: number
  /** The last place wanted. */
  readonly to?: number
  /** At most so many, the last of those that `from` and `to` leave. */
  readonly last?: number
}

export interface ContextPath {
  /** The turn at the end of the whole path: null where a head has no turns. */
  readonly end: string | null
  /** How many turns the whole path has. */
  readonly length: number
  /** The part that was asked for, the first turn first. */
  readonly turns: readonly StoredTurn[]
}

/** The end of a path, and which state of its context that is of. */
export interface Position {
  /** Another one after every change of the context, and never again an earlier one; nothing in it is to be read. */
  readonly revision: string
  /** As in `ContextPath`. */
  readonly end: string | null
  readonly length: number
  /** Of the turn at the end. */
  readonly chainHash: string | null
}

export interface ListQuery {
  readonly tenant: string
  readonly tag?: string
  /** From the page before. */
  readonly cursor?: string
  /** 1–1000. */
  readonly limit: number
}

export interface ListPage {
  readonly contexts: readonly ContextSummary[]
  /** Absent on the last page. */
  readonly next?: string
}

export interface FoundTurn extends ContextKey {
  readonly turn: Turn
  /** Names of the heads that are at this turn. */
  readonly heads: readonly string[]
}

export interface SearchQuery {
  readonly tenant: string
  /** Words, all of which must be there; nothing in it is syntax. */
  readonly text: string
  /** Only in this context. */
  readonly context?: string
  /** 1–1000. */
  readonly limit: number
}

export interface SearchHit extends ContextKey {
  readonly turn: Turn
  /** Greater is better; comparable within one answer only. */
  readonly score: number
  /** Some text around the first word that was found. */
  readonly excerpt: string
}

/** Absent members stay as they are; null takes a value away. */
export interface Annotation {
  readonly title?: string | null
  readonly tags?: readonly string[]
  readonly metadata?: ContextAbout['metadata'] | null
  readonly pinned?: boolean
  /** Turns to pin or to unpin. Throws CONTEXT_NOT_FOUND for one that is not there. */
  readonly pins?: Readonly<Record<string, boolean>>
}

export interface CollectPolicy {
  /** Contexts without a turn for so long are deleted unless they are pinned. Absent: none. */
  readonly retentionMs?: number
  /** By tenant, instead of `retentionMs`; Infinity keeps them. */
  readonly tenantRetentionMs?: Readonly<Record<string, number>>
  /** Idempotency keys older than this are forgotten; at least 24 hours, which is the default. */
  readonly idempotencyMs?: number
}

export interface Collected {
  /** Deleted for their age. */
  readonly contexts: number
  readonly bodies: number
  readonly segments: number
  readonly idempotencyKeys: number
}

/** One thing that is not as it should be. */
export interface Problem {
  readonly kind:
    | 'body-missing'
    | 'body-changed'
    | 'segment-missing'
    | 'segment-changed'
    | 'chain-broken'
    | 'parent-missing'
    | 'head-dangling'
    | 'references-wrong'
    | 'store-damaged'
    /** It is encrypted with a key that is not configured. */
    | 'key-missing'
    /** The file that it was archived in is missing or was changed. */
    | 'archive-unreadable'
  readonly tenant?: string
  readonly context?: string
  readonly turn?: string
  /** A sentence: what is wrong, with hashes and names. */
  readonly detail: string
}

export interface JournalStats {
  readonly contexts: number
  readonly heads: number
  readonly turns: number
  /** Open turns among them. */
  readonly streaming: number
  /** Bodies that are not in a segment yet. */
  readonly bodies: number
  readonly segments: number
  /** Contexts whose turns are in files, among all. */
  readonly archived?: number
  /** Entries that some consumer has not dealt with. */
  readonly outbox: number
  readonly bytes: {
    /** All bodies as they were handed over, each turn counted. */
    readonly content: number
    readonly bodies: number
    readonly segments: number
    /** Of everything on the disk; 0 in memory. */
    readonly stored: number
  }
  /** What waits for PostgreSQL in a file of this daemon. */
  readonly spool?: SpoolStats
}

export interface SpoolStats {
  /** Appends that were acknowledged and are not in PostgreSQL yet, and their bytes. */
  readonly appends: number
  readonly bytes: number
  /** How long the oldest has been waiting; 0 where none is. */
  readonly oldestMs: number
  /** Appends that came on a head of their own since this daemon runs, for another one had gone on. */
  readonly forks: number
}

/** Written in the transaction of what it tells. Numbers rise and are never used again. */
export interface OutboxEntry extends ContextKey {
  readonly number: number
  readonly event: 'appended' | 'deleted'
  /** Of `appended`: the turns, in order. */
  readonly turns: readonly string[]
}
