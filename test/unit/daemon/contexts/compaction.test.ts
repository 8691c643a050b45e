import { describe, expect, it } from 'vitest'
import { bodyOf } from '../../../../src/core/canonical-json.ts'
import type { InferenceResponse } from '../../../../src/core/inference.ts'
import type { Ask } from '../../../../src/daemon/contexts/ask.ts'
import { createLruStore } from '../../../../src/daemon/contexts/cache/lru-store.ts'
import { strictKeyv, type TextCache } from '../../../../src/daemon/contexts/cache/strict-keyv.ts'
import { createCompaction } from '../../../../src/daemon/contexts/compaction.ts'
import { newId } from '../../../../src/daemon/contexts/ids.ts'
import { createMemoryJournal } from '../../../../src/daemon/contexts/journal/memory.ts'
import { createContextStore } from '../../../../src/daemon/contexts/store.ts'

const signal = AbortSignal.timeout(60_000)
const memory = (): TextCache => strictKeyv({ namespace: 'n', open: () => createLruStore() })
const gone = async (): Promise<never> => {
  throw new Error('gone')
}

/** A conversation that is long enough to be summed up, in each of these tenants. */
const storeOf = async (...tenants: readonly string[]) => {
  const contexts = createContextStore({ journal: createMemoryJournal({ now: Date.now, newId }) })
  for (const tenant of tenants) {
    const turns = Array.from({ length: 20 }, (_, at) => {
      const role = at % 2 === 0 ? ('user' as const) : ('assistant' as const)
      return { role, body: bodyOf({ role, content: `turn ${at}` }) }
    })
    await contexts.create({ tenant, context: 'c' })
    await contexts.append({ tenant, context: 'c', expected: '*', turns })
  }
  return contexts
}

const answer: InferenceResponse = {
  model: 'm',
  choices: [{ index: 0, text: 'In short.', finishReason: 'stop' }],
}
const counted = () => {
  const asked: string[] = []
  const ask: Ask = async (model) => {
    asked.push(model)
    return answer
  }
  return { ask, asked }
}

describe('a summary', () => {
  it('is not made again by another daemon, unless by another model or for another tenant', async () => {
    const { ask, asked } = counted()
    const summaries = memory()
    const compact = async (tenant: string, model: string): Promise<void> => {
      // A daemon of its own each time, with the same conversation.
      const contexts = await storeOf(tenant)
      await createCompaction(contexts, ask, summaries)({ tenant, context: 'c' }, 'main', model, signal)
      const { turns } = await contexts.path({ tenant, context: 'c' }, { head: 'main' })
      expect(turns.at(-1)?.body.toString()).toContain('In short.')
    }
    await compact('a', 'm')
    await compact('a', 'm')
    expect(asked).toEqual(['m'])
    await compact('a', 'other')
    await compact('b', 'm')
    expect(asked).toEqual(['m', 'other', 'm'])
  })

  it('is made without a cache that works', async () => {
    const { ask, asked } = counted()
    const compact = createCompaction(await storeOf('a'), ask, { get: gone, set: gone, close: gone })
    expect(await compact({ tenant: 'a', context: 'c' }, 'main', 'm', signal)).toBeDefined()
    expect(asked).toEqual(['m'])
  })
})
