import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type ChatEvent, createClient } from '../../../src/client/index.ts'
import { chatEvents, models, problem, served, standInDaemon, streamOf, timings } from './stand-in-daemon.ts'

const emptyEnv = {}
const hello = { model: 'gpu/tiny', messages: [{ role: 'user' as const, content: 'Hello' }] }
const collect = async (events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> => {
  const all: ChatEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

describe('requests', () => {
  it('names the backend and the model in the path, the slashes of the model encoded', async () => {
    const answer = { ...served, output: { embeddings: [[1, 2]] }, usage: null, timings, warnings: [] }
    await using daemon = await standInDaemon({
      'POST /mcp/v1/gpu/org%2Fvec%20%C3%A4/embed': { json: answer },
    })
    await using client = createClient({ url: daemon.url }, emptyEnv)
    expect(await client.embed({ model: 'gpu/org/vec ä', input: ['a'], dimensions: 2 })).toEqual(answer)
    expect(daemon.received[0]?.body).toEqual({ input: ['a'], dimensions: 2 })
  })

  it('reach every route of the API', async () => {
    const health = {
      backend: 'gpu',
      adapter: 'openai',
      model: 'tiny',
      health: { ok: true },
      circuit: 'closed',
    }
    await using daemon = await standInDaemon({
      'GET /mcp/v1/models': { json: { models } },
      'GET /mcp/v1/adapters': { json: { adapters: [] } },
      'POST /mcp/v1/gpu/tiny/chat': { json: { route: 'chat' } },
      'POST /mcp/v1/gpu/tiny/complete': { json: { route: 'complete' } },
      'POST /mcp/v1/gpu/tiny/tokenize': { json: { route: 'tokenize' } },
      'GET /mcp/v1/gpu/tiny/info': { json: models[0] },
      'GET /mcp/v1/gpu/tiny/health': { json: health },
      'GET /admin/status': { json: { pid: 7 } },
      'POST /admin/stop': { status: 202, json: { pid: 7 } },
    })
    await using client = createClient({ url: daemon.url }, emptyEnv)
    expect(await client.models()).toEqual(models)
    expect(await client.adapters()).toEqual([])
    expect(await client.chat(hello)).toEqual({ route: 'chat' })
    expect(await client.complete({ model: 'gpu/tiny', prompt: 'a' })).toEqual({ route: 'complete' })
    expect(await client.tokenize({ model: 'gpu/tiny', text: 'a' })).toEqual({ route: 'tokenize' })
    expect(await client.info('gpu/tiny')).toEqual(models[0])
    expect(await client.health('gpu/tiny')).toEqual(health)
    expect(await client.status()).toEqual({ pid: 7 })
    expect(await client.stop()).toEqual({ pid: 7 })
  })

  it('go below the path of the URL', async () => {
    await using daemon = await standInDaemon({ 'GET /proxied/mcp/v1/models': { json: { models: [] } } })
    await using client = createClient({ url: `${daemon.url}/proxied/` }, emptyEnv)
    expect(client.url).toBe(`${daemon.url}/proxied`)
    expect(await client.models()).toEqual([])
  })

  it('refuse a model that names no backend', async () => {
    await using client = createClient({ url: 'http://127.0.0.1:1' }, emptyEnv)
    for (const model of ['tiny', '/tiny', 'gpu/'])
      await expect(client.chat({ ...hello, model })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })
})

describe('secrets', () => {
  const answers = {
    'GET /mcp/v1/models': { json: { models: [] } },
    'GET /admin/status': { json: { pid: 7 } },
  }

  it('send the API key with requests and the admin token with administration', async () => {
    await using daemon = await standInDaemon(answers)
    const env = { MCPD_URL: daemon.url, MCPD_API_KEY: 'key', MCPD_ADMIN_TOKEN: 'token' }
    await using client = createClient({}, env)
    await client.models()
    await client.status()
    expect(daemon.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer key',
      'Bearer token',
    ])
  })

  it('prefer the option, and send nothing when there is none', async () => {
    await using daemon = await standInDaemon(answers)
    await using keyed = createClient({ url: daemon.url, apiKey: 'mine' }, { MCPD_API_KEY: 'key' })
    await keyed.models()
    await using open = createClient({ url: daemon.url }, { MCPD_API_KEY: '' })
    await open.models()
    expect(daemon.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer mine', undefined])
  })

  it('stay away from the socket, which needs none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpd-'))
    try {
      const socketPath = join(folder, 'admin.sock')
      await using daemon = await standInDaemon(answers, socketPath)
      await using client = createClient({ socketPath, apiKey: 'key', adminToken: 'token' }, emptyEnv)
      await client.models()
      await client.status()
      expect(daemon.received.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('errors', () => {
  it('are those of the daemon', async () => {
    const refusal = problem(404, 'MODEL_NOT_FOUND', 'No model.', { param: 'model', suggestions: ['Look.'] })
    await using daemon = await standInDaemon({ 'POST /mcp/v1/gpu/tiny/chat': { status: 404, json: refusal } })
    await using client = createClient({ url: daemon.url }, emptyEnv)
    const expected = {
      code: 'MODEL_NOT_FOUND',
      message: 'No model.',
      details: { status: 404, param: 'model', suggestions: ['Look.'] },
    }
    await expect(client.chat(hello)).rejects.toMatchObject(expected)
    await expect(collect(client.chatStream(hello))).rejects.toMatchObject(expected)
  })

  it('say that nothing listens there', async () => {
    // A port that was free a moment ago.
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    await using client = createClient({ url: `http://user:secret@127.0.0.1:${port}` }, emptyEnv)
    const error: unknown = await client.models().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      details: { suggestions: ['Start one: mcpd serve'] },
    })
    expect((error as Error).message).toContain(`http://127.0.0.1:${port}`)
    expect((error as Error).message).not.toContain('secret')
  })

  it('say that the socket is gone', async () => {
    await using client = createClient({ socketPath: join(tmpdir(), 'mcpd-no-such.sock') }, emptyEnv)
    await expect(client.status()).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' })
  })

  it('say that something else listens there', async () => {
    await using daemon = await standInDaemon({
      'GET /mcp/v1/models': ({ response }) => void response.end('<html>'),
      'POST /mcp/v1/gpu/tiny/chat': { json: {} },
      'GET /mcp/v1/adapters': ({ response }) => void response.writeHead(502).end('<html>'),
    })
    await using client = createClient({ url: daemon.url }, emptyEnv)
    const notOurs = {
      code: 'DAEMON_UNREACHABLE',
      message: expect.stringContaining('does not look like mcpd') as string,
    }
    await expect(client.models()).rejects.toMatchObject(notOurs)
    await expect(client.adapters()).rejects.toMatchObject(notOurs)
    await expect(collect(client.chatStream(hello))).rejects.toMatchObject(notOurs)
  })

  it('say that the connection broke off', async () => {
    await using daemon = await standInDaemon({
      'POST /mcp/v1/gpu/tiny/chat': ({ response }) => void response.socket?.destroy(),
    })
    await using client = createClient({ url: daemon.url }, emptyEnv)
    await expect(client.chat(hello)).rejects.toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      message: `The daemon at ${daemon.url} did not finish its answer: the connection broke off.`,
    })
  })

  it('are USAGE for a URL that is none', () => {
    for (const url of ['nonsense', 'ftp://host', ''])
      expect(() => createClient({ url }, emptyEnv)).toThrow(
        expect.objectContaining({ code: 'USAGE' }) as Error,
      )
  })
})

describe('a stream', () => {
  it('is typed events to the end, and asks for a stream', async () => {
    await using daemon = await standInDaemon({
      'POST /mcp/v1/gpu/tiny/chat': streamOf(chatEvents(['Hi', '!'], ['Hm'])),
    })
    await using client = createClient({ url: daemon.url }, emptyEnv)
    expect(await collect(client.chatStream(hello))).toEqual([
      { type: 'start', id: 'chat-1', adapter: 'openai', backend: 'gpu', model: 'tiny', warnings: [] },
      { type: 'reasoning-delta', index: 0, text: 'Hm' },
      { type: 'text-delta', index: 0, text: 'Hi' },
      { type: 'text-delta', index: 0, text: '!' },
      { type: 'finish', index: 0, reason: 'stop' },
      { type: 'usage', inputTokens: 3, outputTokens: 2 },
      { type: 'end', timings },
    ])
    expect(daemon.received[0]?.body).toEqual({ messages: hello.messages, stream: true })
  })

  it('cut by the server is an error', async () => {
    await using daemon = await standInDaemon({
      'POST /mcp/v1/gpu/tiny/chat': ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('event: text-delta\ndata: {"index":0,"text":"Hi"}\n\n', () => response.destroy())
      },
    })
    await using client = createClient({ url: daemon.url }, emptyEnv)
    await expect(collect(client.chatStream(hello))).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' })
  })

  it('closes its request when the loop is left', async () => {
    const { promise: abandoned, resolve } = Promise.withResolvers<void>()
    await using daemon = await standInDaemon({
      'POST /mcp/v1/gpu/tiny/chat': async ({ response, abandoned }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('event: text-delta\ndata: {"index":0,"text":"Hi"}\n\n')
        await abandoned
        resolve()
      },
    })
    await using client = createClient({ url: daemon.url }, emptyEnv)
    for await (const event of client.chatStream(hello)) {
      expect(event).toEqual({ type: 'text-delta', index: 0, text: 'Hi' })
      break
    }
    await abandoned
  })
})

describe('a signal', () => {
  const never = { 'POST /mcp/v1/gpu/tiny/chat': () => undefined, 'GET /mcp/v1/models': () => undefined }

  it('of a call ends that call', async () => {
    await using daemon = await standInDaemon(never)
    await using client = createClient({ url: daemon.url }, emptyEnv)
    const controller = new AbortController()
    const answer = client.chat(hello, controller)
    controller.abort()
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('of the client ends everything', async () => {
    await using daemon = await standInDaemon(never)
    const controller = new AbortController()
    await using client = createClient({ url: daemon.url, signal: controller.signal }, emptyEnv)
    const stream = collect(client.chatStream(hello, { signal: new AbortController().signal }))
    const list = client.models()
    controller.abort()
    await expect(stream).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(list).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
