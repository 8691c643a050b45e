import type { Role } from './inference.ts'

/**
 * A conversation kept by mcpd: a graph of immutable turns with named heads, as git keeps commits with branches.
 * Bodies are canonical JSON of a `Message`, addressed by their hash; a turn is the node around one body.
 */

/** Under which every key of a store stands: one tenant never sees another's, not even that it is there. */
export interface ContextKey {
  readonly tenant: string
  /** `[A-Za-z0-9_-]{1,64}`. */
  readonly context: string
}

/** The head that a context has from the start. */
export const mainHead = 'main'

/** What ids of contexts, heads and turns look like. */
export const contextIdPattern = /^[A-Za-z0-9_-]{1,64}$/

/** An answer is `streaming` until it is stored whole or was cut short; nothing else ever changes in a turn. */
export const turnStates = ['streaming', 'complete', 'aborted'] as const
export type TurnState = (typeof turnStates)[number]

export interface Turn {
  /** Unique in its context; `[A-Za-z0-9_-]{1,64}`. */
  readonly id: string
  /** Null for a first turn. */
  readonly parent: string | null
  /** Its place on the path from the first turn, which is 1. */
  readonly seq: number
  readonly role: Role
  /** Unix milliseconds. */
  readonly at: number
  readonly state: TurnState
  /** SHA-256 of the body, base64url. A streaming turn has a body that says nothing but its role. */
  readonly bodyHash: string
  /** SHA-256 of the parent's chain hash, if there is a parent, and the body's hash: equal chains are equal histories. */
  readonly chainHash: string
  /** Length of the body in bytes. */
  readonly bodyBytes: number
  /** Kept in every pruned view. */
  readonly pinned: boolean
  /** Of an answer: who gave it. */
  readonly origin?: TurnOrigin
}

export interface TurnOrigin {
  readonly model: string
  readonly backend?: string
  readonly adapter?: string
  readonly finishReason?: string
  readonly inputTokens?: number
  readonly outputTokens?: number
  /** What the surface that was asked says again with the answer; at most 16 KiB as JSON. */
  readonly settings?: Readonly<Record<string, unknown>>
}

export interface StoredTurn extends Turn {
  /** Canonical JSON of the message, never parsed on the way to a client. */
  readonly body: Buffer
}

/** What a caller hands over; the rest of a turn is made by the store. */
export interface NewTurn {
  /** Given where it was announced before it was stored, such as in a header. */
  readonly id?: string
  readonly role: Role
  /** Canonical JSON of the message, as `bodyOf` writes it; at most `bodyMaxBytes`. */
  readonly body: Buffer
  /** Default `complete`. */
  readonly state?: Exclude<TurnState, 'streaming'>
  readonly pinned?: boolean
  readonly origin?: TurnOrigin
  /** Unix milliseconds; of a turn that was exported. Default: now. */
  readonly at?: number
}

/** Says that a turn is on its way, so that a crash leaves it behind as `aborted`. */
export interface OpenTurn {
  readonly id: string
  readonly role: Role
  readonly origin?: TurnOrigin
}

/**
 * The one change there is: turns are put behind `base` and `head` is moved to the last of them. Everything else is a
 * case of it:
 *
 * - a new context is its first append, with `expected: null`, `about` if there is something to say, and no base;
 * - a fork is a head that must not exist (`expected: null`) at a base, without turns;
 * - an edit is the same with turns, at the parent of the edited turn (`base: null` where that is the first);
 * - a rewind is an existing head moved to a base, without turns;
 * - an answer that was opened is stored by `closes`, in its own place, with `expected: '*'`; the head goes along
 *   if it is still there.
 *
 * Behind a streaming turn nothing can be put: that is a conflict.
 */
export interface Append extends ContextKey {
  readonly head: string
  /** The turn that the head must be at; `"*"`: wherever it is; null: there must be no such head, or no turn at it. */
  readonly expected: string | null
  /** The turn to go on from; null: before the first turn; absent: where the head is. */
  readonly base?: string | null
  /**
   * The same key with the same content is answered `duplicate`, with other content refused as CONFLICT. At most 255
   * characters; kept for at least 24 hours, per context.
   */
  readonly idempotencyKey?: string
  readonly turns: readonly NewTurn[]
  /** An answer to come, behind the last of `turns`; it is shown as `streaming` until `closes` names it. */
  readonly opens?: OpenTurn
  /** The open turn that the first of `turns` completes or aborts; already closed is a conflict. */
  readonly closes?: string
  /** Taken where the context is made by this append, and only then. */
  readonly about?: ContextAbout
}

/**
 * `head` is the turn that the head is at now: null where it has no turns, or where there is no such head. `turns` are
 * those of this append, an opened one last. A duplicate says what the first one said, the turns as they are now.
 * `revisions` is said by shared journals of what was written now: what the context was at before, null where it was
 * made, and what it is at since.
 */
export type Appended =
  | {
      readonly outcome: 'ok' | 'duplicate'
      readonly head: string | null
      readonly turns: readonly Turn[]
      readonly revisions?: { readonly from: string | null; readonly to: string }
    }
  | { readonly outcome: 'conflict'; readonly head: string | null }

export interface ContextAbout {
  readonly title?: string
  readonly tags?: readonly string[]
  /** The client's own; at most 16 KiB as JSON. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Never deleted for its age. */
  readonly pinned?: boolean
}

export interface ContextSummary extends ContextKey, ContextAbout {
  /** Head names and the turns they are at. */
  readonly heads: Readonly<Record<string, string | null>>
  readonly turns: number
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Its turns are in a file, and come back when they are read. */
  readonly archived?: boolean
}
