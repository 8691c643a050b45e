import { describe, expect, it } from 'vitest'
import { resolveContexts } from '../../../src/core/context-config.ts'

describe('the section contexts', () => {
  it('has defaults: a file in the state directory, thirty days', () => {
    expect(resolveContexts(undefined, '/state', '/here')).toEqual({
      journal: { kind: 'sqlite', path: '/state/contexts.db' },
      retentionMs: 30 * 86_400_000,
      hotMaxBytes: 64 * 2 ** 20,
    })
  })

  it('takes paths from where the config is, and "never"', () => {
    expect(
      resolveContexts(
        { journal: 'sqlite:talk.db', retention: 'never', embeddings: { model: 'nomic' } },
        '/s',
        '/here',
      ),
    ).toEqual({
      journal: { kind: 'sqlite', path: '/here/talk.db' },
      hotMaxBytes: 64 * 2 ** 20,
      embeddings: { model: 'nomic' },
    })
    expect(resolveContexts({ journal: 'memory:' }, '/s', '/here').journal).toEqual({ kind: 'memory' })
  })
})
