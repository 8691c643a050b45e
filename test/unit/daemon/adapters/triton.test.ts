import { afterEach, describe, expect, it } from 'vitest'
import { startTritonStandIn, type TritonStandInOptions } from '../../../../fixtures/triton-stand-in.ts'
import { newChat, newComplete, newEmbed, newInfer, newRequest } from '../../../../src/conformance/request.ts'
import type { Adapter } from '../../../../src/core/adapter.ts'
import type { McpdError } from '../../../../src/core/errors.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceEvent, InferenceRequest, Input } from '../../../../src/core/inference.ts'
import type { Tensor } from '../../../../src/core/tensor.ts'
import triton from '../../../../src/daemon/adapters/triton/index.ts'
import type { TritonOptions } from '../../../../src/daemon/adapters/triton/options.ts'
import { createTransport } from '../../../../src/daemon/transport.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const start = async (given: TritonStandInOptions = {}, options: TritonOptions = {}) => {
  const standIn = await startTritonStandIn({ grpc: options.protocol === 'grpc', ...given })
  const adapter = triton.create(
    { url: options.protocol === 'grpc' ? standIn.grpcUrl : standIn.url, ...options },
    {
      name: 'stand-in',
      connect: (url) => createTransport(url, { connectionsMax: 16, connectTimeoutMs: 5000 }),
      log: () => undefined,
    },
  )
  closing.push(standIn.close, () => adapter.close())
  return { standIn, adapter }
}

const ask = (model: string, input: Input, more: Partial<InferenceRequest> = {}): InferenceRequest => ({
  ...newRequest({ model, input }),
  ...more,
})
const textOf = async (adapter: Adapter, request: InferenceRequest) =>
  (await fold(adapter.infer(request))).choices[0]?.text
const thrownBy = async (adapter: Adapter, request: InferenceRequest): Promise<McpdError> => {
  try {
    for await (const event of adapter.infer(request)) if (event.type === 'whole') event.response()
  } catch (error) {
    return error as McpdError
  }
  throw new Error('nothing was thrown')
}
const signal = new AbortController().signal
const hello = newChat('Hello there')
const number = (name: string, values: readonly number[], shape = [values.length]): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  data: values,
})

