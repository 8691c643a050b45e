import { renderToString } from 'ink'
import { createElement } from 'react'
import { describe, expect, it } from 'vitest'
import { BenchView, phaseShare } from '../../../src/views/bench-screen.ts'
import { sparkline } from '../../../src/views/sparkline.ts'
import type { Progress } from '../../../src/bench/run.ts'

const progress: Progress = {
  phase: {
    name: '4 at once',
    isWarmUp: false,
    load: { kind: 'closed', concurrency: 4, rampMs: 0 },
    targets: [0],
    durationMs: 10_000,
    drainMs: 0,
    firstIndex: 0,
  },
  phaseIndex: 1,
  phases: 3,
  elapsedMs: 2500,
  issued: 20,
  running: 4,
  ok: 15,
  failed: 1,
  tokens: 900,
}

describe('the screen of a run', () => {
  it('says what runs, how far it is and what came of it', () => {
    const drawn = renderToString(
      createElement(BenchView, { progress, tokensPerSecond: [10, 80, 40], running: [1, 4, 4] }),
    )
    expect(drawn).toMatch(/4 at once step 2 of 3 ━{8}─{22} 2\.5 s/)
    expect(drawn).toMatch(/tokens\/s +▂█▅ 40/)
    expect(drawn).toMatch(/15 done +1 failed/)
  })

  it('counts a step by whichever of time and requests is further', () => {
    expect(phaseShare(progress)).toBe(0.25)
    expect(phaseShare({ ...progress, phase: { ...progress.phase, requests: 25 } })).toBe(0.8)
    expect(phaseShare({ ...progress, elapsedMs: 99_000 })).toBe(1)
  })
})

describe('a sparkline', () => {
  it('is as tall as its largest value', () => {
    expect(sparkline([0, 1, 2, 4, 8])).toBe('▁▂▃▅█')
    expect(sparkline([0, 0])).toBe('▁▁')
    expect(sparkline([])).toBe('')
  })
})
