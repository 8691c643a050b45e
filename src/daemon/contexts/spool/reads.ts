import type { ContextKey, ContextSummary, Turn } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import type { FoundTurn, Position, SharedJournal } from '../../../core/journal.ts'
import { nameOf } from '../ids.ts'
import type { createQueues } from '../journal/postgres/queues.ts'
import { withoutBody } from '../journal/plan.ts'
import { applyPath, applySummary, type KnownContext, putSettled, summaryIn } from './known-context.ts'
import type { Local } from './local.ts'
import type { Memory } from './memory.ts'
import { isUnavailable, type Outage } from './outage.ts'
import type { SpoolFile } from './spool-file.ts'

export interface ReadParts {
  readonly remote: SharedJournal
  readonly file: SpoolFile
  readonly memory: Memory
  readonly queues: ReturnType<typeof createQueues>
  readonly outage: Outage
  readonly local: Local
  readonly ready: () => Promise<void>
  /** Whether this daemon was the last to write when PostgreSQL went away. */
  readonly isHeld: (key: ContextKey) => boolean
  readonly now: () => number
  readonly newId: () => string
}

type Reads = Pick<SharedJournal, 'path' | 'position' | 'summary' | 'turns' | 'findTurn'>

/** From here what is here and not in PostgreSQL, from there the rest, and from here again when nobody is there. */
export const createReads = (parts: ReadParts): Reads => {
  const { remote, file, memory, queues, outage, local, ready, isHeld, now, newId } = parts

  const here = async (key: ContextKey): Promise<KnownContext | undefined> => {
    if (!file.has(key)) return isHeld(key) ? memory.get(key) : undefined
    return memory.get(key) ?? queues.run(nameOf(key), async () => memory.get(key) ?? local.load(key))
  }
  const reading = async <Result>(
    key: ContextKey,
    read: {
      readonly here: (context: KnownContext) => Promise<Result>
      readonly there: () => Promise<Result>
      readonly learn?: (context: KnownContext, result: Result & {}) => boolean
    },
  ): Promise<Result> => {
    await ready()
    const known = await here(key)
    if (known) return read.here(known)
    const startedMs = now()
    const learning = memory.reading(key)
    try {
      const result = await read.there()
      if (result && read.learn) learning((context) => read.learn?.(context, result) ?? true)
      return result
    } catch (error) {
      if (!isUnavailable(error)) throw error
      outage.begin(startedMs)
      const held = await here(key)
      if (!held) throw error
      return read.here(held)
    }
  }
  const position = async (
    context: KnownContext,
    end: Parameters<Reads['position']>[1],
  ): Promise<Position | undefined> => {
    const leaf = 'turn' in end ? end.turn : (context.heads.get(end.head) ?? undefined)
    const turn = leaf === undefined ? undefined : context.turns.get(leaf)
    const path = turn ? undefined : await local.path(context, end, { last: 1 })
    // Of no copy that anybody has, so that none is taken for what is here.
    const revision = `spool ${newId()}`
    if (turn) return { revision, end: turn.id, length: turn.seq, chainHash: turn.chainHash }
    return (
      path && {
        revision,
        end: path.end,
        length: path.length,
        chainHash: path.turns.at(-1)?.chainHash ?? null,
      }
    )
  }

  return {
    path: (key, end, range = {}) =>
      reading(key, {
        here: (context) => local.path(context, end, range),
        there: () => remote.path(key, end, range),
        learn: (context, path) => applyPath(context, end, path),
      }),
    position: (key, end) =>
      reading(key, {
        here: (context) => position(context, end),
        there: () => remote.position(key, end),
      }),
    summary: (key) =>
      reading(key, {
        here: async (context) =>
          context.hasHeads ? summaryIn(context) : overlaid(await remote.summary(key), context),
        there: () => remote.summary(key),
        learn: applySummary,
      }),
    turns: (key) =>
      reading(key, {
        here: async (context) => {
          if (!context.isWhole) throw partly(context)
          return [...context.turns.values()]
        },
        there: () => remote.turns(key),
        learn: (context, turns) => {
          putSettled(context, turns)
          return true
        },
      }),
    findTurn: async (tenant, turn) => {
      await ready()
      const known = [...memory.contexts()].find(
        (context) =>
          context.tenant === tenant && context.turns.has(turn) && (file.has(context) || isHeld(context)),
      )
      if (known) return foundIn(known, turn)
      const found = await remote.findTurn(tenant, turn)
      // It may be one of those that were left by a run before this one.
      if (!found && file.contexts().some((key) => !memory.get(key))) throw notRead()
      return found
    },
  }
}

/** What PostgreSQL says of a context, with what it does not know yet. */
const overlaid = (
  summary: ContextSummary | undefined,
  { heads, turnCount, updatedAt }: KnownContext,
): ContextSummary | undefined =>
  summary && {
    ...summary,
    heads: { ...summary.heads, ...Object.fromEntries(heads) },
    turns: summary.turns + turnCount,
    updatedAt,
  }

const foundIn = (context: KnownContext, id: string): FoundTurn | undefined => {
  const turn = context.turns.get(id)
  const heads = [...context.heads].flatMap(([name, at]) => (at === id ? [name] : []))
  return (
    turn && {
      tenant: context.tenant,
      context: context.context,
      turn: withoutBody(turn) satisfies Turn,
      heads: heads.toSorted(),
    }
  )
}

const partly = ({ context }: ContextKey): McpdError =>
  new McpdError(
    'STORE_UNAVAILABLE',
    `Not all of the context ${context} is known here, and PostgreSQL does not have all of it yet.`,
    { retryAfterSeconds: 2 },
  )

const notRead = (): McpdError =>
  new McpdError('STORE_UNAVAILABLE', 'What was said while PostgreSQL was away is still to be carried over.', {
    retryAfterSeconds: 2,
  })
