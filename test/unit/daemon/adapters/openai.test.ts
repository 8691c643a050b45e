import { afterEach, describe, expect, it } from 'vitest'
import { type OpenAiStandInOptions, startOpenAiStandIn } from '../../../../fixtures/openai-stand-in.ts'
import type { Adapter, AdapterHost } from '../../../../src/core/adapter.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import { createFold, fold } from '../../../../src/core/fold.ts'
import type { InferenceEvent, InferenceRequest } from '../../../../src/core/inference.ts'
import { defaultPrincipal } from '../../../../src/core/principal.ts'
import { newTrace } from '../../../../src/core/trace.ts'
import openai from '../../../../src/daemon/adapters/openai.ts'
import type { OpenAiOptions } from '../../../../src/daemon/adapters/openai/options.ts'
import { createTransport } from '../../../../src/daemon/transport.ts'
import {
  decodeChat,
  decodeComplete,
  decodeEmbed,
  wantsUsage,
} from '../../../../src/dialects/openai/request.ts'
import { streamEncoder } from '../../../../src/dialects/openai/stream-encoder.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const host: AdapterHost = {
  name: 'gpu',
  connect: (url) => createTransport(url, { connectionsMax: 8, connectTimeoutMs: 5000 }),
  log: () => {},
}

const start = async (standInOptions: OpenAiStandInOptions = {}, options: Partial<OpenAiOptions> = {}) => {
  const standIn = await startOpenAiStandIn(standInOptions)
  const adapter = openai.create({ url: standIn.url, ...options }, host)
  closing.push(() => adapter.close(), standIn.close)
  return { standIn, adapter }
}

const ask = (input: InferenceRequest['input'], more: Partial<InferenceRequest> = {}): InferenceRequest => ({
  id: 'r',
  principal: defaultPrincipal,
  model: 'stand-in',
  input,
  stream: false,
  signal: new AbortController().signal,
  trace: newTrace('test', 0),
  ...more,
})

/** A request as a client of the same dialect wrote it. */
const askRaw = (text: string, more: Partial<InferenceRequest> = {}) => {
  const body = JSON.parse(text) as Record<string, unknown>
  return ask(decodeChat(body), {
    stream: body['stream'] === true,
    frame: { dialect: 'openai', bytes: Buffer.from(text), body },
    ...more,
  })
}

const hello = { messages: [{ role: 'user', content: 'Hello, wide world' }] }
const chat = (more: object = {}) => decodeChat({ ...hello, ...more })

const collect = async (adapter: Adapter, request: InferenceRequest) => {
  const events: InferenceEvent[] = []
  for await (const event of adapter.infer(request)) events.push(event)
  return events
}

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

