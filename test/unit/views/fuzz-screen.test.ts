import { renderToString } from 'ink'
import { createElement } from 'react'
import { describe, expect, it } from 'vitest'
import type { FuzzProgress } from '../../../src/fuzz/result.ts'
import { FuzzView } from '../../../src/views/fuzz-screen.ts'

const progress: FuzzProgress = {
  phase: 'stateful',
  elapsedMs: 15_000,
  limitMs: 60_000,
  requests: 40_000,
  requestsPerSecond: 2666.6,
  findings: [
    {
      check: 'ignored_auth',
      operation: 'GET /x',
      status: 200,
      message: 'no \u001B[2Jkey',
      severity: 'critical',
    },
  ],
  statuses: { '2xx': 30_000, '4xx': 9990, '0': 10 },
  operations: [
    { operation: 'GET /x', state: 'found' },
    { operation: 'GET /y', state: 'succeeded' },
    { operation: 'GET /z', state: 'waiting' },
  ],
}

describe('the screen of mcpd fuzz', () => {
  it('says how far it is, what it reached and what it found', () => {
    const drawn = renderToString(createElement(FuzzView, { progress, rates: [1000, 2666.6] }))
    expect(drawn).toMatch(/stateful ━{6}─{18} 15 s of 1 min/)
    expect(drawn).toContain('2667/s, 40000 requests')
    expect(drawn).toContain('none 10')
    expect(drawn).toContain('■■· 2 of 3 operations answered')
    expect(drawn).toMatch(/✗ GET \/x no .*key/)
    // What the target says moves no cursor.
    expect(drawn).not.toContain('\u001B[2J')
  })
})
