import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DaemonStatus } from '../../../src/client/index.ts'

/** A request as it arrived; `path` still encoded. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

export interface Scripted extends Received {
  readonly response: ServerResponse
  /** Resolves when the client has gone away before the answer was complete. */
  readonly abandoned: Promise<void>
}

export interface StandIn extends AsyncDisposable {
  readonly url: string
  readonly received: readonly Received[]
}

/** What an answer is made of: a status and JSON, or a function that writes the response itself. */
export type Answer =
  | { readonly status?: number; readonly json: unknown }
  | ((request: Scripted) => void | Promise<void>)

/** Answers by `METHOD /path`, on a free port of loopback or on a socket; anything else is a 404 problem. */
export const standInDaemon = async (
  answers: Readonly<Record<string, Answer>>,
  socketPath?: string,
): Promise<StandIn> => {
  const received: Received[] = []
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { method = '', url: path = '', headers } = request
      const arrived = { method, path, headers, body }
      received.push(arrived)
      const answer = answers[`${method} ${path}`] ?? { status: 404, json: notFound(path) }
      const abandoned = new Promise<void>((resolve) => {
        response.once('close', () => {
          if (!response.writableFinished) resolve()
        })
      })
      if (typeof answer === 'function') return answer({ ...arrived, response, abandoned })
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer.json))
      return undefined
    })
  })
  await new Promise<void>((resolve) => {
    if (socketPath === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(socketPath, resolve)
  })
  const url =
    socketPath === undefined
      ? `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      : 'http://localhost'
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url, received, [Symbol.asyncDispose]: close }
}

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  return text === '' ? undefined : JSON.parse(text)
}

const notFound = (path: string) => problem(404, 'NOT_FOUND', `There is nothing at ${path}.`)

export const problem = (status: number, code: string, detail: string, more: object = {}) => ({
  type: 'about:blank',
  title: code,
  status,
  code,
  detail,
  requestId: 'req-1',
  ...more,
})

/** Answers with server-sent events, `[event name, data]` each, and ends. */
export const streamOf =
  (events: readonly (readonly [string, unknown])[]): Answer =>
  ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const [event, data] of events) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    response.end()
  }

export const timings = { queueMs: 0, ttftMs: 1, totalMs: 2 }

/** A chat stream that says `words`. */
export const chatEvents = (words: readonly string[], reasoning: readonly string[] = []) => [
  ['start', { id: 'chat-1', adapter: 'openai', backend: 'gpu', model: 'tiny', warnings: [] }] as const,
  ...reasoning.map((text) => ['reasoning-delta', { index: 0, text }] as const),
  ...words.map((text) => ['text-delta', { index: 0, text }] as const),
  ['finish', { index: 0, reason: 'stop' }] as const,
  ['usage', { inputTokens: 3, outputTokens: words.length }] as const,
  ['end', { timings }] as const,
]

export const models = [
  {
    id: 'gpu/tiny',
    name: 'tiny',
    adapter: 'openai',
    backend: 'gpu',
    operations: ['chat', 'complete'],
    contextLength: 2048,
  },
  { id: 'gpu/org/vectors', name: 'org/vectors', adapter: 'openai', backend: 'gpu', operations: ['embed'] },
  {
    id: 'cpu/tiny',
    name: 'tiny',
    adapter: 'ollama',
    backend: 'cpu',
    operations: ['chat'],
    shadowedBy: 'gpu',
  },
] as const

export const served = { id: 'chat-1', adapter: 'openai', backend: 'gpu', model: 'tiny' }

export const status: DaemonStatus = {
  pid: 42,
  version: '1.2.3',
  url: 'http://127.0.0.1:6273',
  startedAt: '2026-01-02T03:04:05.000Z',
  uptimeMs: 185_000,
  stateDir: '/var/mcpd',
  draining: false,
  rssBytes: 52_428_800,
  requests: { total: 10, failed: 2, inFlight: 1 },
  backends: [
    {
      name: 'gpu',
      adapter: 'openai',
      url: 'http://gpu/v1',
      health: { ok: true },
      circuit: 'closed',
      draining: false,
      inFlight: 1,
      queued: 3,
      models: ['a', 'b'],
    },
    {
      name: 'cpu',
      adapter: 'ollama',
      health: { ok: false, detail: 'refused' },
      circuit: 'open',
      draining: false,
      inFlight: 0,
      queued: 0,
      models: [],
    },
  ],
}