describe('the openai adapter', () => {
  it('answers a chat, streamed and whole, with the same response', async () => {
    const { adapter, standIn } = await start({ reasoning: true })
    const whole = await fold(adapter.infer(ask(chat())))
    const streamed = await fold(adapter.infer(ask(chat(), { stream: true })))
    expect(whole).toMatchObject({
      model: 'stand-in',
      choices: [
        { text: 'Hello, wide world', finishReason: 'stop', reasoning: expect.stringContaining('think') },
      ],
      usage: { inputTokens: 3 },
    })
    expect({ ...streamed, id: '' }).toEqual({ ...whole, id: '' })
    expect(JSON.parse(standIn.requests[1]!.body.toString())).toMatchObject({
      stream_options: { include_usage: true },
    })
  })

  it('calls tools and keeps to a schema', async () => {
    const { adapter } = await start()
    const parameters = {
      type: 'object',
      properties: { city: { enum: ['Basel'] }, days: { type: 'integer' } },
      required: ['city', 'days'],
    }
    const tools = [{ type: 'function', function: { name: 'weather', parameters } }]
    for (const stream of [false, true]) {
      const called = await fold(
        adapter.infer(ask(chat({ tools, tool_choice: 'required', n: 2 }), { stream })),
      )
      expect(called.choices).toHaveLength(2)
      expect(called.choices[1]).toMatchObject({
        text: null,
        toolCalls: [{ name: 'weather', argumentsText: '{"city":"Basel","days":1}' }],
        finishReason: 'tool-calls',
      })
      const format = { type: 'json_schema', json_schema: { name: 'x', schema: parameters } }
      const formed = await fold(adapter.infer(ask(chat({ response_format: format }), { stream })))
      expect(formed.choices[0]?.text).toBe('{"city":"Basel","days":1}')
    }
  })

  it('completes and embeds', async () => {
    const { adapter } = await start()
    const complete = decodeComplete({ prompt: ['a', 'b'], n: 2, max_tokens: 3, logprobs: 1 })
    for (const stream of [false, true]) {
      const { choices } = await fold(adapter.infer(ask(complete, { stream })))
      expect(
        choices.map(({ text, finishReason, logprobs }) => [text, finishReason, logprobs?.length]),
      ).toEqual(Array.from({ length: 4 }, () => ['the quick brown', 'length', 3]))
    }
    const { embeddings } = await fold(adapter.infer(ask(decodeEmbed({ input: ['a', 'b', 'a'] }))))
    expect(embeddings?.[0]).toHaveLength(8)
    expect(embeddings?.[2]).toEqual(embeddings?.[0])
    expect(embeddings?.[1]).not.toEqual(embeddings?.[0])
  })

  it('sends its own credentials and no header of a client', async () => {
    const { adapter, standIn } = await start(
      { apiKey: 'sk-right' },
      { apiKey: 'sk-right', headers: { 'X-Tenant': 'a' } },
    )
    await collect(adapter, ask(chat()))
    const { authorization, 'x-tenant': tenant, host: sentHost } = standIn.requests[0]!.headers
    expect([authorization, tenant, sentHost]).toEqual(['Bearer sk-right', 'a', new URL(standIn.url).host])
    const stranger = openai.create({ url: standIn.url, apiKey: 'sk-wrong' }, host)
    closing.push(() => stranger.close())
    const error = await thrownBy(stranger, ask(chat()))
    expect(error).toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringContaining("refused mcpd's credentials"),
    })
    expect(error?.message).not.toContain('sk-wrong')
    expect(await stranger.health(new AbortController().signal)).toMatchObject({ ok: false })
  })
})

describe('passing through', () => {
  it('sends the client’s bytes with nothing but the edits, and hands back the backend’s', async () => {
    const { adapter, standIn } = await start()
    const text =
      '{ "model":"gpu/x" , "messages":[{"role":"user","content":"H\\u0069"}],"temperature":0.70,"mcpd":{},"odd":[1,2.0] }'
    const [event] = await collect(adapter, askRaw(text))
    expect(standIn.requests[0]!.body.toString()).toBe(
      text.replace('gpu/x', 'stand-in').replace('"mcpd":{},', ''),
    )
    expect(event).toMatchObject({ type: 'whole', frame: { dialect: 'openai' }, usage: { inputTokens: 1 } })
    expect(JSON.parse(event!.type === 'whole' ? event.frame!.bytes.toString() : '')).toMatchObject({
      choices: [{ message: { content: 'Hi' } }],
    })
  })

  it.each([true, false])(
    'asks for the usage of a stream and keeps it from a client that did not ask: %s',
    async (asked) => {
      const { adapter, standIn } = await start()
      const options = asked ? ',"stream_options":{"include_usage":true}' : ''
      const request = askRaw(
        `{"model":"stand-in","messages":[{"role":"user","content":"Hi you"}],"stream":true${options}}`,
      )
      const events = await collect(adapter, request)
      expect(JSON.parse(standIn.requests[0]!.body.toString())).toHaveProperty(
        'stream_options.include_usage',
        true,
      )
      const folding = createFold()
      for (const event of events) folding.push(event)
      expect(folding.result().usage).toEqual({ inputTokens: 2, outputTokens: 2 })
      const encoder = streamEncoder({
        operation: 'chat',
        id: 'x',
        model: 'x',
        createdSeconds: 1,
        includeUsage: wantsUsage(request.frame!.body),
      })
      const written = Buffer.concat(
        events.map((event) => encoder.encode(event) ?? Buffer.alloc(0)),
      ).toString()
      expect(written.includes('"choices":[],')).toBe(asked)
      expect(written).toMatch(/data: \[DONE\]\n\n$/)
    },
  )

  it('hands on a refusal byte for byte', async () => {
    const { adapter } = await start()
    const error = await thrownBy(adapter, ask(chat(), { model: 'fault/refuse-422' }))
    expect(error).toMatchObject({
      code: 'BAD_REQUEST',
      status: 422,
      details: { frame: { dialect: 'openai', status: 422 } },
    })
    expect(error?.details.frame?.body.toString()).toContain('Refused with 422.')
  })

  it('refuses a model named twice before anything is sent', async () => {
    const { adapter, standIn } = await start()
    const error = await thrownBy(
      adapter,
      askRaw('{"model":"a","model":"b","messages":[{"role":"user","content":"Hi"}]}'),
    )
    expect(error).toMatchObject({ code: 'BAD_REQUEST' })
    expect(standIn.requests).toHaveLength(0)
  })
})

