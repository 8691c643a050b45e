import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OllamaStandIn, startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'
import { redisMissing, type RedisServer, startRedis } from '../harness/redis.ts'

/** Equal requests through every surface: the backend is asked once, and the client sees no difference. */

let openai: OpenAiStandIn
let ollama: OllamaStandIn
let mcpd: TestDaemon
beforeAll(async () => {
  ;[openai, ollama] = await Promise.all([startOpenAiStandIn({ tokens: 6 }), startOllamaStandIn()])
  mcpd = await startTestDaemon(config())
})
afterAll(async () => {
  await mcpd.close()
  await Promise.all([openai.close(), ollama.close()])
})

const config = (rest = ''): string => `
backends:
  - { name: vllm, adapter: openai, url: "${openai.url}", cache: { ttl: 10m } }
  - { name: pet, adapter: ollama, url: "${ollama.url}", cache: { ttl: 10m } }
  - { name: plain, adapter: openai, url: "${openai.url}" }
groups:
  - { name: kept, targets: [plain/stand-in], cache: { ttl: 1h } }
${rest}`

const post = async (path: string, body: object, headers: Record<string, string> = {}, to = mcpd) => {
  const answer = await to.fetch(to.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  expect(answer.status, text).toBe(200)
  return { text, headers: answer.headers, cache: answer.headers.get('x-mcpd-cache') }
}

/** How often the stand-ins were asked to infer. */
const asked = (): number =>
  [...openai.requests, ...ollama.requests].filter(({ method }) => method === 'POST').length

const messages = (content: string) => [{ role: 'user', content }]

/** Ids, times and measurements differ from answer to answer where mcpd makes them. */
const steady = (text: string): string =>
  text
    .replaceAll(/"(id|created|created_at|request_id)":("[^"]*"|\d+)/g, '"$1":0')
    .replaceAll(/"\w*(_duration|Ms)":(null|[\d.]+)/g, '"t":0')

interface Case {
  readonly name: string
  readonly path: string
  readonly body: (model: string, content: string) => object
  readonly models: readonly string[]
}

const cases: readonly Case[] = [
  ...[false, true].flatMap((stream): Case[] => [
    {
      name: 'OpenAI chat',
      path: '/v1/chat/completions',
      body: (model, content) => ({ model, stream, messages: messages(content) }),
      models: ['vllm/stand-in', 'pet/stand-in', 'kept'],
    },
    {
      name: 'OpenAI completion',
      path: '/v1/completions',
      body: (model, prompt) => ({ model, stream, prompt }),
      models: ['vllm/stand-in', 'pet/stand-in'],
    },
    {
      name: 'Ollama chat',
      path: '/api/chat',
      body: (model, content) => ({ model, stream, messages: messages(content) }),
      models: ['pet/stand-in', 'vllm/stand-in'],
    },
    {
      name: 'Anthropic messages',
      path: '/v1/messages',
      body: (model, content) => ({ model, stream, max_tokens: 20, messages: messages(content) }),
      models: ['vllm/stand-in', 'pet/stand-in', 'kept'],
    },
  ]),
  {
    name: 'OpenAI embedding',
    path: '/v1/embeddings',
    body: (model, input) => ({ model, input }),
    models: ['vllm/stand-in'],
  },
  {
    name: 'Ollama embedding',
    path: '/api/embed',
    body: (model, input) => ({ model, input }),
    models: ['vllm/stand-in'],
  },
]

describe('an answer', () => {
  it.each(
    cases.flatMap(({ models, ...rest }, at) =>
      models.map((model) => ({ ...rest, model, at, shape: rest.body(model, `${rest.name} ${at} ${model}`) })),
    ),
  )('is given again on $name of $model: $shape', async ({ path, shape }) => {
    const before = asked()
    const first = await post(path, shape)
    const second = await post(path, shape)
    expect([first.cache, second.cache]).toEqual(['miss', 'hit'])
    expect(asked() - before).toBe(1)
    expect(steady(again(second.text))).toBe(steady(again(first.text)))
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'))
    expect(second.headers.get('x-mcpd-backend')).toBe(first.headers.get('x-mcpd-backend'))
    expect(second.headers.get('x-mcpd-attempts')).toBe('0')
    expect(second.headers.get('x-mcpd-overhead-ms')).toBeNull()
  })

  it.each([false, true])('is given again on the native surface, stream %s', async (stream) => {
    const shape = { messages: messages(`native ${stream}`), stream }
    const first = await post('/mcp/v1/vllm/stand-in/chat', shape)
    const second = await post('/mcp/v1/vllm/stand-in/chat', { ...shape, stream: !stream })
    expect([first.cache, second.cache]).toEqual(['miss', 'hit'])
    expect(second.text).toContain('"backend":"vllm"')
  })

  it('is one for all that the client may say of its own request', async () => {
    const shape = { model: 'kept', messages: messages('whoever asks') }
    await post('/v1/chat/completions', shape, { 'x-request-id': 'one' })
    const { cache } = await post('/v1/chat/completions', shape, { 'x-request-id': 'two', 'user-agent': 'x' })
    expect(cache).toBe('hit')
    expect((await post('/v1/chat/completions', { ...shape, temperature: 1 })).cache).toBe('miss')
    expect((await post('/v1/chat/completions', shape, { 'cache-control': 'no-cache' })).cache).toBe('bypass')
  })

  it('of a route without a cache is not kept, nor one in a conversation', async () => {
    const plain = { model: 'plain/stand-in', messages: messages('plain') }
    await post('/v1/chat/completions', plain)
    expect((await post('/v1/chat/completions', plain)).cache).toBeNull()
    const talk = { model: 'kept', messages: messages('talk') }
    for (const id of ['one', 'two']) {
      await post('/mcp/v1/contexts', { id }, {}, { ...mcpd, fetch: created })
      const { cache, headers } = await post('/v1/chat/completions', talk, { 'x-mcpd-context': id })
      expect([cache, headers.get('x-mcpd-context')]).toEqual(['bypass', `${id}@main`])
    }
  })

  it('that failed is not kept', async () => {
    const shape = { model: 'vllm/fault/http-500', messages: messages('x') }
    const ask = () =>
      mcpd.fetch('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(shape),
      })
    for (let at = 0; at < 2; at += 1) {
      const answer = await ask()
      await answer.text()
      expect(answer.ok).toBe(false)
      expect(answer.headers.get('x-mcpd-cache')).not.toBe('hit')
    }
  })

  it('is counted apart, and its tokens once', async () => {
    const tokens = async (name: string): Promise<number> => {
      const page = await (await fetch(`${mcpd.url}/metrics`)).text()
      return [...page.matchAll(new RegExp(`^${name}\\{.*\\} (\\d+)$`, 'gm'))].reduce(
        (sum, [, value]) => sum + Number(value),
        0,
      )
    }
    const [spent, saved, hits] = [
      await tokens('mcpd_tokens_total'),
      await tokens('mcpd_cache_tokens_total'),
      await tokens('mcpd_cache_requests_total'),
    ]
    const shape = { model: 'kept', messages: messages('count me') }
    await post('/v1/chat/completions', shape)
    const once = (await tokens('mcpd_tokens_total')) - spent
    expect(once).toBeGreaterThan(0)
    await post('/v1/chat/completions', shape)
    expect((await tokens('mcpd_tokens_total')) - spent).toBe(once)
    expect((await tokens('mcpd_cache_tokens_total')) - saved).toBe(once)
    expect((await tokens('mcpd_cache_requests_total')) - hits).toBe(2)
  })
})

/** A stream as its text alone, since one that was translated comes in fewer pieces. */
const again = (text: string): string => {
  const pieces = [...text.matchAll(/"(?:content|text|response)":"((?:[^"\\]|\\.)*)"/g)].map(
    ([, piece]) => piece,
  )
  return text.includes('\n') && !text.startsWith('{\n') ? pieces.join('') : text
}

