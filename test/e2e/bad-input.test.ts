import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

/** Whatever is sent, the answer is a 4xx in the dialect of its surface, and the daemon lives. */

let backend: OpenAiStandIn
let mcpd: TestDaemon
beforeAll(async () => {
  backend = await startOpenAiStandIn()
  mcpd = await startTestDaemon(`
listen: { bodyMax: 64KB }
backends: [{ name: vllm, adapter: openai, url: "${backend.url}" }]`)
})
afterAll(async () => {
  expect((await mcpd.fetch('/healthz')).status).toBe(200)
  await mcpd.close()
  await backend.close()
})

const json = { 'content-type': 'application/json' }
const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) =>
  mcpd.fetch(path, { method: 'POST', headers, body })

const chat = (members: object): string =>
  JSON.stringify({ model: 'stand-in', messages: [{ role: 'user', content: 'hi' }], ...members })

interface Failure {
  readonly code?: string
  readonly param?: string
  readonly error?: { readonly code: string; readonly param: string | null }
}

describe('bodies', () => {
  const invalidUtf8 = new Uint8Array([...Buffer.from('{"model":"'), 0xff, ...Buffer.from('"}')])
  const deep = '['.repeat(20_000) + ']'.repeat(20_000)
  it.each<[string, string | Uint8Array<ArrayBuffer>, number]>([
    ['nothing', '', 400],
    ['no JSON', '{"model": stand-in}', 400],
    ['half of it', '{"model":"stand-in","messages":[{"role":"us', 400],
    ['a list', '[]', 400],
    ['a string', '"model"', 400],
    ['null', 'null', 400],
    ['bytes that are no UTF-8', invalidUtf8, 400],
    ['deep nesting', deep, 400],
    ['too much', chat({ user: 'x'.repeat(70_000) }), 413],
    ['no messages', '{"model":"stand-in"}', 400],
    ['an empty conversation', '{"model":"stand-in","messages":[]}', 400],
    ['no model', '{"messages":[{"role":"user","content":"hi"}]}', 400],
    ['an unknown role', '{"model":"stand-in","messages":[{"role":"king","content":"hi"}]}', 400],
    ['a member twice', '{"model":"a","model":"stand-in","messages":[{"role":"user","content":"hi"}]}', 400],
  ])('%s', async (_, body, status) => {
    const before = backend.requests.length
    const openai = await post('/v1/chat/completions', body)
    expect(openai.status).toBe(status)
    expect(((await openai.json()) as Failure).error?.code).toEqual(expect.any(String))
    expect(backend.requests.length).toBe(before)
  })

  it.each<[object, string]>([
    [{ temperature: '0.7' }, 'temperature'],
    [{ temperature: 1e308 }, 'temperature'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ max_tokens: 1e300 }, 'max_tokens'],
    [{ n: -1 }, 'n'],
    [{ stream: 'true' }, 'stream'],
    [{ seed: 1e30 }, 'seed'],
    [{ messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    [{ tools: [{ type: 'function', function: { name: '' } }] }, 'tools[0].function.name'],
    [{ stream_options: { include_usage: 1 } }, 'stream_options.include_usage'],
  ])('%j is refused by name', async (members, param) => {
    const openai = (await (await post('/v1/chat/completions', chat(members))).json()) as Failure
    expect(openai.error).toMatchObject({ code: 'bad_request', param })
    const native = await post('/mcp/v1/vllm/stand-in/chat', chat({ ...members, model: undefined }))
    expect(await native.json()).toMatchObject({ code: 'BAD_REQUEST', param, status: 400 })
  })

  it('null counts as absent', async () => {
    const answer = await post(
      '/v1/chat/completions',
      chat({ temperature: null, stop: null, stream: null, tools: null }),
    )
    expect(answer.status).toBe(200)
    await answer.text()
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'of type %s',
    async (type) => {
      const answer = await post('/v1/chat/completions', chat({}), { 'content-type': type })
      expect(answer.status).toBe(415)
      await answer.text()
    },
  )
})

describe('names', () => {
  it.each([
    ['/mcp/v1/nobody/stand-in/chat', 404, 'ADAPTER_NOT_FOUND'],
    ['/mcp/v1/vllm/nothing/chat', 404, 'MODEL_NOT_FOUND'],
    ['/mcp/v1/embedded/stand-in/chat', 404, 'ADAPTER_NOT_FOUND'],
    ['/mcp/v1/vllm/stand-in/dance', 404, 'NOT_FOUND'],
    ['/mcp/v1/vllm/stand-in/info', 405, 'METHOD_NOT_ALLOWED'],
    ['/mcp/v1/vllm/%ff/chat', 400, 'BAD_REQUEST'],
  ])('%s', async (path, status, code) => {
    const answer = await post(path, '{"messages":[{"role":"user","content":"hi"}]}')
    const body = (await answer.json()) as Failure
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    if (code !== undefined) expect([answer.status, body.code]).toEqual([status, code])
  })

  it('a name of any length is unknown in the same words', async () => {
    const answer = await post(`/mcp/v1/vllm/${'m'.repeat(3000)}/chat`, chat({}))
    expect([answer.status, ((await answer.json()) as Failure).code]).toEqual([404, 'MODEL_NOT_FOUND'])
  })

  it('an unknown route of the OpenAI API is asked of the backend', async () => {
    const answer = await post('/v1/nothing', chat({}))
    expect([answer.status, backend.requests.at(-1)?.path]).toEqual([404, '/v1/nothing'])
    await answer.text()
  })

  it('an unknown model is the OpenAI error for it', async () => {
    const answer = await post('/v1/chat/completions', chat({ model: 'nothing' }))
    expect(answer.status).toBe(404)
    expect(await answer.json()).toEqual({
      error: {
        message: expect.stringContaining('nothing') as string,
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_not_found',
      },
    })
  })

  it('an operation that streams nothing does not pretend to', async () => {
    const answer = await post('/mcp/v1/vllm/stand-in/embed', '{"input":"x","stream":true}')
    expect(answer.headers.get('content-type')).toContain('application/json')
    await answer.text()
  })
})

/** Sends bytes as they are and gives what comes back until the server closes. */
const raw = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(mcpd.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (data) => (answer += String(data)))
    socket.on('close', () => resolve(answer))
    // A server that refuses early closes while the rest is still being sent.
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)))
    socket.write(bytes)
  })

