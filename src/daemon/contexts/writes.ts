import {
  type Append,
  type Appended,
  type ContextAbout,
  type ContextKey,
  mainHead,
  type NewTurn,
  type Turn,
} from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { Journal, PathEnd } from '../../core/journal.ts'
import { failpoint } from './failpoint.ts'
import { idOf } from './ids.ts'
import { checkAppend } from './limits.ts'
import { missingContext, missingEnd } from './missing.ts'
import type { ReadThrough } from './read-through.ts'

/** What an append came to. Nothing of it is ever lost once this was returned. */
export interface Stored {
  readonly outcome: 'ok' | 'duplicate'
  /** The name of the head that was moved: another than was asked for where `onConflict` made a fork. */
  readonly name: string
  /** The turn it is at. */
  readonly head: string | null
  /** The new turns, an open one last. */
  readonly turns: readonly Turn[]
}

export interface Created extends Stored {
  readonly context: string
}

export interface CreateRequest {
  readonly tenant: string
  /** Default: a new id; with an idempotency key the id that belongs to it. */
  readonly context?: string
  readonly about?: ContextAbout
  /** Default: none. */
  readonly turns?: readonly NewTurn[]
  readonly opens?: Append['opens']
  readonly idempotencyKey?: string
}

export interface AppendRequest extends Omit<Append, 'head' | 'about'> {
  /** Default `main`. */
  readonly head?: string
  /** Where the head is elsewhere than at the turn that is expected: refuse, or go on from there on a new head. Default `reject`. */
  readonly onConflict?: 'reject' | 'fork'
}

export interface ForkRequest extends ContextKey {
  /** Where the new head begins. */
  readonly from: PathEnd
  /** Default: a new name. */
  readonly name?: string
  readonly idempotencyKey?: string
}

export interface EditRequest extends ContextKey {
  /** The turn whose place the new turns take, on a new head; it stays where it is. */
  readonly turn: string
  readonly turns: readonly NewTurn[]
  /** Default: a new name. */
  readonly name?: string
  readonly idempotencyKey?: string
}

export interface RewindRequest extends ContextKey {
  /** Default `main`. */
  readonly head?: string
  /** The turn to go back to; null: before the first. */
  readonly to: string | null
  /** As in `Append`. Default `*`. */
  readonly expected?: string
}

type Conflict = Extract<Appended, { readonly outcome: 'conflict' }>

/** What changes a conversation. Throws CONTEXT_NOT_FOUND, CONTEXT_CONFLICT, BAD_REQUEST and what the journal throws. */
export interface ContextWrites {
  create(request: CreateRequest): Promise<Created>
  append(request: AppendRequest): Promise<Stored>
  fork(request: ForkRequest): Promise<Stored>
  edit(request: EditRequest): Promise<Stored>
  rewind(request: RewindRequest): Promise<Stored>
}

export const createWrites = (journal: Journal, reads: ReadThrough, newId: () => string): ContextWrites => {
  const write = async (request: Append): Promise<Stored | Conflict> => {
    checkAppend(request)
    failpoint('before-mark')
    const writing = reads.writing(request)
    try {
      const result = await journal.append(request)
      failpoint('before-apply')
      writing.appended(request, result)
      failpoint('before-acknowledgement')
      return result.outcome === 'conflict' ? result : { ...result, name: request.head }
    } catch (error) {
      // It may or may not have been written.
      writing.changed()
      throw error
    }
  }
  const writeOrThrow = async (request: Append): Promise<Stored> => {
    const stored = await write(request)
    if (stored.outcome === 'conflict') throw conflict(request, stored.head)
    return stored
  }
  /** With an idempotency key always the same, so that a retry finds what the first try has made. */
  const forkName = (idempotencyKey: string | undefined): string =>
    `fork-${idempotencyKey === undefined ? newId() : idOf(idempotencyKey)}`
  const newHead = async (
    { tenant, context, name, idempotencyKey }: Omit<ForkRequest, 'from'>,
    base: string | null,
    turns: readonly NewTurn[],
  ): Promise<Stored> =>
    writeOrThrow({
      tenant,
      context,
      head: name ?? forkName(idempotencyKey),
      expected: null,
      base,
      turns,
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    })
  const lastOf = async (key: ContextKey, end: PathEnd) => {
    const path = await reads.path(key, end, { last: 1 })
    if (path) return path
    throw (await journal.summary(key)) ? missingEnd(key, end) : missingContext(key)
  }

  return {
    create: async ({ tenant, context, idempotencyKey, turns = [], about, opens }) => {
      const id = context ?? (idempotencyKey === undefined ? newId() : idOf(`${tenant}\0${idempotencyKey}`))
      const stored = await writeOrThrow({
        tenant,
        context: id,
        head: mainHead,
        expected: null,
        turns,
        ...(about && { about }),
        ...(opens && { opens }),
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      })
      return { ...stored, context: id }
    },
    append: async ({ onConflict = 'reject', head = mainHead, ...rest }) => {
      const request: Append = { ...rest, head }
      if (onConflict === 'reject') return writeOrThrow(request)
      const stored = await write(request)
      if (stored.outcome === 'ok') return stored
      const name = forkName(request.idempotencyKey)
      if (stored.outcome === 'duplicate') {
        // The first time may have ended in a fork.
        const heads = (await journal.summary(request))?.heads ?? {}
        return name in heads ? { ...stored, name } : stored
      }
      // Without a turn that was expected there is no place to go on from.
      const { expected } = request
      if (expected === null || expected === '*') throw conflict(request, stored.head)
      return writeOrThrow({ ...request, head: name, expected: null, base: request.base ?? expected })
    },
    fork: async ({ from, ...request }) => newHead(request, (await lastOf(request, from)).end, []),
    edit: async ({ turn, turns, ...request }) => {
      const [edited] = (await lastOf(request, { turn })).turns
      return newHead(request, edited?.parent ?? null, turns)
    },
    rewind: async ({ tenant, context, head = mainHead, to, expected = '*' }) =>
      writeOrThrow({ tenant, context, head, expected, base: to, turns: [] }),
  }
}

const conflict = ({ context, head, expected }: Append, at: string | null): McpdError => {
  const place = `The head ${head} of the context ${context}`
  const detail = {
    [String(null)]: `${place} is there already.`,
    '*': `${place} is at a turn whose answer is still being written, or was closed by someone else.`,
  }[String(expected)]
  return new McpdError(
    'CONTEXT_CONFLICT',
    detail ??
      (at === expected
        ? `${place} is at the turn ${at}, whose answer is still being written.`
        : `${place} is at ${at === null ? 'no turn' : `the turn ${at}`}, not at ${expected}.`),
    { head: at, suggestions: ['Read the context and append to where it is, or fork.'] },
  )
}
