import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import { Breaker, breakerGuard } from '../../../../src/daemon/guards/breaker.ts'
import { answering, drain, newRequest, text } from '../../../harness/request.ts'

const create = (failuresMax = 3, cooldownMs = 1000) => {
  const clock = { ms: 0 }
  return { clock, breaker: new Breaker({ failuresMax, cooldownMs, now: () => clock.ms }) }
}

describe('Breaker', () => {
  it('opens after failures in a row and not before', () => {
    const { breaker } = create()
    breaker.failed()
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    breaker.failed()
    expect(breaker.state).toBe('closed')
    breaker.failed()
    expect(breaker.state).toBe('open')
    expect(breaker.admit()).toBe(false)
  })

  it('lets one probe through after the cooldown and closes when it succeeds', () => {
    const { breaker, clock } = create(1)
    breaker.failed()
    clock.ms = 1000
    expect(breaker.state).toBe('half-open')
    expect(breaker.admit()).toBe(true)
    expect(breaker.admit()).toBe(false)
    breaker.succeeded()
    expect(breaker.state).toBe('closed')
  })

  it('opens again when the probe fails, and frees the probe when it says nothing', () => {
    const { breaker, clock } = create(1)
    breaker.failed()
    clock.ms = 1000
    breaker.admit()
    breaker.failed()
    expect(breaker.state).toBe('open')
    clock.ms = 2000
    expect(breaker.admit()).toBe(true)
    breaker.undecided()
    expect(breaker.admit()).toBe(true)
  })

  it('never admits two probes at once and never stays shut for ever, whatever happens', () => {
    const step = fc.oneof(
      fc.constantFrom('admit', 'succeeded', 'failed', 'undecided'),
      fc.integer({ min: 0, max: 1500 }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { breaker, clock } = create(2)
        let open = 0
        for (const what of steps) {
          if (typeof what === 'number') clock.ms += what
          else if (what === 'admit') {
            const before = breaker.state
            const admitted = breaker.admit()
            if (admitted) open += 1
            if (before === 'half-open' && admitted) expect(breaker.admit()).toBe(false)
            if (before === 'open') expect(admitted).toBe(false)
          } else if (open > 0) {
            open -= 1
            breaker[what as 'failed']()
          }
        }
        for (; open > 0; open -= 1) breaker.undecided()
        clock.ms += 1000
        expect(breaker.admit()).toBe(true)
      }),
    )
  })
})

describe('breakerGuard', () => {
  const run = (breaker: Breaker, error?: Error) =>
    drain(breakerGuard(breaker, 'b')(answering(text('x'), ...(error ? [error] : [])))(newRequest()))

  it('counts faults of the backend only', async () => {
    const { breaker } = create(1)
    for (const code of [
      'CANCELLED',
      'QUEUE_TIMEOUT',
      'BAD_REQUEST',
      'MODEL_NOT_FOUND',
      'RATE_LIMITED',
    ] as const)
      await expect(run(breaker, new McpdError(code, code))).rejects.toMatchObject({ code })
    expect(breaker.state).toBe('closed')
    await expect(run(breaker, new McpdError('BACKEND_INCOMPLETE', 'cut'))).rejects.toThrow('cut')
    expect(breaker.state).toBe('open')
  })

  it('refuses with CIRCUIT_OPEN and says when to come back', async () => {
    const { breaker } = create(1, 2500)
    breaker.failed()
    await expect(run(breaker)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      details: { retryAfterSeconds: 3 },
    })
  })

  it('does not hold it against the backend that a client stops reading', async () => {
    const { breaker } = create(1)
    for await (const _ of breakerGuard(breaker, 'b')(answering(text('a'), text('b')))(newRequest())) break
    expect(breaker.state).toBe('closed')
  })
})
