import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { faults } from '../../fixtures/openai-stand-in/faults.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { createClient } from '../../src/client/index.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

/** Backends that share a name: one of them dies, is drained or replaced, and no client notices. */

let backends: OpenAiStandIn[]
let daemons: TestDaemon[]
beforeEach(async () => {
  daemons = []
  backends = await Promise.all([1, 2, 3].map(() => startOpenAiStandIn({ tokens: 6, tokenDelayMs: 2 })))
})
afterEach(async () => {
  await Promise.all(daemons.map((daemon) => daemon.close()))
  await Promise.all(backends.map((backend) => backend.close()))
})

const models = JSON.stringify(['stand-in', ...Object.keys(faults).map((name) => `fault/${name}`)])
const start = async (groups: string, rest = ''): Promise<TestDaemon> => {
  const entries = backends.map(
    ({ url }, index) =>
      `  - { name: b${index}, adapter: openai, url: "${url}", models: ${models}, timeouts: { firstToken: 1s }, breaker: { failures: 3, cooldown: 200ms } }`,
  )
  const daemon = await startTestDaemon(`backends:\n${entries.join('\n')}\ngroups:\n${groups}\n${rest}`)
  daemons.push(daemon)
  return daemon
}

const everywhere = '  - { name: llama, targets: [b0/stand-in, b1/stand-in, b2/stand-in] }'

const ask = async (mcpd: TestDaemon, { model = 'llama', stream = false, ...more } = {}) => {
  const answer = await mcpd.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'hi' }], ...more }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    backend: answer.headers.get('x-mcpd-backend'),
    headers: answer.headers,
    text,
  }
}

/** Asks all the time, streaming and not, until `stop`; gives back what went wrong. */
const load = (mcpd: TestDaemon, workers = 6) => {
  let stopped = false
  let count = 0
  const wrong: string[] = []
  const work = async (worker: number): Promise<void> => {
    while (!stopped) {
      const stream = worker % 2 === 0
      const { status, text } = await ask(mcpd, { stream }).catch((error: Error) => ({
        status: 0,
        text: String(error),
      }))
      count += 1
      const complete = stream
        ? text.endsWith('data: [DONE]\n\n') && !text.includes('"error"')
        : text.includes('"usage"')
      if (status !== 200 || !complete) wrong.push(`${status} ${text.slice(0, 300)}`)
    }
  }
  const all = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)))
  return {
    count: () => count,
    stop: async () => {
      stopped = true
      await all
      return wrong
    },
  }
}

describe('a group', () => {
  it('is a model of its own, whose choice can be looked into', async () => {
    const mcpd = await start(everywhere)
    const list = (await (await mcpd.fetch('/v1/models')).json()) as { data: { id: string }[] }
    expect(list.data.map(({ id }) => id)).toContain('llama')
    expect(await (await mcpd.fetch('/mcp/v1/models/llama/route')).json()).toMatchObject({
      group: 'llama',
      strategy: 'p2c',
      chosen: expect.stringMatching(/^b\d\/stand-in$/) as string,
      targets: [{ id: 'b0/stand-in', healthy: true }, { id: 'b1/stand-in' }, { id: 'b2/stand-in' }],
    })
    expect(await (await mcpd.fetch('/mcp/v1/models/b1/stand-in/route')).json()).toMatchObject({
      chosen: 'b1/stand-in',
      targets: [{}],
    })
    const native = await mcpd.fetch('/mcp/v1/group/llama/chat', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"messages":[{"role":"user","content":"hi"}]}',
    })
    expect(await native.json()).toMatchObject({ adapter: 'openai', model: 'stand-in' })
  })

  it('uses all of its targets', async () => {
    const mcpd = await start(everywhere)
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(mcpd)))
    expect(new Set(answers.map(({ backend }) => backend))).toEqual(new Set(['b0', 'b1', 'b2']))
  })

  it('loses no request when a target dies and comes back', async () => {
    const mcpd = await start(everywhere)
    const running = load(mcpd)
    await expect.poll(() => running.count()).toBeGreaterThan(20)
    const { port } = new URL(backends[1]!.url)
    // Streams that have shown output are cut by a kill and may not be hidden; so it goes between two answers.
    await expect.poll(() => backends[1]!.openRequests(), { interval: 1 }).toBe(0)
    await backends[1]!.close()
    const before = running.count()
    await expect.poll(() => running.count()).toBeGreaterThan(before + 60)
    backends[1] = await startOpenAiStandIn({ port: Number(port), tokens: 6 })
    await expect
      .poll(() => backends[1]!.requests.filter(({ method }) => method === 'POST').length)
      .toBeGreaterThan(0)
    const wrong = (await running.stop()).filter((text) => !text.includes('cut its answer short'))
    expect(wrong).toEqual([])
  })

  it.each([
    '500',
    'refuse-429',
    'refuse-503',
    'reset',
    'html',
    'error-in-200',
    'stall-before-first',
    'malformed-chunk',
  ])('answers from the next target when the first one says %s', async (fault) => {
    const mcpd = await start(
      `  - { name: llama, targets: [{ target: "b0/fault/${fault}", weight: 1 }, { target: b1/stand-in, weight: 0 }] }`,
    )
    for (const stream of fault === 'stall-before-first' || fault === 'malformed-chunk'
      ? [true]
      : [false, true]) {
      const { status, text, backend, headers } = await ask(mcpd, { stream })
      if (fault === 'malformed-chunk') {
        // It had shown output: that is an error, not a splice.
        expect([status, text.includes('"error"'), text.includes('[DONE]')]).toEqual([200, true, false])
        continue
      }
      expect([status, backend, headers.get('x-mcpd-attempts')]).toEqual([200, 'b1', '2'])
      expect(text).not.toContain('error')
      expect(text.match(/"role":"assistant"/g)).toHaveLength(1)
    }
  })

  it('says what is wrong when all targets fail, and recovers by itself', async () => {
    const mcpd = await start(everywhere, 'retries: { max: 5 }')
    const ports = backends.map(({ url }) => Number(new URL(url).port))
    await Promise.all(backends.map((backend) => backend.close()))
    const { status, text } = await ask(mcpd)
    expect([status, text]).toEqual([503, expect.stringContaining('backend_unavailable')])
    backends = await Promise.all(ports.map((port) => startOpenAiStandIn({ port, tokens: 2 })))
    await expect.poll(async () => (await ask(mcpd)).status).toBe(200)
  })

  it('that names nothing is refused with its line', async () => {
    await expect(start('  - { name: llama, targets: [nobody/stand-in] }')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/mcpd\.yaml:\d+: group llama names the backend "nobody"/) as string,
    })
  })
})

