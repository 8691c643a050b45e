import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OllamaStandIn, startOllamaStandIn } from '../../../../fixtures/ollama-stand-in.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../../../harness/daemon.ts'

const faults = ['error-in-200', 'error-mid-stream', 'cut-mid-stream', 'foreign-host', 'busy', 'sign-in']
const model = (name: string) => ({ name, capabilities: ['completion'], contextLength: 4096 })

let ollama: OllamaStandIn
let openai: OpenAiStandIn
let mcpd: TestDaemon
beforeAll(async () => {
  ollama = await startOllamaStandIn({
    models: [model('stand-in:latest'), model('shared'), ...faults.map((fault) => model(`fault/${fault}`))],
  })
  openai = await startOpenAiStandIn({ models: ['plain', 'shared'] })
  mcpd = await startTestDaemon(`
backends:
  - { name: laptop, adapter: ollama, url: "${ollama.url}", breaker: { failures: 100 } }
  - { name: vllm, adapter: openai, url: "${openai.url}" }
groups:
  - { name: both, targets: [laptop/stand-in, vllm/plain] }`)
})
afterAll(async () => {
  await mcpd.close()
  await ollama.close()
  await openai.close()
})

const hello = { messages: [{ role: 'user', content: 'Hello' }] }

/** By hand, for no client sends what these tests send; the answer is held against the document all the same. */
const send = (
  path: string,
  body: string | object,
  { method = 'POST', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
) =>
  new Promise<{ status: number; type: string; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (resolve, reject) => {
      const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
      const outgoing = httpRequest(
        mcpd.url + path,
        { method, headers: { 'content-length': bytes.length, ...headers } },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            const { statusCode: status = 0, headers } = response
            const type = headers['content-type'] ?? ''
            mcpd.contract.check({ method, path, status, contentType: type, body: text })
            resolve({ status, type, headers, text })
          })
        },
      )
      outgoing.on('error', reject)
      outgoing.end(bytes)
    },
  )
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('the Ollama surface', () => {
  it('streams unless it is told not to', async () => {
    for (const given of ['stand-in', 'vllm/plain']) {
      const streamed = await send('/api/chat', { model: given, ...hello })
      expect(streamed.type).toBe('application/x-ndjson')
      expect(linesOf(streamed.text).at(-1)).toMatchObject({ done: true, done_reason: 'stop' })
      const whole = await send('/api/chat', { model: given, ...hello, stream: false })
      expect(whole.type).toContain('application/json')
      expect(JSON.parse(whole.text)).toMatchObject({
        model: given,
        message: { content: 'Hello' },
        done: true,
      })
      expect(whole.headers['x-mcpd-backend']).toBe(given === 'stand-in' ? 'laptop' : 'vllm')
    }
  })

  it('hands an Ollama the client’s bytes, and the client the Ollama’s', async () => {
    const text =
      '{ "model":"stand-in", "messages":[{"role":"user","content":"H\\u0069"}], "stream":false, "odd":1.0 }'
    const { text: answered } = await send('/api/chat', text)
    expect(ollama.requests.at(-1)!.body.toString()).toBe(text)
    expect(answered).toContain('"total_duration":12500000')
  })

  it('takes the default tag for a model that has none, but not for another one', async () => {
    const names = [
      'stand-in:latest',
      'stand-in',
      'plain:latest',
      'plain',
      'vllm/plain:latest',
      'laptop/stand-in',
    ]
    for (const name of names)
      expect((await send('/api/chat', { model: name, ...hello, stream: false })).status).toBe(200)
    expect((await send('/api/chat', { model: 'plain:7b', ...hello })).status).toBe(404)
  })

  it('names what only an Ollama could have done', async () => {
    const body = {
      model: 'vllm/plain',
      ...hello,
      stream: false,
      keep_alive: '1h',
      options: { num_ctx: 512, seed: 1 },
    }
    const { headers, status } = await send('/api/chat', body)
    expect(status).toBe(200)
    expect(headers['x-mcpd-warnings']).toContain("'keep_alive'")
    expect(headers['x-mcpd-warnings']).toContain("'options.num_ctx'")
    const sent = JSON.parse(openai.requests.at(-1)!.body.toString()) as Record<string, unknown>
    expect(sent).toMatchObject({ seed: 1 })
    expect(sent).not.toHaveProperty('options')
    expect(sent).not.toHaveProperty('keep_alive')
  })

  it.each([
    {},
    { 'content-type': '' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'a/b/c' },
  ] as Record<string, string>[])('looks at the body alone: %j', async (headers) => {
    const body = { model: 'stand-in', ...hello, stream: false }
    expect((await send('/api/chat', body, { headers })).status).toBe(200)
  })

  it.each<[Record<string, string>, number]>([
    [{ 'content-type': 'text/plain', origin: 'http://evil.example' }, 403],
    [{ host: 'evil.example' }, 403],
  ])('keeps web pages out all the same: %j', async (headers, status) => {
    const answer = await send('/api/chat', { model: 'stand-in', ...hello }, { headers })
    expect([answer.status, Object.keys(JSON.parse(answer.text) as object)]).toEqual([status, ['error']])
  })

  it('leaves the other surfaces as strict as they were', async () => {
    const body = { model: 'stand-in', ...hello }
    expect(
      (await send('/v1/chat/completions', body, { headers: { 'content-type': 'text/plain' } })).status,
    ).toBe(415)
  })

  it.each<[string, string | object, number, string?]>([
    ['/api/chat', '', 400],
    ['/api/chat', '{"model":', 400],
    ['/api/chat', '[]', 400],
    ['/api/chat', hello, 400],
    ['/api/chat', { model: 'stand-in', messages: 'Hello' }, 400],
    ['/api/chat', { model: 'stand-in', ...hello, format: 'xml' }, 400],
    ['/api/chat', { model: 'stand-in', ...hello, options: { temperature: '0.7' } }, 400],
    ['/api/chat', '{"model":"stand-in","Model":"other","messages":[{"role":"user","content":"x"}]}', 400],
    ['/api/chat', { model: 'nope', ...hello }, 404],
    ['/api/show', {}, 400],
    ['/api/show', { model: 'nope' }, 404],
    ['/api/pull', {}, 400],
    ['/api/delete', { model: 'nope' }, 404, 'DELETE'],
    ['/api/delete', '', 400, 'DELETE'],
    ['/api/nope', {}, 404],
    ['/api/chat', '', 405, 'PUT'],
    ['/api/tags', {}, 405],
  ])('refuses %s %j with %i in its own form', async (path, body, status, method = 'POST') => {
    const answer = await send(path, body, { method })
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      status,
      { error: expect.any(String) as string },
    ])
  })

  it.each([
    ['error-in-200', 502],
    ['foreign-host', 502],
    ['busy', 503],
    ['sign-in', 422],
  ])('gives %s the status %i, streamed or not', async (fault, status) => {
    for (const stream of [true, false]) {
      const answer = await send('/api/chat', { model: `laptop/fault/${fault}`, ...hello, stream })
      expect([stream, answer.status]).toEqual([stream, status])
    }
  })

  it.each(['error-mid-stream', 'cut-mid-stream'])(
    'ends a stream that fails midway with one error: %s',
    async (fault) => {
      const { status, text } = await send('/api/chat', { model: `laptop/fault/${fault}`, ...hello })
      const lines = linesOf(text)
      expect(status).toBe(200)
      expect(lines.at(-1)).toEqual({ error: expect.any(String) as string })
      expect(lines.filter((line) => 'error' in line)).toHaveLength(1)
      expect(lines.some(({ done }) => done === true)).toBe(false)
    },
  )

  it('lists a model that another backend serves first under its backend’s name', async () => {
    const { models } = (await (await mcpd.fetch('/api/tags')).json()) as { models: Record<string, unknown>[] }
    const names = models.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['stand-in:latest', 'shared', 'plain', 'vllm/shared']))
    expect(models.every(({ digest }) => /^[0-9a-f]{64}$/.test(String(digest)))).toBe(true)
    const again = (await (await mcpd.fetch('/api/tags')).json()) as object
    expect(again).toEqual({ models })
    expect(
      (await send('/api/chat', { model: 'vllm/shared', ...hello, stream: false })).headers['x-mcpd-backend'],
    ).toBe('vllm')
  })

  it('serves a group by its name, byte for byte where an Ollama answers, and deletes none of it', async () => {
    const { models } = (await (await mcpd.fetch('/api/tags')).json()) as { models: { name: string }[] }
    expect(models.map(({ name }) => name)).toContain('both')
    for (const stream of [false, true]) {
      const { status, text } = await send('/api/chat', { model: 'both', ...hello, stream })
      expect([status, linesOf(text).at(-1)]).toMatchObject([200, { done: true }])
    }
    expect((await send('/api/show', { model: 'both' })).status).toBe(200)
    expect((await send('/api/delete', { model: 'both' }, { method: 'DELETE' })).status).toBe(400)
  })

  it('counts what is always in memory as loaded, but cannot unload it', async () => {
    for (const [form, answered] of [
      ['chat', { message: { role: 'assistant', content: '' }, done_reason: 'load' }],
      ['generate', { response: '', done_reason: 'load' }],
      ['embed', { embeddings: [] }],
      ['embeddings', { embedding: [] }],
    ] as const) {
      const { status, text } = await send(`/api/${form}`, { model: 'vllm/plain' })
      expect([status, JSON.parse(text)]).toMatchObject([200, answered])
    }
    for (const keep_alive of [0, '0', '0s'])
      expect((await send('/api/generate', { model: 'vllm/plain', keep_alive })).status).toBe(422)
  })

  it('loads for as long as the client says', async () => {
    await send('/api/generate', { model: 'stand-in', keep_alive: '2h' })
    const loading = ollama.requests.findLast(({ path }) => path === '/api/generate')!
    expect(JSON.parse(loading.body.toString())).toMatchObject({ model: 'stand-in:latest', keep_alive: '2h' })
  })

  it('is taken for an Ollama by who looks for one, and for a page by browsers', async () => {
    expect(await (await mcpd.fetch('/')).text()).toBe('Ollama is running')
    const page = await mcpd.fetch('/', { headers: { accept: 'text/html,*/*;q=0.8' } })
    expect([page.headers.get('content-type'), await page.text()]).toEqual([
      expect.stringContaining('text/html'),
      expect.stringContaining('/api/chat'),
    ])
  })
})

describe('an mcpd behind an mcpd', () => {
  it('is an Ollama to it', async () => {
    const front = await startTestDaemon(`
backends:
  - { name: back, adapter: ollama, url: "${mcpd.url}" }`)
    try {
      for (const stream of [false, true]) {
        const response = await front.fetch('/api/chat', {
          method: 'POST',
          body: JSON.stringify({ model: 'plain', ...hello, stream }),
        })
        const lines = linesOf(await response.text())
        expect([response.status, lines.at(-1)]).toMatchObject([200, { done: true }])
      }
    } finally {
      await front.close()
    }
  })
})