const created: typeof fetch = async (input, init) => {
  const answer = await mcpd.fetch(input, init)
  expect(answer.status).toBe(201)
  return new Response(await answer.text(), { status: 200, headers: answer.headers })
}

const missing = redisMissing()
describe.skipIf(missing !== undefined)(
  `answers in a Redis${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let redis: RedisServer
    let daemons: TestDaemon[]
    beforeAll(async () => {
      redis = await startRedis()
      const text = config('contexts: { cache: { url: "${env:CACHE}" } }')
      daemons = await Promise.all([1, 2].map(() => startTestDaemon(text, {}, { CACHE: redis.url })))
    })
    afterAll(async () => {
      await Promise.all(daemons.map((daemon) => daemon.close()))
      await redis.close()
    })

    it('are for every daemon, and go on without it', async () => {
      const [one, two] = daemons as [TestDaemon, TestDaemon]
      const shape = { model: 'kept', messages: messages('for all') }
      expect((await post('/v1/chat/completions', shape, {}, one)).cache).toBe('miss')
      while ((await redis.command('DBSIZE')) === '0') await new Promise((resolve) => setTimeout(resolve, 10))
      expect((await post('/v1/chat/completions', shape, {}, two)).cache).toBe('hit')
      redis.signal('SIGSTOP')
      const other = { ...shape, temperature: 0.5 }
      expect((await post('/v1/chat/completions', other, {}, one)).cache).toBe('miss')
      expect((await post('/v1/chat/completions', other, {}, one)).cache).toBe('hit')
      redis.signal('SIGCONT')
      expect((await post('/v1/chat/completions', shape, {}, two)).cache).toBe('hit')
    })
  },
)