describe('backends change while traffic flows', () => {
  const admin = (mcpd: TestDaemon) => createClient({ url: mcpd.url, stateDir: mcpd.stateDir }, {})

  it('by swaps, without a request failed or truncated', async () => {
    const mcpd = await start('  - { name: llama, targets: [b0/stand-in] }')
    await using client = admin(mcpd)
    const running = load(mcpd)
    for (let turn = 0; turn < 30; turn += 1) {
      const report = await client.swapBackend('b0', { url: backends[turn % 3]!.url })
      if (turn > 0) expect(report.replaced).toEqual(['b0'])
      const at = running.count()
      await expect.poll(() => running.count(), { interval: 5 }).toBeGreaterThan(at + 3)
    }
    expect(await running.stop()).toEqual([])
    const asked = backends.map(({ requests }) => requests.filter(({ method }) => method === 'POST').length)
    expect(asked.every((count) => count > 0)).toBe(true)
  })

  it('not to one that does not serve', async () => {
    const mcpd = await start('  - { name: llama, targets: [b0/stand-in] }')
    await using client = admin(mcpd)
    await expect(client.swapBackend('b0', { url: 'http://127.0.0.1:1/v1' })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('nothing was changed') as string,
    })
    await expect(client.swapBackend('b0', { nonsense: true })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    await expect(client.swapBackend('nobody', { url: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    expect((await ask(mcpd)).status).toBe(200)
  })

  it('but over TCP no backend brings code of its own', async () => {
    const mcpd = await start('  - { name: llama, targets: [b0/stand-in] }')
    const adminToken = await readFile(join(mcpd.stateDir, 'admin.token'), 'utf8')
    await using remote = createClient({ url: mcpd.url, adminToken }, {})
    const refused = { code: 'FORBIDDEN', message: expect.stringContaining('code of its own') as string }
    await expect(
      remote.addBackend({ name: 'x', adapter: 'mine', sidecar: { command: ['/bin/true'] } }),
    ).rejects.toMatchObject(refused)
    await expect(remote.addBackend({ name: 'x', adapter: './x.ts' })).rejects.toMatchObject(refused)
    await expect(remote.swapBackend('b0', { sidecar: {} })).rejects.toMatchObject(refused)
    await remote.addBackend({ name: 'y', adapter: 'openai', url: backends[1]!.url, models: ['other'] })
    expect((await ask(mcpd, { model: 'y/other' })).backend).toBe('y')
  })

  it('by adding, draining and removing', async () => {
    const mcpd = await start('  - { name: llama, targets: [b0/stand-in, b1/stand-in] }')
    await using client = admin(mcpd)
    const extra = await startOpenAiStandIn({ models: ['extra'] })
    backends.push(extra)
    await client.addBackend({ name: 'more', adapter: 'openai', url: extra.url })
    expect((await ask(mcpd, { model: 'extra' })).backend).toBe('more')
    await expect(
      client.addBackend({ name: 'more', adapter: 'openai', url: extra.url }),
    ).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    expect(await client.drainBackend('b0')).toEqual({ name: 'b0', draining: true, inFlight: 0 })
    const drained = await Promise.all(Array.from({ length: 10 }, () => ask(mcpd)))
    expect(new Set(drained.map(({ backend }) => backend))).toEqual(new Set(['b1']))
    expect((await ask(mcpd, { model: 'b0/stand-in' })).status).toBe(503)
    await client.drainBackend('b0', { undo: true })
    expect((await ask(mcpd, { model: 'b0/stand-in' })).status).toBe(200)
    expect((await client.removeBackend('more')).removed).toEqual(['more'])
    expect((await ask(mcpd, { model: 'extra' })).status).toBe(404)
    // A group's target cannot go from under it.
    await expect(client.removeBackend('b1')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
