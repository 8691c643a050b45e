import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Compile } from 'typebox/compile'
import { afterEach, describe, expect, it } from 'vitest'
import { type OllamaStandInOptions, startOllamaStandIn } from '../../../../fixtures/ollama-stand-in.ts'
import type { Adapter, AdapterHost } from '../../../../src/core/adapter.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { ChatInput, InferenceEvent, InferenceRequest, Input } from '../../../../src/core/inference.ts'
import ollama from '../../../../src/daemon/adapters/ollama.ts'
import { type OllamaOptions, ollamaOptions } from '../../../../src/daemon/adapters/ollama/options.ts'
import { createTransport } from '../../../../src/daemon/transport.ts'
import { decodeChat, decodeEmbeddings, decodeGenerate } from '../../../../src/dialects/ollama/request.ts'
import { dialects, type Form } from '../../../../src/dialects/ollama/wire.ts'
import { newRequest } from '../../../harness/request.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const host: AdapterHost = {
  name: 'local-ollama',
  connect: (url) => createTransport(url, { connectionsMax: 8, connectTimeoutMs: 5000 }),
  log: () => {},
}
const { signal } = new AbortController()

const start = async (standInOptions: OllamaStandInOptions = {}, options: Partial<OllamaOptions> = {}) => {
  const standIn = await startOllamaStandIn(standInOptions)
  const adapter = ollama.create({ url: standIn.url, ...options }, host)
  closing.push(() => adapter.close(), standIn.close)
  const sent = (at = -1) => JSON.parse(standIn.requests.at(at)!.body.toString()) as Record<string, unknown>
  return { standIn, adapter, sent }
}

const hello: ChatInput = {
  operation: 'chat',
  messages: [{ role: 'user', content: 'Hello, wide world' }],
  sampling: {},
  extra: {},
}
const ask = (input: Input = hello, more: Partial<InferenceRequest> = {}) =>
  newRequest({ model: 'stand-in:latest', input, stream: false, ...more })

/** A request as a client of the same dialect wrote it. */
const askRaw = (form: Form, text: string, more: Partial<InferenceRequest> = {}) => {
  const body = JSON.parse(text) as Record<string, unknown>
  const decode = form === 'generate' ? decodeGenerate : form === 'embeddings' ? decodeEmbeddings : decodeChat
  return ask(decode(body), { frame: { dialect: dialects[form], bytes: Buffer.from(text), body }, ...more })
}

const collect = (adapter: Adapter, request: InferenceRequest): Promise<InferenceEvent[]> =>
  Array.fromAsync(adapter.infer(request))

const thrownBy = async (adapter: Adapter, request: InferenceRequest) => {
  try {
    const events = await collect(adapter, request)
    // What is only wrong on a closer look is thrown there.
    for (const event of events) if (event.type === 'whole') event.response()
    return undefined
  } catch (error) {
    return error as McpdError
  }
}

