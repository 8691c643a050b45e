import { describe, expect, it } from 'vitest'
import { readContextUse } from '../../../src/core/context-use.ts'

describe('the context that a request names', () => {
  it('is none without the member and the header', () => {
    expect(readContextUse(undefined, undefined)).toBeUndefined()
    expect(readContextUse({}, '')).toBeUndefined()
  })

  it('comes from the body, with everything it says', () => {
    expect(
      readContextUse(
        { context: { id: 'c1', head: 'main', budgetTokens: 100, onConflict: 'fork' } },
        undefined,
      ),
    ).toEqual({ id: 'c1', head: 'main', budgetTokens: 100, onConflict: 'fork' })
  })

  it('comes from the header, with or without a head', () => {
    expect(readContextUse(undefined, 'c1')).toEqual({ id: 'c1', onConflict: 'reject' })
    expect(readContextUse(undefined, 'c1@draft')).toEqual({ id: 'c1', head: 'draft', onConflict: 'reject' })
  })

  it('may be said twice, but not in two ways', () => {
    expect(readContextUse({ context: { id: 'c1', budgetTokens: 5 } }, 'c1')).toEqual({
      id: 'c1',
      budgetTokens: 5,
      onConflict: 'reject',
    })
    expect(() => readContextUse({ context: { id: 'c1' } }, 'c2')).toThrow(/different contexts/)
    expect(() => readContextUse({ context: { id: 'c1', head: 'a' } }, 'c1@b')).toThrow(/different contexts/)
  })

  it.each(['{a}:b', 'a b', 'a@', '@a', 'a@b@c', 'ü', 'x'.repeat(65)])('refuses the header %j', (header) => {
    expect(() => readContextUse(undefined, header)).toThrow(/x-mcpd-context/)
  })
})
