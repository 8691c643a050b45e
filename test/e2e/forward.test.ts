import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

/** Routes of the OpenAI API that mcpd does not know: handed on as they are, under the same guards. */

interface Seen {
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

let server: Server
let seen: Seen[]
let mcpd: TestDaemon
let url: string
const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const line = `${request.method} ${request.url}`
  if (line !== 'GET /v1/models' && line !== 'GET /health')
    seen.push({ line, headers: request.headers, body: Buffer.concat(chunks).toString('latin1') })
  if (line === 'GET /v1/models')
    response
      .setHeader('content-type', 'application/json')
      .end('{"object":"list","data":[{"id":"org/voice"}]}')
  else if (line.startsWith('POST /v1/audio/speech')) {
    response.writeHead(200, { 'content-type': 'audio/wav', 'x-secret': 'no' })
    for (let piece = 0; piece < 50; piece += 1) response.write(Buffer.alloc(1000, piece))
    response.end()
  } else if (line.includes('/broken'))
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"dead"}}')
  else if (line.includes('/hanging')) response.flushHeaders()
  else if (line.includes('/large'))
    response.setHeader('content-type', 'application/json').end(JSON.stringify('x'.repeat(100_000)))
  else
    response
      .writeHead(line.includes('/nothing') ? 404 : 200, { 'content-type': 'application/json' })
      .end('{"ok":true}')
}

beforeEach(async () => {
  seen = []
  server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  mcpd = await startTestDaemon(
    `backends: [{ name: b, adapter: openai, url: "${url}", breaker: { failures: 2, cooldown: 1h } }]`,
  )
})
afterEach(async () => {
  await mcpd.close()
  server.closeAllConnections()
  server.close()
})

const json = { 'content-type': 'application/json' }

describe('a route that mcpd does not know', () => {
  it('reaches the backend as it is, but for the model', async () => {
    const answer = await mcpd.fetch('/v1/audio/speech?x=1', {
      method: 'POST',
      headers: { ...json, authorization: 'Bearer mine', cookie: 'a=b' },
      body: '{"model": "b/org/voice", "input":"hi"}',
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect([answer.status, answer.headers.get('content-type'), bytes.length]).toEqual([
      200,
      'audio/wav',
      50_000,
    ])
    expect(bytes[1500]).toBe(1)
    expect(answer.headers.get('x-secret')).toBeNull()
    expect(answer.headers.get('x-mcpd-backend')).toBe('b')
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({
      line: 'POST /v1/audio/speech?x=1',
      body: '{"model": "org/voice", "input":"hi"}',
    })
    expect(seen[0]!.headers).not.toHaveProperty('authorization')
    expect(seen[0]!.headers).not.toHaveProperty('cookie')
  })

  it('takes forms with files', async () => {
    const form = new FormData()
    form.set('file', new Blob([new Uint8Array([0, 255, 13, 10, 128])]), 'a.wav')
    form.set('model', 'b/org/voice')
    const answer = await mcpd.fetch('/v1/audio/transcriptions', { method: 'POST', body: form })
    expect(answer.status).toBe(200)
    await answer.text()
    expect(seen[0]!.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(seen[0]!.body).toContain('\u0000\u00ff\r\n\u0080')
    expect(seen[0]!.body).toMatch(/name="model"\r\n\r\norg\/voice\r\n/)
  })

  it('takes all methods, and hands on what the backend says of an unknown one', async () => {
    for (const [method, path] of [
      ['GET', '/v1/files'],
      ['DELETE', '/v1/files/f-1'],
      ['POST', '/v1/moderations'],
    ] as const) {
      const answer = await mcpd.fetch(path, {
        method,
        ...(method === 'POST' && { body: '{}', headers: json }),
      })
      expect([answer.status, await answer.json()]).toEqual([200, { ok: true }])
    }
    expect(seen.map(({ line }) => line)).toEqual([
      'GET /v1/files',
      'DELETE /v1/files/f-1',
      'POST /v1/moderations',
    ])
    expect((await mcpd.fetch('/v1/nothing')).status).toBe(404)
  })

  it('leaves out what mcpd serves itself, whatever the method', async () => {
    const answer = await mcpd.fetch('/v1/embeddings', {
      method: 'PUT',
      body: '{"model":"b/m"}',
      headers: json,
    })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await answer.text()).toContain('method_not_allowed')
    expect(seen).toEqual([])
  })

  it('is under the breaker, and counted', async () => {
    const status = async () => {
      const answer = await mcpd.fetch('/v1/broken')
      return [answer.status, await answer.text()]
    }
    expect(await status()).toEqual([500, '{"error":{"message":"dead"}}'])
    await status()
    expect((await status())[0]).toBe(503)
    const page = await (await mcpd.fetch('/metrics')).text()
    expect(page).toContain('operation="forward",outcome="backend_error"} 2')
    expect(page).toContain('operation="forward",outcome="circuit_open"} 1')
  })

  it('ends with its client', async () => {
    const controller = new AbortController()
    const asking = mcpd.fetch('/v1/hanging', { signal: controller.signal })
    const gone = once(server, 'request').then(([request]) =>
      once((request as IncomingMessage).socket, 'close'),
    )
    await asking
    controller.abort()
    await gone
    const [backend] = mcpd.daemon.registry.backends
    await expect.poll(() => backend!.queue.inFlight).toBe(0)
  })

  it('wants to know which backend, where several could be meant', async () => {
    const two = await startTestDaemon(
      `backends: [{ name: b, adapter: openai, url: "${url}" }, { name: c, adapter: openai, url: "${url}" }]`,
    )
    try {
      const unnamed = await two.fetch('/v1/files')
      expect([unnamed.status, await unnamed.text()]).toEqual([400, expect.stringContaining('x-mcpd-backend')])
      const named = await two.fetch('/v1/files', { headers: { 'x-mcpd-backend': 'c' } })
      expect([named.status, named.headers.get('x-mcpd-backend')]).toEqual([200, 'c'])
      await named.text()
    } finally {
      await two.close()
    }
  })
})

describe('compression', () => {
  it('is for large answers that are there as a whole', async () => {
    const large = await fetch(`${mcpd.url}/openapi.json`, { headers: { 'accept-encoding': 'gzip' } })
    expect(large.headers.get('content-encoding')).toBe('gzip')
    expect(await large.json()).toHaveProperty('openapi')
    const small = await fetch(`${mcpd.url}/v1/models`, { headers: { 'accept-encoding': 'gzip' } })
    expect(small.headers.get('content-encoding')).toBeNull()
    await small.text()
    const plain = await fetch(`${mcpd.url}/openapi.json`, { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
    await plain.text()
  })
})