describe('the ollama adapter', () => {
  it('answers a chat, streamed and whole, with the same response', async () => {
    const { adapter, sent } = await start()
    const thinking = { ...hello, reasoningEffort: 'high' }
    const whole = await fold(adapter.infer(ask(thinking)))
    expect(sent()).toMatchObject({ think: 'high', stream: false })
    const streamed = await fold(adapter.infer(ask(thinking, { stream: true })))
    expect(whole).toMatchObject({
      model: 'stand-in:latest',
      choices: [
        {
          text: 'Hello, wide world',
          reasoning: expect.stringContaining('think') as string,
          finishReason: 'stop',
        },
      ],
      usage: { inputTokens: 3 },
      timings: { promptMs: 2, generateMs: 10 },
    })
    expect(streamed).toEqual(whole)
  })

  it('calls tools and keeps to a schema', async () => {
    const { adapter } = await start()
    const schema = { type: 'object', properties: { city: { enum: ['Basel'] } }, required: ['city'] }
    for (const stream of [false, true]) {
      const tools = [{ name: 'weather', parameters: schema }]
      const asked: ChatInput = { ...hello, messages: [{ role: 'user', content: 'call it' }], tools }
      const called = await fold(adapter.infer(ask(asked, { stream })))
      expect(called.choices[0]).toMatchObject({
        text: null,
        toolCalls: [{ name: 'weather', argumentsText: '{"city":"Basel"}' }],
        finishReason: 'tool-calls',
      })
      const responseFormat = { type: 'json-schema', name: 'x', schema } as const
      const formed = await fold(adapter.infer(ask({ ...hello, responseFormat }, { stream })))
      expect(formed.choices[0]?.text).toBe('{"city":"Basel"}')
    }
  })

  it('says which parameters it left out, and refuses what it cannot do before anything is sent', async () => {
    const { adapter, standIn } = await start()
    const request = ask({
      ...hello,
      sampling: { logitBias: { 1: 1 } },
      extra: { user: 'me', keep_alive: '5m' },
    })
    await collect(adapter, request)
    expect(request.trace.warnings).toEqual([
      "'logit_bias' is not known to Ollama and was left out.",
      "'user' is not known to Ollama and was left out.",
    ])
    const before = standIn.requests.length
    expect(await thrownBy(adapter, ask({ ...hello, choices: 2 }))).toMatchObject({ code: 'BAD_REQUEST' })
    expect(await thrownBy(adapter, ask({ operation: 'tokenize', text: 'a' }))).toMatchObject({
      code: 'OPERATION_UNSUPPORTED',
    })
    expect(standIn.requests).toHaveLength(before)
  })

  it('says when a model does not see the pictures that it gets', async () => {
    const { adapter } = await start()
    const picture = { type: 'image', url: 'data:image/png;base64,iVBORw0KGgo=' } as const
    const asked: ChatInput = { ...hello, messages: [{ role: 'user', content: [picture] }] }
    await adapter.models(signal)
    for (const [model, count] of [
      ['stand-in/tiny:1b', 1],
      ['stand-in:latest', 0],
    ] as const) {
      const request = ask(asked, { model })
      await thrownBy(adapter, request)
      expect(request.trace.warnings).toHaveLength(count)
    }
  })

  it('sends its own credentials, under the backend’s own host name', async () => {
    const { adapter, standIn } = await start({}, { apiKey: 'sk-right', headers: { 'X-Tenant': 'a' } })
    await collect(adapter, ask())
    const { authorization, 'x-tenant': tenant, host: sentHost } = standIn.requests[0]!.headers
    expect([authorization, tenant, sentHost]).toEqual(['Bearer sk-right', 'a', new URL(standIn.url).host])
  })
})

describe('passing through', () => {
  it('sends the client’s bytes with nothing but the edits, and hands back the backend’s', async () => {
    const { adapter, standIn } = await start()
    const text =
      '{ "model":"gpu/x" , "messages":[{"role":"user","content":"H\\u0069"}],"options":{"temperature":0.70},"mcpd":{},"odd":[1,2.0],"stream":false}'
    const [event] = await collect(adapter, askRaw('chat', text))
    expect(standIn.requests[0]!.body.toString()).toBe(
      text.replace('gpu/x', 'stand-in:latest').replace('"mcpd":{},', ''),
    )
    expect(event).toMatchObject({
      type: 'whole',
      frame: { dialect: 'ollama/chat' },
      usage: { inputTokens: 1 },
    })
  })

  it.each<[Form, string]>([
    ['chat', '{"model":"stand-in","messages":[{"role":"user","content":"Hi"}]}'],
    ['generate', '{"model":"stand-in","prompt":"Hi","system":"Be brief."}'],
    ['generate', '{"model":"stand-in","prompt":"Hi","raw":true}'],
  ])('asks the route that the client asked: %s %s', async (form, text) => {
    const { adapter, standIn } = await start()
    const events = await collect(adapter, askRaw(form, text, { stream: true }))
    const { path, body } = standIn.requests[0]!
    expect([path, body.toString()]).toEqual([`/api/${form}`, text])
    expect(events.every((event) => 'frame' in event && event.frame?.dialect === `ollama/${form}`)).toBe(true)
    expect(events.at(-1)?.type).toBe('end')
  })

  it('asks the older route for a vector where the client did', async () => {
    const { adapter, standIn } = await start()
    const [event] = await collect(adapter, askRaw('embeddings', '{"model":"stand-in","prompt":"Hi"}'))
    expect(standIn.requests[0]!.path).toBe('/api/embeddings')
    expect(event?.type === 'whole' ? event.response().embeddings : []).toHaveLength(1)
  })

  it('hands on a refusal byte for byte', async () => {
    const { adapter } = await start()
    const error = await thrownBy(adapter, ask(hello, { model: 'no-such-model' }))
    expect(error).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      status: 404,
      details: { frame: { dialect: 'ollama' } },
    })
    expect(error?.details.frame?.body.toString()).toBe('{"error":"model \'no-such-model\' not found"}')
  })
})

