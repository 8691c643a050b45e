import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { phases } from '../../../src/fuzz/call.ts'
import { checks } from '../../../src/fuzz/check.ts'
import { runFuzz } from '../../../src/fuzz/run.ts'
import type { FuzzSettings } from '../../../src/fuzz/settings.ts'
import { isMcpdError } from '../../../src/core/errors.ts'
import { specOf } from './spec-of.ts'

const settingsFor = (url: URL, more: Partial<FuzzSettings> = {}): FuzzSettings => ({
  url,
  headers: [],
  timeMs: 20_000,
  examplesMax: 20,
  seed: 1,
  phases: new Set(phases),
  checks: new Set(checks),
  include: [],
  exclude: [],
  ratePerSecond: Infinity,
  workers: 4,
  answerMaxMs: 5000,
  modelAnswerMaxMs: 5000,
  tokensMax: 8,
  hooks: {},
  ...more,
})

const serve = async (answer: (request: IncomingMessage, body: string, response: ServerResponse) => void) => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => answer(request, Buffer.concat(chunks).toString(), response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const note = {
  type: 'object',
  required: ['id', 'text'],
  properties: { id: { type: 'integer' }, text: { type: 'string' }, size: { type: 'integer' } },
}
const newNote = {
  type: 'object',
  required: ['text'],
  additionalProperties: false,
  properties: {
    text: { type: 'string', minLength: 1, maxLength: 20 },
    size: { type: 'integer', minimum: 1, maximum: 9 },
  },
}
const json = (schema: object) => ({ 'application/json': { schema } })
const refused = {
  description: 'no',
  content: json({ type: 'object', required: ['error'], properties: { error: { type: 'string' } } }),
}
const id = { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } }
const notes = specOf({
  '/notes': {
    post: {
      requestBody: { required: true, content: json(newNote) },
      responses: { 201: { description: 'made', content: json(note) }, 400: refused, 415: refused },
    },
  },
  '/notes/{id}': {
    get: {
      parameters: [id],
      responses: { 200: { description: 'it', content: json(note) }, 400: refused, 404: refused },
    },
    delete: { parameters: [id], responses: { 204: { description: 'gone' }, 400: refused, 404: refused } },
  },
})

/** Notes that are all right, or with one fault of each kind. */
const notesService = (isFaulty: boolean) => {
  const kept = new Map<number, object>()
  let last = 0
  return serve((request, body, response) => {
    const say = (status: number, value?: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, {
        ...(value && { 'content-type': 'application/json' }),
        'x-request-id': `r${++last}`,
        ...headers,
      })
      response.end(value && JSON.stringify(value))
    }
    const [, first, key, more] = (request.url ?? '').split('?')[0]?.split('/') ?? []
    if (first !== 'notes' || more !== undefined) return say(404, { error: 'route' })
    const methods = key === undefined ? ['POST'] : ['GET', 'DELETE']
    if (!methods.includes(request.method ?? ''))
      return say(405, { error: 'method' }, { allow: methods.join(', ') })
    if (key !== undefined) {
      const number = Number(key)
      if (!/^\d+$/.test(key) || number < 1) return say(400, { error: 'id' })
      const found = kept.get(number)
      if (!found) return say(404, { error: 'none' })
      if (request.method === 'GET') return say(200, found)
      if (!isFaulty) kept.delete(number)
      return say(204)
    }
    if (!(request.headers['content-type'] ?? '').startsWith('application/json'))
      return say(415, { error: 'type' })
    let value: unknown
    try {
      value = JSON.parse(body)
    } catch {
      return say(400, { error: 'syntax' })
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return say(400, { error: 'object' })
    const { text, size, ...others } = value as { text?: unknown; size?: unknown }
    if (
      typeof text !== 'string' ||
      text === '' ||
      Array.from(text).length > 20 ||
      Object.keys(others).length > 0
    )
      return say(400, { error: 'text' })
    if (
      size !== undefined &&
      (!Number.isInteger(size) || (size as number) < 1 || ((size as number) > 9 && !isFaulty))
    )
      return say(400, { error: 'size' })
    if (isFaulty && text.includes('🚀')) return say(500, { error: 'broken' })
    const made = { id: ++last, text, ...(size !== undefined && { size }) }
    kept.set(made.id, made)
    return say(201, made)
  })
}

