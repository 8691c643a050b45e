import { hash } from 'node:crypto'
import { bodyOf, canonicalJson } from '../../core/canonical-json.ts'
import type { ContextKey } from '../../core/context.ts'
import type { Message } from '../../core/inference.ts'
import type { Ask } from './ask.ts'
import type { TextCache } from './cache/strict-keyv.ts'
import { compact, planCompaction } from './compact.ts'
import { inferBy } from './models.ts'
import type { ContextStore } from './store.ts'
import { readTurn } from './talk.ts'
import type { Stored } from './writes.ts'

/**
 * Has a model sum up what no longer fits, and adds the summary as a turn behind the head. Undefined where there is too
 * little to sum up. Throws CONTEXT_CONFLICT when the conversation went on meanwhile; the summary is not made twice then.
 */
export const createCompaction =
  (contexts: ContextStore, ask: Ask, summaries: TextCache) =>
  async (key: ContextKey, head: string, model: string, signal: AbortSignal): Promise<Stored | undefined> => {
    const path = await contexts.path(key, { head })
    const plan = planCompaction(path.turns.map(readTurn))
    if (!plan) return undefined
    const { message } = await compact(plan, inferOnce(summaries, key.tenant, model, ask), signal)
    return contexts.append({
      ...key,
      head,
      expected: path.end,
      turns: [{ role: message.role, body: bodyOf(message), pinned: true, origin: { model } }],
    })
  }

/** What a model answered to the same before, here or in another daemon of this tenant's; else its answer, kept. */
const inferOnce =
  (summaries: TextCache, tenant: string, model: string, ask: Ask) =>
  async (messages: readonly Message[], signal: AbortSignal): Promise<string> => {
    const key = hash('sha256', canonicalJson({ tenant, model, messages }))
    const [known] = await summaries.get([key], signal).catch(() => [])
    if (known !== undefined) return known
    const text = await inferBy(model, ask)(messages, signal)
    // What a cache does not take is asked for again some day.
    if (text.trim() !== '') await summaries.set(new Map([[key, text]]), signal).catch(() => undefined)
    return text
  }