describe('faults', () => {
  const both = { unary: false, stream: true }
  it.each<[string, string, string?]>([
    ['refuse-400', 'BAD_REQUEST'],
    ['refuse-401', 'BACKEND_ERROR'],
    ['refuse-404', 'OPERATION_UNSUPPORTED'],
    ['refuse-413', 'BAD_REQUEST'],
    ['refuse-429', 'RATE_LIMITED'],
    ['refuse-503', 'BACKEND_UNAVAILABLE'],
    ['500', 'BACKEND_ERROR'],
    ['502', 'BACKEND_UNAVAILABLE'],
    ['504', 'BACKEND_TIMEOUT'],
    ['redirect', 'BACKEND_ERROR'],
    ['html', 'BACKEND_ERROR'],
    ['text', 'BACKEND_ERROR', 'BACKEND_INCOMPLETE'],
    ['empty', 'BACKEND_ERROR'],
    ['other-json', 'BACKEND_ERROR'],
    ['reset', 'BACKEND_UNAVAILABLE'],
    ['cut-mid-stream', 'BACKEND_INCOMPLETE'],
    ['end-without-done', 'BACKEND_ERROR', 'BACKEND_INCOMPLETE'],
    ['malformed-chunk', 'BACKEND_ERROR'],
    ['error-in-200', 'BACKEND_ERROR'],
    ['error-mid-stream', 'BACKEND_ERROR'],
    ['error-field', 'BACKEND_ERROR'],
    ['done-without-answer', 'BACKEND_ERROR', 'BACKEND_INCOMPLETE'],
    ['huge', 'BACKEND_ERROR'],
  ])('%s is %s, streamed too', async (fault, code, streamed = code) => {
    const { adapter, standIn } = await start({}, { answerMax: '1MB' })
    for (const stream of Object.values(both)) {
      const error = await thrownBy(adapter, ask(chat(), { model: `fault/${fault}`, stream }))
      expect([stream, error?.code]).toEqual([stream, stream ? streamed : code])
    }
    await expect.poll(() => standIn.openRequests()).toBe(0)
    expect(await thrownBy(adapter, ask(chat()))).toBeUndefined()
  })

  it('says when to come again', async () => {
    const { adapter } = await start()
    const error = await thrownBy(adapter, ask(chat(), { model: 'fault/refuse-429' }))
    expect(error?.details.retryAfterSeconds).toBe(2)
  })

  it('tells a wrong URL from a broken backend', async () => {
    const { adapter } = await start()
    for (const stream of [false, true])
      expect(await thrownBy(adapter, ask(chat(), { model: 'fault/html', stream }))).toMatchObject({
        message: expect.stringContaining('web page'),
        details: { suggestions: [expect.stringContaining('/v1')] },
      })
  })

  it('takes an empty completion for an answer', async () => {
    const { adapter } = await start()
    for (const stream of [false, true]) {
      const { choices } = await fold(adapter.infer(ask(chat(), { model: 'fault/empty-completion', stream })))
      expect(choices).toEqual([{ index: 0, text: null, finishReason: 'stop' }])
    }
  })

  it('takes a missing [DONE] where the config says so', async () => {
    const { adapter } = await start({}, { doneOptional: true })
    const { choices } = await fold(
      adapter.infer(ask(chat(), { model: 'fault/end-without-done', stream: true })),
    )
    expect(choices[0]?.text).toBe('the quick')
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
          ask(chat(), { model: `fault/${fault}`, stream, signal: controller.signal }),
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
    for await (const event of adapter.infer(ask(chat(), { model: 'fault/endless', stream: true })))
      if (event.type === 'text-delta') break
    await expect.poll(() => standIn.openRequests()).toBe(0)
  })
})

