import { describe, expect, it } from 'vitest'
import { McpdError } from '../../../../src/core/errors.ts'
import { createMetrics } from '../../../../src/core/metrics.ts'
import { measureGuard } from '../../../../src/daemon/guards/measure.ts'
import { answering, drain, newRequest, text } from '../../../harness/request.ts'

describe('measureGuard', () => {
  it('counts requests by outcome and tokens as stated', async () => {
    const metrics = createMetrics()
    const guard = measureGuard(metrics, () => 1000)
    const request = () => {
      const made = newRequest()
      Object.assign(made.trace, { adapter: 'openai', backend: 'gpu', sentMs: 400, firstContentMs: 900 })
      return made
    }
    const usage = { type: 'usage', usage: { inputTokens: 7, outputTokens: 3 } } as const
    await drain(guard(answering(text('a'), usage))(request()))
    await drain(guard(answering(text('a'), usage))(request()))
    await expect(drain(guard(answering(new McpdError('BACKEND_ERROR', 'x')))(request()))).rejects.toThrow('x')
    for await (const _ of guard(answering(text('a'), text('b')))(request())) break
    const page = metrics.render()
    const labels = 'surface="test",adapter="openai",backend="gpu",operation="chat"'
    expect(page).toContain(`mcpd_requests_total{${labels},outcome="ok"} 2\n`)
    expect(page).toContain(`mcpd_requests_total{${labels},outcome="backend_error"} 1\n`)
    expect(page).toContain(`mcpd_requests_total{${labels},outcome="cancelled"} 1\n`)
    expect(page).toContain('operation="chat",direction="input"} 14\n')
    expect(page).toContain('operation="chat",direction="output"} 6\n')
    expect(page).toContain(`mcpd_request_duration_seconds_sum{${labels}} 4\n`)
    expect(page).toContain(`mcpd_time_to_first_token_seconds_bucket{${labels},le="1"} 4\n`)
    expect(page).toContain(`mcpd_overhead_seconds_sum{${labels}} 1.6\n`)
  })

  it('counts what came from a cache apart, and as no work of a backend', async () => {
    const metrics = createMetrics()
    const guard = measureGuard(metrics, () => 1000)
    const usage = { type: 'usage', usage: { inputTokens: 7, outputTokens: 3 } } as const
    for (const cache of ['miss', 'hit', 'hit', 'bypass'] as const) {
      const request = newRequest()
      Object.assign(request.trace, { adapter: 'openai', backend: 'gpu', cache })
      await drain(guard(answering(text('a'), usage))(request))
    }
    const page = metrics.render()
    const counted = 'surface="test",operation="chat"'
    expect(page).toContain(`mcpd_cache_requests_total{${counted},result="hit"} 2\n`)
    expect(page).toContain(`mcpd_cache_requests_total{${counted},result="miss"} 1\n`)
    expect(page).toContain(`mcpd_cache_requests_total{${counted},result="bypass"} 1\n`)
    expect(page).toContain('mcpd_cache_tokens_total{operation="chat",direction="input"} 14\n')
    expect(page).toContain('backend="gpu",operation="chat",direction="input"} 14\n')
    expect(page).toContain('adapter="",backend="",operation="chat",outcome="ok"} 2\n')
    expect(page).toContain('backend="gpu",operation="chat",outcome="ok"} 2\n')
  })
})
