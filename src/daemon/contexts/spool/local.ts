import { emptyBody } from '../../../core/canonical-json.ts'
import { type Append, type Appended, type ContextKey, mainHead } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import type { ContextPath, Journal, PathEnd, PathRange } from '../../../core/journal.ts'
import { idOf } from '../ids.ts'
import { fingerprintOf, keyReused, planAppend, turnsOf, withoutBody } from '../journal/plan.ts'
import { placesOf } from '../journal/range.ts'
import { type FixedAppend, fixAppend } from './entry.ts'
import {
  applyAppend,
  duplicateIn,
  type KnownContext,
  noContext,
  pathIn,
  putTurns,
  unknownContext,
} from './known-context.ts'
import type { Memory } from './memory.ts'
import type { NumberedEntry, SpoolFile } from './spool-file.ts'

export interface LocalParts {
  readonly remote: Pick<Journal, 'path'>
  readonly file: SpoolFile
  readonly memory: Memory
  /** Unix milliseconds. */
  readonly clock: () => number
  readonly newId: () => string
}

/** A context that is answered from here. What it calls runs in the queue of the context, but for `path`. */
export interface Local {
  /** Puts an append into the spool, or throws or answers as PostgreSQL would. Throws STORE_UNAVAILABLE. */
  append(context: KnownContext, request: FixedAppend): Promise<Appended>
  /** A context with entries in the spool, read from there where it is not in memory. */
  load(key: ContextKey): Promise<KnownContext>
  path(context: KnownContext, end: PathEnd, range: PathRange): Promise<ContextPath | undefined>
}

/** Whether it makes a context, which may always be done. */
export const isNewContext = ({ head, expected, base, closes }: Append): boolean =>
  head === mainHead && expected === null && (base ?? null) === null && closes === undefined

export const createLocal = ({ remote, file, memory, clock, newId }: LocalParts): Local => {
  const append = async (context: KnownContext, request: FixedAppend): Promise<Appended> => {
    const used = context.keys.get(request.idempotencyKey)
    if (used) {
      if (used.fingerprint !== fingerprintOf(request)) throw keyReused(request)
      return duplicateIn(context, used)
    }
    requireKnown(context, request)
    const before = context.heads.get(request.head)
    const plan = planAppend(
      request,
      { exists: context.heads.size > 0, head: before, turn: (id) => context.turns.get(id) },
      { now: clock(), newId },
    )
    if (plan.outcome === 'conflict') return plan
    const told = turnsOf(plan).map(withoutBody)
    const { tenant, context: id } = context
    const fixed: FixedAppend = {
      ...request,
      tenant,
      context: id,
      expected: request.closes === undefined ? (before ?? null) : '*',
    }
    try {
      await file.add({ append: fixed, told, head: plan.head })
    } catch (error) {
      // The file is asked the next time.
      if (file.isUnsure(context)) memory.drop(context)
      throw error
    }
    applyAppend(context, request, { turns: told, head: plan.head }, clock())
    memory.set(context)
    return { outcome: 'ok', head: plan.head, turns: told }
  }

  const abortAll = async (context: KnownContext): Promise<void> => {
    try {
      for (const closing of abortsOf(context)) {
        const parent = context.turns.get(closing.closes)?.parent ?? null
        const before =
          parent === null || context.turns.has(parent)
            ? undefined
            : await remote.path(context, { turn: parent }, { last: 1 })
        if (before) putTurns(context, before.turns)
        await append(context, fixAppend(closing, { newId, clock }))
      }
    } catch (error) {
      memory.drop(context)
      throw error
    }
  }

  const load = async (key: ContextKey): Promise<KnownContext> => {
    let context: KnownContext | undefined
    for (
      let after = 0, page = await file.read(key, after);
      page.length > 0;
      page = await file.read(key, after)
    ) {
      context ??= startOf(key, page[0]!)
      for (const { append, told, head, n } of page) {
        applyAppend(context, append, { turns: told, head }, told.at(-1)?.at ?? clock())
        after = n
      }
    }
    const found = context ?? unknownContext(key)
    if (file.isLeft(key)) await abortAll(found)
    file.taken(key)
    memory.set(found)
    return found
  }

  return {
    append,
    load,
    path: async (context, end, range) => {
      const known = pathIn(context, end)
      if (!known) {
        const isNone = 'turn' in end ? context.isWhole : context.hasHeads
        return isNone ? undefined : remote.path(context, end, range)
      }
      const { missing, turns } = known
      const before = missing === undefined ? undefined : await remote.path(context, { turn: missing })
      if (missing !== undefined && !before) throw unknown(context)
      const whole = before ? [...before.turns, ...turns] : turns
      const { from, to } = placesOf(range, whole.length)
      return { end: known.end, length: whole.length, turns: whole.slice(from - 1, Math.max(from - 1, to)) }
    },
  }
}

/** What a context was before its first entry, as far as that tells. */
const startOf = (key: ContextKey, { append, told }: NumberedEntry): KnownContext =>
  isNewContext(append) ? noContext(key, told[0]?.at ?? 0) : unknownContext(key)

/** Answers that a run before this one was writing when it ended: nobody else knows of them. */
const abortsOf = ({
  tenant,
  context,
  turns,
  heads,
}: KnownContext): readonly (Append & { readonly closes: string })[] =>
  [...turns.values()].flatMap(({ id, role, state }) => {
    if (state !== 'streaming') return []
    const head = [...heads].find(([, at]) => at === id)?.[0] ?? [...heads.keys()][0] ?? mainHead
    return [
      {
        tenant,
        context,
        head,
        expected: '*',
        closes: id,
        turns: [{ role, body: emptyBody(role), state: 'aborted' as const }],
        idempotencyKey: `spool ${idOf(`abort ${id}`)}`,
      },
    ]
  })

/** Throws STORE_UNAVAILABLE where only PostgreSQL knows what an append goes on from. */
const requireKnown = (context: KnownContext, { head, base, closes }: Append): void => {
  const { heads, turns, hasHeads, isWhole } = context
  if (!heads.has(head) && !hasHeads) throw unknown(context)
  if (isWhole) return
  const from = closes ?? (base === undefined ? heads.get(head) : base)
  if (from === null || from === undefined) return
  const turn = turns.get(from)
  const parent = closes === undefined ? null : (turn?.parent ?? null)
  if (!turn || (parent !== null && !turns.has(parent))) throw unknown(context)
}

const unknown = ({ context }: ContextKey): McpdError =>
  new McpdError(
    'STORE_UNAVAILABLE',
    `PostgreSQL, which keeps the contexts, is not available, and this daemon does not know enough of the context ${context}.`,
    { retryAfterSeconds: 2 },
  )
