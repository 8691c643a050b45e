import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat, newComplete, newEmbed, newInfer } from '../../src/conformance/request.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import { fold } from '../../src/core/fold.ts'
import type { Input, Operation } from '../../src/core/inference.ts'
import triton from '../../src/daemon/adapters/triton/index.ts'
import type { TritonOptions } from '../../src/daemon/adapters/triton/options.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from '../conformance/run-suite.ts'
import { newRequest } from '../harness/request.ts'
import { type KserveServer, startMlServer, startTriton, tritonHeaders } from './kserve-servers.ts'
import { whyNot } from './program.ts'

/** A real Triton and a real MLServer: run by `npm run test:runtimes`, results in docs/results/runtimes.md. */

type Protocol = 'http' | 'grpc'
const protocols = ['http', 'grpc'] as const

const { signal } = new AbortController()
/** What the models of these tests take for a conversation. */
const chatTemplate =
  "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"

const makeAdapter = (
  { url, grpcUrl, metricsUrl }: KserveServer,
  protocol: Protocol,
  options: Partial<TritonOptions> = {},
): Adapter =>
  triton.create(
    {
      protocol,
      url: protocol === 'grpc' ? grpcUrl : url,
      metricsUrl,
      models: { words: { chatTemplate }, whole: { chatTemplate } },
      ...options,
    },
    {
      name: 'real',
      connect: (base) => createTransport(base, { connectionsMax: 16, connectTimeoutMs: 5000 }),
      log: () => {},
    },
  )

const suite = (make: () => Adapter, models: Partial<Record<Operation, string>>, more: object = {}) =>
  adapterSuite({
    make: async () => ({ adapter: make(), close: async () => {} }),
    models,
    echoes: true,
    long: newChat('words 400', { sampling: { maxTokens: 400 } }),
    unsupported: [
      { parameter: 'tools', input: newChat('Hello.', { tools: [{ name: 'weather' }] }) },
      { parameter: 'logit_bias', input: newComplete('Once', { sampling: { logitBias: { 1: 5 } } }) },
    ],
    stepMs: 60_000,
    ...more,
  })

describe.skipIf(whyNot('pytriton'))('a real Triton', () => {
  let server: KserveServer
  beforeAll(async () => {
    server = await startTriton()
  })
  afterAll(() => server?.close())

  const models = { chat: 'words', complete: 'words', embed: 'vectors', infer: 'double' }
  const tensors = newInfer('', {
    inputs: [{ name: 'numbers', datatype: 'FP32', shape: [1, 3], data: [0.5, -1, 2] }],
  })
  for (const protocol of protocols)
    runSuite(
      `over ${protocol}`,
      suite(() => makeAdapter(server, protocol, { headers: tritonHeaders }), models, { tensors }),
    )

  it.each(protocols)('computes, counts and describes, over %s', async (protocol) => {
    const adapter = makeAdapter(server, protocol, { headers: tritonHeaders })
    expect(await adapter.health(signal)).toMatchObject({ ok: true, version: expect.any(String) as string })
    const names = (await adapter.models(signal)).map(({ name }) => name)
    expect(names.toSorted()).toEqual(['double', 'vectors', 'whole', 'words'])
    const asked = newRequest({ model: 'double', stream: false, input: tensors })
    expect((await fold(adapter.infer(asked))).tensors).toMatchObject([{ name: 'doubled', data: [1, -2, 4] }])
    expect(await adapter.metrics!(signal)).toMatchObject({
      requests_succeeded_total: expect.any(Number) as number,
    })
    expect(await adapter.describe!('words', signal)).toMatchObject({ body: { backend: 'python' } })
    await adapter.close()
  })

  it.each(protocols)(
    'does without what is restricted where the config has the models, over %s',
    async (protocol) => {
      const adapter = makeAdapter(server, protocol)
      expect((await adapter.models(signal)).map(({ name }) => name)).toEqual(['words', 'whole'])
      const request = newRequest({ model: 'words', stream: true, input: newComplete('words 5') })
      expect((await fold(adapter.infer(request))).choices[0]!.text).toBe('the quick brown fox jumps')
      const bare = makeAdapter(server, protocol, { models: {} })
      await expect(bare.models(signal)).rejects.toMatchObject({
        code: 'BACKEND_ERROR',
        details: { suggestions: [expect.stringContaining('headers') as string] },
      })
      await Promise.all([adapter.close(), bare.close()])
    },
  )

  it.each(protocols)('says what is wrong with tensors and models, over %s', async (protocol) => {
    const adapter = makeAdapter(server, protocol, { headers: tritonHeaders })
    const refused = (model: string, input: Input, stream = false) =>
      expect(fold(adapter.infer(newRequest({ model, stream, input })))).rejects
    const wrong = { name: 'numbers', datatype: 'INT32', shape: [1, 1], data: [1] } as const
    await refused('double', newInfer('', { inputs: [wrong] })).toMatchObject({ code: 'BAD_REQUEST' })
    const flat = { name: 'numbers', datatype: 'FP32', shape: [3], data: [1, 2, 3] } as const
    await refused('double', newInfer('', { inputs: [flat] })).toMatchObject({ code: 'BAD_REQUEST' })
    await refused('nope', newComplete('Once')).toMatchObject({ code: 'MODEL_NOT_FOUND' })
    await refused('double', newEmbed(['a'])).toMatchObject({ code: 'OPERATION_UNSUPPORTED' })
    await refused('words', newComplete('please break'), true).toMatchObject({ code: 'BACKEND_ERROR' })
    await adapter.close()
  })
})

describe.skipIf(whyNot('mlserver'))('a real MLServer', () => {
  let server: KserveServer
  beforeAll(async () => {
    server = await startMlServer()
  })
  afterAll(() => server?.close())

  for (const protocol of protocols)
    runSuite(
      `over ${protocol}`,
      suite(() => makeAdapter(server, protocol), {
        chat: 'words',
        complete: 'words',
        embed: 'vectors',
        infer: 'vectors',
      }),
    )

  it.each(protocols)('loads and unloads, over %s', async (protocol) => {
    const adapter = makeAdapter(server, protocol)
    expect(await adapter.health(signal)).toMatchObject({ ok: true, version: '1.7.1' })
    const find = async () => (await adapter.models(signal)).find(({ name }) => name === 'vectors')
    await adapter.manage!.unload!('vectors', signal)
    expect((await find())?.operations ?? []).toEqual([])
    await adapter.manage!.load!('vectors', signal)
    expect((await find())?.operations).toContain('embed')
    await adapter.close()
  })
})
