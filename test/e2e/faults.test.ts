import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faults } from '../../fixtures/openai-stand-in/faults.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

/** What a client sees of a backend that refuses, breaks, stalls, lies or never ends. */

let backend: OpenAiStandIn
let mcpd: TestDaemon
beforeAll(async () => {
  backend = await startOpenAiStandIn()
  const models = JSON.stringify(['stand-in', ...Object.keys(faults).map((name) => `fault/${name}`)])
  mcpd = await startTestDaemon(`
backends:
  - name: b
    adapter: openai
    url: ${backend.url}
    models: ${models}
    answerMax: 1MB
    breaker: { failures: 1000000 }
    timeouts: { firstToken: 300ms, idle: 300ms }
timeouts: { total: 2s }
retries: { max: 0 }`)
})
afterAll(async () => {
  await mcpd.close()
  await backend.close()
})

const ask = (fault: string, stream: boolean, signal?: AbortSignal) =>
  mcpd.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: `fault/${fault}`, messages: [{ role: 'user', content: 'hi' }], stream }),
    ...(signal && { signal }),
  })

const fine = async (): Promise<void> => {
  const answer = await mcpd.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"model":"stand-in","messages":[{"role":"user","content":"hi"}]}',
  })
  expect(answer.status).toBe(200)
  await answer.text()
}

const state = () => mcpd.daemon.registry.backends[0]!

/** By fault: status and code of the answer to a unary request and to a stream; 200 = it fails after its first byte. */
const before: Record<string, [unary: [number, string], stream: [number, string]]> = {
  'refuse-400': [
    [400, 'refused_400'],
    [400, 'refused_400'],
  ],
  'refuse-401': [
    [502, 'backend_error'],
    [502, 'backend_error'],
  ],
  'refuse-403': [
    [502, 'backend_error'],
    [502, 'backend_error'],
  ],
  // It does not speak of a model, so it is the route that the backend has not.
  'refuse-404': [
    [422, 'operation_unsupported'],
    [422, 'operation_unsupported'],
  ],
  'refuse-413': [
    [413, 'refused_413'],
    [413, 'refused_413'],
  ],
  'refuse-422': [
    [422, 'refused_422'],
    [422, 'refused_422'],
  ],
  'refuse-429': [
    [429, 'refused_429'],
    [429, 'refused_429'],
  ],
  'refuse-503': [
    [503, 'backend_unavailable'],
    [503, 'backend_unavailable'],
  ],
  500: [
    [502, 'backend_error'],
    [502, 'backend_error'],
  ],
  502: [
    [503, 'backend_unavailable'],
    [503, 'backend_unavailable'],
  ],
  504: [
    [504, 'backend_timeout'],
    [504, 'backend_timeout'],
  ],
  redirect: [
    [502, 'backend_error'],
    [502, 'backend_error'],
  ],
  html: [
    [502, 'backend_error'],
    [502, 'backend_error'],
  ],
  text: [
    [502, 'backend_error'],
    [502, 'backend_incomplete'],
  ],
  empty: [
    [502, 'backend_error'],
    [502, 'backend_error'],
  ],
  'other-json': [
    [502, 'backend_error'],
    [502, 'backend_error'],
  ],
  reset: [
    [503, 'backend_unavailable'],
    [503, 'backend_unavailable'],
  ],
  'slow-headers': [
    [504, 'deadline_exceeded'],
    [504, 'backend_timeout'],
  ],
  'stall-before-first': [
    [504, 'deadline_exceeded'],
    [504, 'backend_timeout'],
  ],
  // An error object of the backend's own goes through as it is; its code is the number 500.
  'error-in-200': [
    [502, '500'],
    [502, '500'],
  ],
  stall: [
    [504, 'deadline_exceeded'],
    [200, 'backend_timeout'],
  ],
  'cut-mid-stream': [
    [502, 'backend_incomplete'],
    [200, 'backend_incomplete'],
  ],
  'end-without-done': [
    [502, 'backend_error'],
    [200, 'backend_incomplete'],
  ],
  'malformed-chunk': [
    [502, 'backend_error'],
    [200, 'backend_error'],
  ],
  'error-mid-stream': [
    [502, '500'],
    [200, '500'],
  ],
  'error-field': [
    [502, '500'],
    [200, '500'],
  ],
  huge: [
    [502, 'backend_error'],
    [502, 'backend_error'],
  ],
}

const codeOf = (json: string): string => String((JSON.parse(json) as { error: { code: unknown } }).error.code)