describe('what the config pins', () => {
  it('keeps every request from loading the model anew, whatever it is and whoever asks', async () => {
    const { adapter, standIn } = await start(
      {},
      { contextLength: 2000, contextLengths: { 'stand-in/tiny:1b': 500 } },
    )
    const completion = { operation: 'complete', prompts: ['Once'], sampling: {}, extra: {} } as const
    await collect(adapter, ask())
    await collect(adapter, ask({ ...hello, extra: { options: { num_ctx: 77 } } }, { stream: true }))
    await collect(adapter, ask(completion))
    await collect(adapter, ask({ operation: 'embed', inputs: ['a'], extra: {} }))
    await collect(
      adapter,
      askRaw('chat', '{"model":"stand-in","messages":[{"role":"user","content":"Hi"}],"stream":false}'),
    )
    await collect(
      adapter,
      askRaw('generate', '{"model":"stand-in","prompt":"Hi","options":{"num_ctx":99},"stream":false}'),
    )
    await adapter.manage!.load!('stand-in:latest', signal)
    await collect(adapter, ask(completion, { model: 'stand-in/tiny:1b' }))
    expect(standIn.loads).toEqual([
      { model: 'stand-in:latest', contextLength: 2000 },
      { model: 'stand-in/tiny:1b', contextLength: 500 },
    ])
  })

  it('is told to who asked for something else', async () => {
    const { adapter } = await start({}, { contextLengths: { 'stand-in': 2000 } })
    const [own, raw] = [
      ask({ ...hello, extra: { options: { num_ctx: 77 } } }),
      askRaw(
        'chat',
        '{"model":"stand-in","messages":[{"role":"user","content":"Hi"}],"options":{"num_ctx":2000}}',
        {
          stream: true,
        },
      ),
    ]
    await collect(adapter, own)
    await collect(adapter, raw)
    expect(own.trace.warnings).toEqual([expect.stringContaining('options.num_ctx is 2000')])
    expect(raw.trace.warnings).toEqual([])
  })

  it('without it, what clients ask for goes through, and the model is loaded as often as they differ', async () => {
    const { adapter, standIn } = await start()
    for (const num_ctx of [512, 1024, 512])
      await collect(adapter, ask({ ...hello, extra: { options: { num_ctx } } }))
    expect(standIn.loads.map(({ contextLength }) => contextLength)).toEqual([512, 1024, 512])
  })

  it('says how long models stay where a request does not', async () => {
    const { adapter, sent } = await start({}, { keepAlive: '1h30m' })
    await collect(adapter, ask())
    expect(sent()['keep_alive']).toBe('1h30m')
    await collect(adapter, ask({ ...hello, extra: { keep_alive: 5 } }))
    expect(sent()['keep_alive']).toBe(5)
    await adapter.manage!.load!('stand-in:latest', signal, -1)
    expect(sent()['keep_alive']).toBe(-1)
  })
})