describe.each(['http', 'grpc'] as const)('the triton adapter over %s', (protocol) => {
  it('lists models with what they can do, what they take and where they are', async () => {
    const { adapter } = await start({ unloaded: ['ensemble'] }, { protocol })
    const models = new Map((await adapter.models(signal)).map((model) => [model.name, model]))
    expect(models.get('stand-in')).toMatchObject({
      operations: protocol === 'http' ? ['chat', 'complete'] : ['chat', 'complete', 'infer'],
      contextLength: 8192,
      aliases: ['stand-in:1'],
      memory: { sizeBytes: 1_048_576, gpuBytes: 1_048_576 },
    })
    expect(models.get('embedder')?.operations).toEqual(['embed', 'infer'])
    expect(models.get('ensemble')).toMatchObject({ operations: [], memory: null })
    expect(await adapter.health(signal)).toEqual({ ok: true, version: '2.61.0' })
  })

  it('loads and unloads models', async () => {
    const { adapter } = await start({ unloaded: ['ensemble'] }, { protocol })
    await adapter.manage!.load!('ensemble', signal)
    expect(await textOf(adapter, ask('ensemble', newComplete('words 3')))).toBe('the quick brown')
    await adapter.manage!.unload!('ensemble', signal)
    expect(await thrownBy(adapter, ask('ensemble', newComplete('words 3')))).toMatchObject({
      code: 'MODEL_NOT_FOUND',
    })
    const fixed = await start({ isExplicit: false }, { protocol })
    await expect(fixed.adapter.manage!.load!('ensemble', signal)).rejects.toMatchObject({
      code: 'OPERATION_UNSUPPORTED',
    })
  })

  it('chats by the template of the model, with usage and reason', async () => {
    const { adapter } = await start({}, { protocol })
    for (const stream of [false, true])
      expect(await fold(adapter.infer(ask('stand-in', hello, { stream })))).toMatchObject({
        model: 'stand-in',
        choices: [{ text: 'Hello there', finishReason: 'stop' }],
        usage: { inputTokens: 2, outputTokens: 2 },
      })
  })

  it('finds the texts of a model with names of its own, which always streams', async () => {
    const { adapter } = await start({}, { protocol })
    const input = newComplete('words 4')
    expect(await textOf(adapter, ask('python-llm', input))).toBe('the quick brown fox')
    expect(await textOf(adapter, ask('python-llm', input, { stream: true }))).toBe('the quick brown fox')
  })

  it('asks a model by its version', async () => {
    const { adapter } = await start({}, { protocol })
    expect(await textOf(adapter, ask('ensemble:1', newComplete('words 1')))).toBe('the')
    expect(await thrownBy(adapter, ask('ensemble:7', newComplete('a')))).toMatchObject({
      code: 'MODEL_NOT_FOUND',
    })
  })

  it('warns of what it had to set or leave out', async () => {
    const { adapter } = await start({}, { protocol })
    const request = ask('ensemble', newComplete('words 3', { sampling: { minP: 0.1 } }))
    await textOf(adapter, request)
    expect(request.trace.warnings).toEqual([
      expect.stringContaining("'min_p' is not known to ensemble"),
      expect.stringContaining('max_tokens is 512'),
    ])
  })

  it('embeds more texts than the model takes at a time', async () => {
    const { adapter, standIn } = await start({}, { protocol })
    const { embeddings } = await fold(adapter.infer(ask('embedder', newEmbed(['a', 'b', 'c', 'd', 'e']))))
    expect(embeddings?.map((vector) => vector.length)).toEqual([8, 8, 8, 8, 8])
    if (protocol === 'http')
      expect(standIn.requests.filter(({ path }) => path.endsWith('/infer'))).toHaveLength(3)
  })

  it.each<[string, string, Tensor[], object, RegExp]>([
    ['a wrong shape', 'identity', [number('single', [1, 2, 3], [3, 1])], {}, /shape/],
    ['a wrong datatype', 'identity', [number('text', [1])], {}, /BYTES/],
    [
      'an output that is not there',
      'identity',
      [number('single', [1, 2], [2, 1])],
      { outputs: [{ name: 'no' }] },
      /'no'/,
    ],
    [
      'too large a batch',
      'embedder',
      [{ name: 'TEXT', datatype: 'BYTES', shape: [3, 1], data: ['a', 'b', 'c'] }],
      {},
      /batch-size/,
    ],
    ['a missing input', 'embedder', [], {}, /expected 1 inputs/],
  ])('tells the client of %s', async (_, model, inputs, more, words) => {
    const { adapter } = await start({}, { protocol })
    expect(await thrownBy(adapter, ask(model, newInfer('', { inputs, ...more })))).toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringMatching(words),
    })
  })

  it('says which outputs there are when the config names one that is not', async () => {
    const { adapter } = await start(
      {},
      { protocol, models: { embedder: { tensors: { embedding: 'pooled' } } } },
    )
    expect(await thrownBy(adapter, ask('embedder', newEmbed(['a'])))).toMatchObject({
      code: 'OPERATION_UNSUPPORTED',
      message: expect.stringContaining('it has sentence_embedding'),
    })
  })

  it('says what a model lacks for an operation', async () => {
    const { adapter } = await start({}, { protocol })
    expect(await thrownBy(adapter, ask('identity', newEmbed(['a'])))).toMatchObject({
      code: 'OPERATION_UNSUPPORTED',
    })
    expect((await thrownBy(adapter, ask('ensemble', hello))).message).toContain('no chat template')
    expect(await thrownBy(adapter, ask('ensemble', { operation: 'tokenize', text: 'a' }))).toMatchObject({
      code: 'OPERATION_UNSUPPORTED',
    })
  })

  it('cannot be reached where nobody listens', async () => {
    const { adapter } = await start({}, { protocol, url: `${protocol}://127.0.0.1:1` })
    expect(await thrownBy(adapter, ask('stand-in', hello))).toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    expect(await adapter.health(signal)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('cannot be reached'),
    })
  })

  it('counts by the statistics where there is no page of metrics', async () => {
    const { adapter } = await start({}, { protocol, metricsUrl: 'http://127.0.0.1:1/metrics' })
    await textOf(adapter, ask('ensemble', newComplete('words 1')))
    expect(await adapter.metrics!(signal)).toEqual({ requests_succeeded_total: 1, requests_failed_total: 0 })
  })
})

