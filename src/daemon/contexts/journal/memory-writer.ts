import type { Append, Appended } from '../../../core/context.ts'
import { annotated } from './annotation.ts'
import { type MemoryContext, type UsedKey } from './memory-context.ts'
import type { createMemoryOutbox } from './memory-outbox.ts'
import type { JournalOptions } from './options.ts'
import { nameOf } from '../ids.ts'
import { fingerprintOf, keyReused, planAppend, turnsOf, withoutBody, type WritePlan } from './plan.ts'
import { contradicts, existsAlready } from './refusals.ts'

export interface MemoryWriterOptions extends JournalOptions {
  readonly contexts: Map<string, MemoryContext>
  readonly outbox: ReturnType<typeof createMemoryOutbox>
}

/** What changes the contexts in memory. */
export const createMemoryWriter = ({ contexts, outbox, now, newId }: MemoryWriterOptions) => {
  const append = (request: Append): Appended => {
    const context = contexts.get(nameOf(request))
    const used = request.idempotencyKey === undefined ? undefined : context?.keys.get(request.idempotencyKey)
    if (context && used) return repeated(request, context, used)
    const plan = planAppend(
      request,
      {
        exists: context !== undefined,
        head: context?.heads.get(request.head),
        turn: (id) => context?.turns.get(id),
      },
      { now: now(), newId },
    )
    return plan.outcome === 'conflict' ? plan : write(request, context ?? create(request), plan)
  }
  const create = ({ tenant, context, about = {} }: Append): MemoryContext => {
    const at = now()
    const made: MemoryContext = {
      tenant,
      context,
      about: annotated({}, about),
      createdAt: at,
      updatedAt: at,
      heads: new Map(),
      turns: new Map(),
      keys: new Map(),
    }
    contexts.set(nameOf(made), made)
    return made
  }
  const write = (request: Append, context: MemoryContext, plan: WritePlan): Appended => {
    const turns = turnsOf(plan)
    const ids = turns.map(({ id }) => id)
    if (request.closes !== undefined) context.turns.delete(request.closes)
    for (const turn of turns) context.turns.set(turn.id, turn)
    context.heads.set(request.head, plan.head)
    context.updatedAt = now()
    if (request.idempotencyKey !== undefined)
      context.keys.set(request.idempotencyKey, {
        fingerprint: fingerprintOf(request),
        head: plan.head,
        turns: ids,
        at: now(),
      })
    if (plan.turns.length > 0) outbox.add(context, 'appended', ids.slice(0, plan.turns.length))
    return { outcome: 'ok', head: plan.head, turns: turns.map(withoutBody) }
  }

  return {
    append,
    restore: (appends: readonly Append[]): void => {
      const [first] = appends
      if (!first) return
      if (contexts.has(nameOf(first))) throw existsAlready(first)
      try {
        for (const request of appends) if (append(request).outcome !== 'ok') throw contradicts(first)
      } catch (error) {
        contexts.delete(nameOf(first))
        throw error
      }
    },
    remove: (context: MemoryContext): void => {
      contexts.delete(nameOf(context))
      outbox.add(context, 'deleted', [])
    },
  }
}

const repeated = (request: Append, context: MemoryContext, used: UsedKey): Appended => {
  if (used.fingerprint !== fingerprintOf(request)) throw keyReused(request)
  const turns = used.turns.flatMap((id) => context.turns.get(id) ?? []).map(withoutBody)
  return { outcome: 'duplicate', head: used.head, turns }
}
