import { expect, it } from 'vitest'
import { createLatency } from '../../../src/daemon/latency.ts'

it('a slow answer counts at once, fast ones bring the value down over time, silence forgets', () => {
  let ms = 0
  const latency = createLatency(() => ms)
  expect(latency.valueMs).toBe(0)
  latency.observe(100)
  expect(latency.valueMs).toBe(100)
  latency.observe(10)
  expect(latency.valueMs).toBe(100)
  ms += 1000
  latency.observe(10)
  expect(latency.valueMs).toBeGreaterThan(50)
  expect(latency.valueMs).toBeLessThan(100)
  latency.observe(500)
  expect(latency.valueMs).toBe(500)
  ms += 100_000
  expect(latency.valueMs).toBeLessThan(1)
})