describe('faults', () => {
  it.each<[string, string, string?]>([
    ['refuse-400', 'BAD_REQUEST'],
    ['refuse-429', 'RATE_LIMITED'],
    ['sign-in', 'OPERATION_UNSUPPORTED'],
    ['cloud-disabled', 'BAD_REQUEST'],
    ['foreign-host', 'BACKEND_ERROR'],
    ['busy', 'QUEUE_FULL'],
    ['500', 'BACKEND_ERROR'],
    ['bad-option', 'BAD_REQUEST'],
    ['502', 'BACKEND_UNAVAILABLE'],
    ['504', 'BACKEND_TIMEOUT'],
    ['no-route', 'OPERATION_UNSUPPORTED'],
    ['redirect', 'BACKEND_ERROR'],
    ['html', 'BACKEND_ERROR'],
    ['text', 'BACKEND_ERROR', 'BACKEND_INCOMPLETE'],
    ['empty', 'BACKEND_ERROR', 'BACKEND_INCOMPLETE'],
    ['other-json', 'BACKEND_ERROR'],
    ['reset', 'BACKEND_UNAVAILABLE'],
    ['cut-mid-stream', 'BACKEND_INCOMPLETE'],
    ['end-without-done', 'BACKEND_INCOMPLETE'],
    ['malformed-line', 'BACKEND_ERROR'],
    ['error-in-200', 'BACKEND_ERROR'],
    ['error-mid-stream', 'BACKEND_ERROR'],
    ['huge', 'BACKEND_ERROR'],
  ])('%s is %s, streamed too', async (fault, code, streamed = code) => {
    const { adapter, standIn } = await start({}, { answerMax: '1MB' })
    for (const stream of [false, true]) {
      const error = await thrownBy(adapter, ask(hello, { model: `fault/${fault}`, stream }))
      expect([stream, error?.code]).toEqual([stream, stream ? streamed : code])
    }
    await expect.poll(() => standIn.openRequests()).toBe(0)
    expect(await thrownBy(adapter, ask())).toBeUndefined()
  })

  it('takes an empty answer for an answer', async () => {
    const { adapter } = await start()
    for (const stream of [false, true]) {
      const { choices } = await fold(adapter.infer(ask(hello, { model: 'fault/empty-answer', stream })))
      expect(choices).toEqual([{ index: 0, text: null, finishReason: 'stop' }])
    }
  })

  it.each(['slow-headers', 'stall', 'stall-before-first', 'endless', 'open-after-done'])(
    'stops at once when the signal aborts during %s, and the backend sees it',
    async (fault) => {
      const { adapter, standIn } = await start()
      for (const stream of [false, true]) {
        const controller = new AbortController()
        const reason = new McpdError('CANCELLED', 'Gone.')
        const reading = thrownBy(
          adapter,
          ask(hello, { model: `fault/${fault}`, stream, signal: controller.signal }),
        )
        await expect.poll(() => standIn.openRequests()).toBe(1)
        controller.abort(reason)
        expect(await reading).toBe(reason)
        await expect.poll(() => standIn.openRequests()).toBe(0)
        expect(standIn.requests.at(-1)?.closedEarlyMs).toBeDefined()
      }
    },
  )

  it('closes the connection of a reader that leaves', async () => {
    const { adapter, standIn } = await start()
    for await (const event of adapter.infer(ask(hello, { model: 'fault/endless', stream: true })))
      if (event.type === 'text-delta') break
    await expect.poll(() => standIn.openRequests()).toBe(0)
  })
})

describe('models and health', () => {
  it('tells of each model what it can do, its windows, its files, and whether it is in memory', async () => {
    const { adapter, standIn } = await start()
    await collect(adapter, ask({ ...hello, extra: { options: { num_ctx: 700 } } }))
    const models = await adapter.models(signal)
    expect(models.map(({ name, aliases }) => [name, ...(aliases ?? [])])).toEqual([
      ['stand-in:latest', 'stand-in'],
      ['stand-in-embed:latest', 'stand-in-embed'],
      ['stand-in/tiny:1b'],
    ])
    expect(models[0]).toMatchObject({
      operations: ['chat', 'complete', 'embed'],
      contextLength: 700,
      trainedContextLength: 8192,
      embeddingDimensions: 8,
      capabilities: ['structured-output', 'tools', 'reasoning', 'vision'],
      created: 1_763_798_400,
      file: {
        sizeBytes: 1_448_416,
        format: 'gguf',
        family: 'llama',
        parameterSize: '1.34M',
        quantization: 'Q8_0',
      },
      memory: { sizeBytes: 1_071_856, gpuBytes: 0, expiresAt: '2318-01-01T00:00:00Z' },
    })
    expect(models[1]).toMatchObject({ operations: ['embed'], memory: null })
    expect(models[1]).not.toHaveProperty('contextLength')
    const shows = () => standIn.requests.filter(({ path }) => path === '/api/show').length
    expect(shows()).toBe(3)
    await adapter.models(signal)
    expect(shows()).toBe(3)
  })

  it('gives a pinned window as the one there is, as far as the model goes', async () => {
    const { adapter } = await start({}, { contextLength: 4000 })
    const windows = (await adapter.models(signal)).map(({ contextLength }) => contextLength)
    expect(windows).toEqual([4000, 2048, 2048])
  })

  it('lists what it can of an Ollama that is old, or loses a model meanwhile', async () => {
    const url = await serve((path) => {
      if (path === '/api/tags')
        return [200, { models: [{ name: 'old', details: {} }, { name: 'lost' }, null, {}] }]
      return path === '/api/show' ? [404, { error: 'model not found' }] : [404, '404 page not found']
    })
    const adapter = ollama.create({ url }, host)
    closing.push(() => adapter.close())
    expect(await adapter.models(signal)).toEqual(
      ['old', 'lost'].map((name) => ({
        name,
        operations: ['chat', 'complete', 'embed'],
        ownedBy: 'ollama',
        file: {},
      })),
    )
  })

  it('is healthy with a version', async () => {
    const { adapter } = await start({ version: '0.99.1' })
    expect(await adapter.health(signal)).toEqual({ ok: true, version: '0.99.1' })
  })

  it.each<[string, number, unknown]>([
    ['no version', 200, { hello: 'world' }],
    ['no JSON', 200, 'It works!'],
    ['another server', 404, '404 page not found'],
    ['a refused host name', 403, ''],
  ])('is not healthy with %s, and says so', async (_, status, body) => {
    const url = await serve(() => [status, body])
    const adapter = ollama.create({ url }, host)
    closing.push(() => adapter.close())
    expect(await adapter.health(signal)).toEqual({
      ok: false,
      detail: expect.stringMatching(/Ollama/) as string,
    })
  })

  it('is not healthy where nobody listens', async () => {
    const { adapter, standIn } = await start()
    await standIn.close()
    expect(await adapter.health(signal)).toMatchObject({ ok: false })
  })
})