describe('a run', () => {
  it('finds nothing where nothing is wrong', async () => {
    await using service = await notesService(false)
    const result = await runFuzz({
      spec: notes,
      settings: settingsFor(service.url),
      signal: new AbortController().signal,
    })
    expect(
      result.findings.map(({ check, operation, message }) => `${check} ${operation} ${message}`),
    ).toEqual([])
    expect(result.ending).toBe('finished')
    expect(result.coverage.totals).toMatchObject({ operations: 3, attempted: 3, succeeded: 3 })
    expect(result.coverage.totals.keywords.hit).toBe(result.coverage.totals.keywords.all)
  })

  it('finds each fault once, with what makes it happen again', async () => {
    await using service = await notesService(true)
    const result = await runFuzz({
      spec: notes,
      settings: settingsFor(service.url),
      signal: new AbortController().signal,
    })
    expect(result.findings.map(({ check, operation }) => `${check} ${operation}`).toSorted()).toEqual([
      'negative_data_rejection POST /notes',
      'not_a_server_error POST /notes',
      'use_after_free GET /notes/{id}',
    ])
    for (const finding of result.findings) {
      expect(finding.curl).toContain(service.url.origin)
      expect(finding.requestIds.length).toBeGreaterThan(0)
    }
    const again = await runFuzz({
      spec: notes,
      settings: settingsFor(service.url),
      signal: new AbortController().signal,
      known: new Set(
        result.findings.map(({ operation, check, fingerprint }) => `${operation} ${check} ${fingerprint}`),
      ),
    })
    expect(again.findings).toEqual([])
    expect(again.known).toHaveLength(3)
  })

  it('is bounded by a target that never answers', async () => {
    await using service = await serve(() => undefined)
    const result = await runFuzz({
      spec: notes,
      settings: settingsFor(service.url, { timeMs: 1500, answerMaxMs: 200 }),
      signal: new AbortController().signal,
    })
    expect(result.findings.every(({ check }) => check === 'network_error')).toBe(true)
    expect(result.ending).toBe('time')
  })

  it('is bounded by a target that floods', async () => {
    await using service = await serve((_, __, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 16, 32))) continue
      }
      response.on('drain', more)
      more()
    })
    const result = await runFuzz({
      spec: notes,
      settings: settingsFor(service.url, { timeMs: 1500, answerMaxMs: 400 }),
      signal: new AbortController().signal,
    })
    expect(result.findings.every(({ check }) => check === 'network_error')).toBe(true)
    expect(result.requests).toBeGreaterThan(0)
  })

  it('gives a partial result when it is interrupted', async () => {
    await using service = await notesService(false)
    const stop = new AbortController()
    const running = runFuzz({
      spec: notes,
      settings: settingsFor(service.url, { examplesMax: Infinity, ratePerSecond: 50 }),
      signal: stop.signal,
      onProgress: () => stop.abort(),
    })
    expect((await running).ending).toBe('interrupted')
  })

  it('says so when nobody is there', async () => {
    const { url, [Symbol.asyncDispose]: close } = await serve(() => undefined)
    await close()
    const failed = await runFuzz({
      spec: notes,
      settings: settingsFor(url),
      signal: new AbortController().signal,
    }).catch((error: unknown) => error)
    expect(isMcpdError(failed) && failed.code).toBe('SOURCE_FAILED')
  })

  it('lives with schemas that have no value, contain themselves or have no readable expression', async () => {
    await using service = await serve((_, __, response) => response.writeHead(400).end())
    const odd = specOf(
      {
        '/odd': {
          post: {
            parameters: [
              { name: 'never', in: 'query', schema: { allOf: [{ type: 'string' }, { type: 'integer' }] } },
              {
                name: 'ahead',
                in: 'query',
                required: true,
                schema: { type: 'string', pattern: '^(?=.*\\d)(?!x).+$' },
              },
            ],
            requestBody: { required: true, content: json({ $ref: '#/components/schemas/Node' }) },
            responses: { 200: { description: 'ok' }, 400: { description: 'no' } },
          },
        },
        '/lost': { get: { parameters: [{ $ref: '#/components/parameters/none' }], responses: {} } },
      },
      {
        schemas: {
          Node: {
            type: 'object',
            required: ['next'],
            properties: { next: { $ref: '#/components/schemas/Node' } },
          },
        },
      },
    )
    const result = await runFuzz({
      spec: odd,
      settings: settingsFor(service.url),
      signal: new AbortController().signal,
    })
    expect(result.coverage.totals.attempted).toBe(2)
  })

  it('refuses documents that describe nothing', async () => {
    const failed = await runFuzz({
      spec: specOf({}),
      settings: settingsFor(new URL('http://127.0.0.1:9')),
      signal: new AbortController().signal,
    }).catch((error: unknown) => error)
    expect(isMcpdError(failed) && failed.code).toBe('SPEC_INVALID')
  })
})
