import { bodyOf } from '../../core/canonical-json.ts'
import type { ContextKey } from '../../core/context.ts'
import type { Ask } from './ask.ts'
import { compact, planCompaction } from './compact.ts'
import { inferBy } from './models.ts'
import type { ContextStore } from './store.ts'
import { readTurn } from './talk.ts'
import type { Stored } from './writes.ts'

/**
 * Has a model sum up what no longer fits, and adds the summary as a turn behind the head. Undefined where there is too
 * little to sum up. Throws CONTEXT_CONFLICT when the conversation went on meanwhile.
 */
export const createCompaction =
  (contexts: ContextStore, ask: Ask) =>
  async (key: ContextKey, head: string, model: string, signal: AbortSignal): Promise<Stored | undefined> => {
    const path = await contexts.path(key, { head })
    const plan = planCompaction(path.turns.map(readTurn))
    if (!plan) return undefined
    const { message } = await compact(plan, inferBy(model, ask), signal)
    return contexts.append({
      ...key,
      head,
      expected: path.end,
      turns: [{ role: message.role, body: bodyOf(message), pinned: true, origin: { model } }],
    })
  }