describe.each([false, true])('streams over gRPC, with errors only inside: %s', (onlyInBand) => {
  it.each<[string, string, Input, string, RegExp]>([
    [
      'an error before any output',
      'identity',
      newInfer('', { inputs: [number('text', [1])] }),
      'BAD_REQUEST',
      /BYTES/,
    ],
    ['an error after output', 'fault-error-mid-stream', hello, 'BACKEND_ERROR', /CUDA out of memory/],
    [
      'an end without the final response',
      'fault-end-without-finish',
      hello,
      'BACKEND_INCOMPLETE',
      /before the final/,
    ],
    ['an unknown model', 'nobody', hello, 'MODEL_NOT_FOUND', /nobody/],
  ])('tell %s', async (_, model, input, code, words) => {
    const { adapter } = await start({ onlyInBand }, { protocol: 'grpc' })
    expect(await thrownBy(adapter, ask(model, input, { stream: true }))).toMatchObject({
      code,
      message: expect.stringMatching(words),
    })
  })
})

describe('the triton adapter', () => {
  it('uses a template of the config of mcpd, and refuses what that refuses', async () => {
    const chatTemplate =
      "{% if messages[0].role == 'system' %}{{ raise_exception('no system here') }}{% endif %}{{ bos_token }}words {{ messages | length }}"
    const { adapter } = await start({}, { models: { ensemble: { chatTemplate } } })
    expect(await textOf(adapter, ask('ensemble', hello))).toBe('the')
    const system = newChat('', { messages: [{ role: 'system', content: 'Be kind.' }] })
    expect(await thrownBy(adapter, ask('ensemble', system))).toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringContaining('no system here'),
    })
    const broken = await start({}, { models: { ensemble: { chatTemplate: '{% for %}' } } })
    expect(await thrownBy(broken.adapter, ask('ensemble', hello))).toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('sends the header of a restricted API, and says which where it has none', async () => {
    const restricted = { paths: /generate|config/, header: 'triton-key', value: 'open' }
    const { adapter } = await start({ restricted }, { models: { ensemble: {} } })
    expect(await thrownBy(adapter, ask('ensemble', newComplete('words 1')))).toMatchObject({
      code: 'BACKEND_ERROR',
      details: { suggestions: [expect.stringContaining("'triton-key'")] },
    })
    const allowed = await start({ restricted }, { headers: { 'Triton-Key': 'open' } })
    expect(await textOf(allowed.adapter, ask('ensemble', newComplete('words 1')))).toBe('the')
  })

  it('asks a server without index and config by its metadata', async () => {
    const { adapter } = await start(
      { missing: /repository|config$|stats/ },
      { models: { 'python-llm': {}, embedder: {} } },
    )
    expect((await adapter.models(signal)).map(({ name, operations }) => [name, operations])).toEqual([
      ['python-llm', ['complete', 'infer']],
      ['embedder', ['embed', 'infer']],
    ])
    expect((await fold(adapter.infer(ask('embedder', newEmbed(['a']))))).embeddings?.[0]).toHaveLength(8)
  })

  it('asks a server of the base protocol by tensors, in a stream where it has one', async () => {
    const plain = /repository|config$|stats|generate/
    const models = { ensemble: {}, 'python-llm': {} }
    const { adapter, standIn } = await start({ missing: plain }, { models })
    const limited = newComplete('words 3', { sampling: { maxTokens: 8 } })
    expect(await textOf(adapter, ask('ensemble', limited))).toBe('the quick brown')
    expect(JSON.parse(standIn.requests.at(-1)!.body.toString())).toMatchObject({
      inputs: expect.arrayContaining([
        expect.objectContaining({ name: 'text_input', parameters: { content_type: 'str' } }),
      ]),
    })
    const streamed = ask('python-llm', newComplete('words 3'), { stream: true })
    const events = await Array.fromAsync(adapter.infer(streamed))
    expect(events.filter(({ type }) => type === 'text-delta')).toHaveLength(4)
    const without = await start({ missing: /repository|config$|stats|_stream|generate/ }, { models })
    expect(await textOf(without.adapter, ask('ensemble', limited, { stream: true }))).toBe('the quick brown')
  })

  it('refuses raw tensors for a model that streams over HTTP, and says what to do', async () => {
    const { adapter } = await start()
    expect((await thrownBy(adapter, ask('stand-in', newInfer('Hi')))).details.suggestions?.join()).toContain(
      'protocol: grpc',
    )
  })

  it('passes a client of its own dialect through', async () => {
    const { adapter, standIn } = await start()
    const bytes = Buffer.from('{"text_input":"words 2","own":[1]}')
    const frame = { dialect: 'kserve-generate', bytes, body: {} }
    const events: InferenceEvent[] = await Array.fromAsync(
      adapter.infer(ask('stand-in', newComplete('words 2'), { frame })),
    )
    expect(standIn.requests.at(-1)?.body.equals(bytes)).toBe(true)
    expect(events[0]).toMatchObject({ type: 'whole', frame: { dialect: 'kserve-generate' } })
  })

  it.each<[string, string, string]>([
    ['refuse-400', 'BAD_REQUEST', 'BAD_REQUEST'],
    ['refuse-429', 'RATE_LIMITED', 'RATE_LIMITED'],
    ['restricted', 'BACKEND_ERROR', 'BACKEND_ERROR'],
    ['unknown', 'MODEL_NOT_FOUND', 'MODEL_NOT_FOUND'],
    ['unloaded', 'MODEL_NOT_FOUND', 'MODEL_NOT_FOUND'],
    ['unready', 'BACKEND_UNAVAILABLE', 'BACKEND_UNAVAILABLE'],
    ['500', 'BACKEND_ERROR', 'BACKEND_ERROR'],
    ['html', 'BACKEND_ERROR', 'BACKEND_ERROR'],
    ['no-route', 'OPERATION_UNSUPPORTED', 'OPERATION_UNSUPPORTED'],
    ['empty', 'BACKEND_ERROR', 'BACKEND_ERROR'],
    ['other-json', 'BACKEND_ERROR', 'BACKEND_INCOMPLETE'],
    ['reset', 'BACKEND_UNAVAILABLE', 'BACKEND_UNAVAILABLE'],
    ['cut-mid-stream', 'BACKEND_INCOMPLETE', 'BACKEND_INCOMPLETE'],
    ['end-without-finish', 'BACKEND_ERROR', 'BACKEND_INCOMPLETE'],
    ['malformed-event', 'BACKEND_ERROR', 'BACKEND_ERROR'],
    ['error-in-200', 'BACKEND_ERROR', 'BACKEND_ERROR'],
    ['error-mid-stream', 'BACKEND_ERROR', 'BACKEND_ERROR'],
    ['two-responses', 'BACKEND_ERROR', 'BACKEND_ERROR'],
  ])('calls %s %s, and %s in a stream', async (fault, whole, streamed) => {
    const { adapter } = await start()
    expect((await thrownBy(adapter, ask(`fault-${fault}`, hello))).code).toBe(whole)
    expect((await thrownBy(adapter, ask(`fault-${fault}`, hello, { stream: true }))).code).toBe(streamed)
  })
})