const serve = async (answer: (path: string) => [number, unknown]): Promise<string> => {
  const server = createServer((request, response) => {
    const [status, body] = answer(request.url ?? '')
    response.writeHead(status, {
      'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
    })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(() => resolve())))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('managing models', () => {
  it('loads, even what only makes vectors, and unloads', async () => {
    const { adapter } = await start()
    const loaded = async () =>
      (await adapter.models(signal)).filter(({ memory }) => memory).map(({ name }) => name)
    await adapter.manage!.load!('stand-in:latest', signal)
    await adapter.manage!.load!('stand-in-embed:latest', signal)
    expect(await loaded()).toEqual(['stand-in:latest', 'stand-in-embed:latest'])
    await adapter.manage!.unload!('stand-in-embed:latest', signal)
    expect(await loaded()).toEqual(['stand-in:latest'])
  })

  it('pulls with progress, and removes', async () => {
    const { adapter } = await start()
    const progress = await Array.fromAsync(adapter.manage!.pull!('fresh', signal))
    expect(progress.at(0)).toEqual({ status: 'pulling manifest' })
    expect(progress.at(2)).toMatchObject({ status: 'pulling', totalBytes: 1000, completedBytes: 500 })
    expect(progress.at(-1)).toEqual({ status: 'success' })
    const names = async () => (await adapter.models(signal)).map(({ name }) => name)
    expect(await names()).toContain('fresh:latest')
    await adapter.manage!.remove!('fresh:latest', signal)
    expect(await names()).not.toContain('fresh:latest')
  })

  it.each([
    ['missing', 'MODEL_NOT_FOUND'],
    ['broken', 'BACKEND_INCOMPLETE'],
  ])('says what became of the pull of a %s model', async (model, code) => {
    const { adapter } = await start()
    await expect(Array.fromAsync(adapter.manage!.pull!(model, signal))).rejects.toMatchObject({ code })
  })

  it('ends a pull that nobody waits for', async () => {
    const { adapter, standIn } = await start()
    for await (const { status } of adapter.manage!.pull!('fresh', signal)) if (status === 'pulling') break
    await expect.poll(() => standIn.openRequests()).toBe(0)
  })

  it('knows no model that is not there', async () => {
    const { adapter } = await start()
    const { manage } = adapter
    for (const refused of [
      manage!.remove!('nope', signal),
      manage!.load!('nope', signal),
      manage!.unload!('nope', signal),
      adapter.describe!('nope', signal),
    ])
      await expect(refused).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
  })
})

describe('the options', () => {
  const check = Compile(ollamaOptions)
  it.each([
    {},
    { url: 'https://ollama.com', apiKey: 'k' },
    { contextLength: 4096, contextLengths: { a: 1 }, keepAlive: -1 },
    { keepAlive: '1h30m' },
  ])('take %j', (options) => expect(check.Check(options)).toBe(true))

  it.each([
    { url: 'localhost:11434' },
    { contextLength: 0 },
    { contextLengths: { a: 'much' } },
    { keepAlive: 'long' },
    { keepAlive: true },
    { model: 'a' },
  ])('refuse %j', (options) => expect(check.Check(options)).toBe(false))
})
