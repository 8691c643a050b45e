import { describe, expect, it } from 'vitest'
import { createPruning } from '../../../../src/daemon/contexts/pruning.ts'
import { pathOf } from './a-path.ts'

const signal = AbortSignal.timeout(60_000)
const long = pathOf(
  'u:my harbour is called Brixen',
  ...Array.from({ length: 60 }, (_, at) => `${at % 2 === 0 ? 'a' : 'u'}:some words number ${at}`),
  'u:how is the harbour called',
)
const request = { model: 'm', budgetTokens: 200, pathKey: 'default c main' }

describe('pruning', () => {
  it('counts by the tokenizer near the budget, and leaves it alone far from it', async () => {
    let asked = 0
    const pruning = createPruning({
      tokenizeOf: () => async (input) => {
        asked += 1
        return 'text' in input ? input.text.length + 1 : input.messages.length * 5 + 3
      },
    })
    await pruning.prune(long, { ...request, budgetTokens: 100_000 }, signal)
    expect(asked).toBe(0)
    const made = await pruning.prune(long, request, signal)
    expect(asked).toBeGreaterThan(long.length - 3)
    expect(made).toMatchObject({ exact: true, mode: 'lexical', warnings: [] })
    await pruning.close()
  })

  it('learns per model', async () => {
    const pruning = createPruning({})
    const sent = long.map(({ message }) => message)
    const before = await pruning.prune(long, { ...request, budgetTokens: 10_000 }, signal)
    for (let turn = 0; turn < 20; turn += 1) pruning.learn('m', sent, [], before.tokens * 2)
    const after = await pruning.prune(long, { ...request, budgetTokens: 10_000 }, signal)
    const other = await pruning.prune(long, { ...request, model: 'other', budgetTokens: 10_000 }, signal)
    expect(after.tokens).toBeGreaterThan(before.tokens * 1.5)
    expect(other.tokens).toBe(before.tokens)
  })

  it('says by what it chose, and why not by meaning', async () => {
    const none = { of: async () => ({ warning: 'no embeddings' }), close: async () => undefined }
    const made = await createPruning({ vectors: none }).prune(long, request, signal)
    expect(made).toMatchObject({ mode: 'lexical', warnings: ['no embeddings'] })
    const vectors = {
      of: async () => ({ vectorsOf: () => [Float32Array.of(1)] }),
      close: async () => undefined,
    }
    const semantic = await createPruning({ vectors }).prune(long, request, signal)
    expect(semantic).toMatchObject({ mode: 'semantic', warnings: [] })
    const whole = await createPruning({ vectors: none }).prune(
      long,
      { ...request, budgetTokens: 10_000 },
      signal,
    )
    expect(whole).toMatchObject({ mode: 'whole', warnings: [] })
  })
})