describe('bytes that are no HTTP', () => {
  it.each([
    [
      'a flood of headers',
      `GET / HTTP/1.1\r\nhost: localhost\r\n${'a: b\r\n'.repeat(5000)}\r\n`,
      /^HTTP\/1\.1 431/,
    ],
    [
      'one huge header',
      `GET / HTTP/1.1\r\nhost: localhost\r\na: ${'b'.repeat(100_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431/,
    ],
    ['noise', 'hello there\r\n\r\n', /^HTTP\/1\.1 400/],
    ['no host', 'GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n', /^HTTP\/1\.1 4/],
    [
      'a method that wants a type, without one',
      'QUERY /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
      /^HTTP\/1\.1 405 .*\r\nallow: GET\r\n/s,
    ],
    [
      'another method with a body of an unknown type',
      'PUT /mcp/v1/contexts HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nhi',
      /^HTTP\/1\.1 405 /,
    ],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      /^HTTP\/1\.1 400/,
    ],
  ])('%s', async (_, bytes, status) => {
    expect(await raw(bytes)).toMatch(status)
  })
})

describe('who may ask', () => {
  const ask = (headers: string) => raw(`GET /v1/models HTTP/1.1\r\nconnection: close\r\n${headers}\r\n\r\n`)

  it('refuses foreign hosts and origins on every route', async () => {
    expect(await ask('host: evil.example')).toMatch(/^HTTP\/1\.1 403/)
    expect(await ask('host: localhost\r\norigin: https://evil.example')).toMatch(/^HTTP\/1\.1 403/)
    expect(await ask('host: localhost')).toMatch(/^HTTP\/1\.1 200/)
    expect(await raw('GET /nothing HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n')).toMatch(
      /403/,
    )
  })

  it('keeps admin routes to the socket and the token, however they are spelled', async () => {
    for (const path of ['/admin/status', '/%61dmin/status', '/admin/stop', '/%61dmin/st%6fp']) {
      const method = path.endsWith('status') ? 'GET' : 'POST'
      const answer = await raw(
        `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      )
      expect(answer).toMatch(/^HTTP\/1\.1 403/)
    }
  })
})
