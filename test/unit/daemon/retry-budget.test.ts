import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createRetryBudget } from '../../../src/daemon/retry-budget.ts'

it('never allows more retries than its share of the requests and what was saved up', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 500 }),
      fc.constantFrom(0, 0.1, 0.5, 1),
      (steps, ratio) => {
        const budget = createRetryBudget(() => ratio)
        let requests = 0
        let retries = 0
        for (const isRequest of steps) {
          if (isRequest) {
            budget.deposit()
            requests += 1
          } else if (budget.take()) retries += 1
        }
        expect(retries).toBeLessThanOrEqual((ratio > 0 ? 10 : 0) + requests * ratio)
      },
    ),
  )
})

it('comes back with traffic', () => {
  const budget = createRetryBudget(() => 0.5)
  while (budget.take());
  budget.deposit()
  expect(budget.take()).toBe(false)
  budget.deposit()
  expect(budget.take()).toBe(true)
})