describe('models, health and tokens', () => {
  const { signal } = new AbortController()
  const [text, messages] = [
    ask({ operation: 'tokenize', text: 'one two three' }),
    ask({ operation: 'tokenize', messages: [{ role: 'user', content: 'one two three' }] }),
  ]

  it('are those of vLLM', async () => {
    const { adapter } = await start({ runtime: 'vllm', contextLength: 2048 })
    expect(await adapter.models(signal)).toMatchObject([
      {
        name: 'stand-in',
        contextLength: 2048,
        ownedBy: 'vllm',
        operations: ['chat', 'complete', 'embed', 'rerank', 'tokenize'],
      },
      { name: 'stand-in/tiny:1b' },
    ])
    expect(await adapter.health(signal)).toEqual({ ok: true })
    for (const request of [text, messages])
      expect(await fold(adapter.infer(request))).toMatchObject({
        tokens: expect.objectContaining({ length: 3 }),
        contextLength: 2048,
      })
  })

  it('are those of llama.cpp', async () => {
    const { adapter } = await start({ runtime: 'llama.cpp', contextLength: 512, models: ['a.gguf'] })
    expect(await adapter.models(signal)).toMatchObject([
      { name: 'a.gguf', contextLength: 512, trainedContextLength: 1024 },
    ])
    expect((await fold(adapter.infer(text))).tokens).toHaveLength(3)
    expect((await fold(adapter.infer(messages))).tokens).toHaveLength(4)
  })

  it('are refused where there are none', async () => {
    const { adapter } = await start({ runtime: 'none' })
    for (const request of [text, messages])
      expect(await thrownBy(adapter, request)).toMatchObject({ code: 'OPERATION_UNSUPPORTED' })
    expect(await adapter.health(signal)).toEqual({ ok: true })
  })

  it('come from the config where it lists them', async () => {
    const { adapter } = await start(
      {},
      {
        models: ['a', { name: 'b', operations: ['embed'], contextLength: 9 }],
        operations: ['chat', 'embed'],
      },
    )
    expect(await adapter.models(signal)).toEqual([
      { name: 'a', operations: ['chat', 'embed'] },
      { name: 'b', operations: ['embed'], contextLength: 9 },
    ])
    expect(await thrownBy(adapter, text)).toMatchObject({ code: 'OPERATION_UNSUPPORTED' })
  })

  it('say why a backend is not well', async () => {
    const { adapter, standIn } = await start()
    await standIn.close()
    expect(await adapter.health(signal)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('cannot be reached'),
    })
    await expect(adapter.models(signal)).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
  })

  it('know that vectors and tokens are not streamed', async () => {
    const { adapter } = await start()
    expect(adapter.validate?.({ ...text, stream: true })).toContain('not a stream')
    expect(adapter.validate?.(text)).toBeUndefined()
  })
})