describe('a unary request', () => {
  it.each(Object.entries(before))('%s', async (fault, [[status, code]]) => {
    const answer = await ask(fault, false)
    expect([answer.status, codeOf(await answer.text())]).toEqual([status, code])
    expect([state().queue.inFlight, state().queue.waiting]).toEqual([0, 0])
    await fine()
  })
})

describe('a stream', () => {
  it.each(Object.entries(before))('%s', async (fault, [, [status, code]]) => {
    const answer = await ask(fault, true)
    const text = await answer.text()
    expect(answer.status).toBe(status)
    if (status === 200) {
      const blocks = text.split('\n\n').filter(Boolean)
      const last = blocks.at(-1)!
      expect(codeOf(last.replace(/^data: /, ''))).toBe(code)
      expect(blocks.filter((block) => block.includes('"error"'))).toHaveLength(1)
      expect(text).toContain('the')
      expect(text).not.toContain('[DONE]')
    } else expect(codeOf(text)).toBe(code)
    await expect.poll(() => [state().queue.inFlight, state().queue.waiting]).toEqual([0, 0])
    await fine()
  })

  it('hands on what is complete, even when it says nothing', async () => {
    const answer = await ask('empty-completion', true)
    expect(answer.status).toBe(200)
    expect(await answer.text()).toMatch(/\[DONE\]\n\n$/)
  })

  it('ends when the backend says so, not when it hangs up', async () => {
    const answer = await ask('open-after-done', true)
    expect(await answer.text()).toMatch(/\[DONE\]\n\n$/)
    await expect.poll(() => state().queue.inFlight).toBe(0)
  })

  it('passes retry-after on', async () => {
    const answer = await ask('refuse-429', true)
    expect(answer.headers.get('retry-after')).toBe('2')
    await answer.text()
  })
})

describe('what goes wrong is counted', () => {
  it('by outcome', async () => {
    const page = await (await mcpd.fetch('/metrics')).text()
    for (const outcome of ['backend_error', 'backend_incomplete', 'backend_timeout', 'rate_limited', 'ok'])
      expect(page).toMatch(new RegExp(`mcpd_requests_total\\{.*outcome="${outcome}"\\} [1-9]`))
    expect(page).not.toContain('outcome="internal"')
  })

  it('by the circuit breaker, which then answers at once', async () => {
    const alone = await startTestDaemon(`
retries: { max: 0 }
backends:
  - { name: b, adapter: openai, url: "${backend.url}", models: ["fault/500", "fault/refuse-400"], breaker: { failures: 2, cooldown: 1h } }`)
    try {
      const status = async (fault: string) => {
        const answer = await alone.fetch('/v1/chat/completions', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model: `fault/${fault}`, messages: [{ role: 'user', content: 'hi' }] }),
        })
        return [answer.status, codeOf(await answer.text()), answer.headers.get('retry-after')]
      }
      for (let count = 0; count < 3; count += 1) expect((await status('refuse-400'))[0]).toBe(400)
      expect((await status('500'))[0]).toBe(502)
      expect((await status('500'))[0]).toBe(502)
      expect(await status('500')).toEqual([503, 'circuit_open', '3600'])
    } finally {
      await alone.close()
    }
  })
})

describe('a client that goes away', () => {
  it.each([
    ['slow-headers', false],
    ['slow-headers', true],
    ['stall', false],
    ['stall', true],
    ['endless', true],
  ])('closes the connection to the backend: %s, stream %s', async (fault, stream) => {
    const controller = new AbortController()
    const before = backend.requests.length
    const asking = ask(fault, stream, controller.signal).then(async (answer) => {
      // Reads until there is output, so that the abort comes in the middle.
      const reader = answer.body!.getReader()
      if (stream) await reader.read()
      controller.abort()
    })
    asking.catch(() => undefined)
    await expect.poll(() => backend.requests.length).toBe(before + 1)
    if (fault === 'slow-headers' || !stream) controller.abort()
    await expect.poll(() => backend.requests.at(-1)?.closedEarlyMs).toBeDefined()
    await expect.poll(() => state().queue.inFlight).toBe(0)
    expect(backend.openRequests()).toBe(0)
  })

  it('that does not read stalls its backend, and is cut off after the total limit', async () => {
    const answer = await ask('endless', true)
    expect(answer.status).toBe(200)
    await expect.poll(() => backend.requests.at(-1)?.closedEarlyMs, { timeout: 20_000 }).toBeDefined()
    await expect.poll(() => state().queue.inFlight).toBe(0)
    await answer.body?.cancel().catch(() => undefined)
  })
})
