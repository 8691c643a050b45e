import { afterEach, describe, expect, it } from 'vitest'
import { adapterOf, type GrpcStandInOptions, startGrpcStandIn } from '../../../../fixtures/grpc-stand-in.ts'
import hostFixture from '../../../../src/conformance/host-fixture.ts'
import { newChat, newComplete, newEmbed, newRequest } from '../../../../src/conformance/request.ts'
import type { Adapter } from '../../../../src/core/adapter.ts'
import type { McpdError } from '../../../../src/core/errors.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceRequest, Input } from '../../../../src/core/inference.ts'
import grpc from '../../../../src/daemon/hosts/grpc.ts'
import type { GrpcOptions } from '../../../../src/daemon/hosts/grpc-options.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const connect = (address: string, options: Partial<GrpcOptions> = {}): Adapter => {
  const adapter = grpc.create(
    { address, ...options },
    {
      name: 'acme',
      log: () => undefined,
      connect: () => {
        throw new Error('There is no HTTP here.')
      },
    },
  )
  closing.push(() => adapter.close())
  return adapter
}
const start = async (options: Partial<GrpcOptions> = {}, given: GrpcStandInOptions = {}) => {
  const standIn = await startGrpcStandIn(given)
  closing.push(standIn.close)
  return { standIn, adapter: connect(standIn.address, options) }
}

const ask = (input: Input, more: Partial<InferenceRequest> = {}): InferenceRequest => ({
  ...newRequest({ model: 'acme', input }),
  ...more,
})
const thrownBy = async (adapter: Adapter, request: InferenceRequest): Promise<McpdError> => {
  try {
    for await (const event of adapter.infer(request)) if (event.type === 'whole') event.response()
  } catch (error) {
    return error as McpdError
  }
  throw new Error('nothing was thrown')
}
const signal = new AbortController().signal

const pick = {
  text: 'choices.0.text',
  finishReason: 'choices.0.reason',
  inputTokens: 'read',
  outputTokens: 'written',
}
const complete = (method: string): NonNullable<GrpcOptions['methods']>[number] => ({
  operation: 'complete',
  method: `acme.v1.Generator/${method}`,
  requestTemplate: {
    prompt: '{{prompt}}',
    limit: '{{max_tokens}}',
    heat: '{{temperature}}',
    ends: '{{stop}}',
  },
  pick,
})
const chat: NonNullable<GrpcOptions['methods']>[number] = {
  operation: 'chat',
  method: 'acme.v1.Generator/Say',
  requestTemplate: { turns: '{{messages}}', prompt: '' },
  pick,
}
const embed: NonNullable<GrpcOptions['methods']>[number] = {
  operation: 'embed',
  method: 'acme.v1.Generator/Embed',
  requestTemplate: { texts: '{{input}}' },
  pick: { embeddings: 'vectors.*.values' },
}

describe('a service that knows nothing of mcpd', () => {
  it.each(['v1', 'v1alpha'] as const)('is asked by templates, found by reflection %s', async (reflection) => {
    const { adapter, standIn } = await start({ methods: [complete('Say'), chat, embed] }, { reflection })
    const sampling = { temperature: 0.5, maxTokens: 2, topK: 3, stop: ['x'] }
    const request = ask(newComplete('one two three', { sampling }))
    expect(await fold(adapter.infer(request))).toEqual({
      model: 'acme',
      choices: [{ index: 0, text: 'one two', finishReason: 'length' }],
      usage: { inputTokens: 3, outputTokens: 2 },
    })
    expect(standIn.requests.at(-1)).toMatchObject({
      prompt: 'one two three',
      limit: 2,
      heat: 0.5,
      ends: ['x'],
    })
    expect(request.trace.warnings).toEqual(["'top_k' has no place in requestTemplate and was left out."])
    expect((await fold(adapter.infer(ask(newChat('Hello'))))).choices[0]?.text).toBe('Hello')
    const { embeddings } = await fold(adapter.infer(ask(newEmbed(['a', 'b']))))
    expect(embeddings?.map((vector) => vector.length)).toEqual([4, 4])
    expect(await adapter.models(signal)).toEqual([
      { name: 'acme', operations: ['complete', 'chat', 'embed'] },
    ])
    expect(await adapter.health(signal)).toEqual({ ok: true })
    expect(adapter.uses).toContain('acme.v1.Generator/Embed')
  })

  it('streams, to those who want the whole as well', async () => {
    const { adapter } = await start({ methods: [complete('Stream')] })
    const events = await Array.fromAsync(adapter.infer(ask(newComplete('one two'), { stream: true })))
    expect(events.map(({ type }) => type)).toEqual([
      'start',
      'text-delta',
      'text-delta',
      'finish',
      'usage',
      'end',
    ])
    expect(await fold(adapter.infer(ask(newComplete('one two'))))).toMatchObject({
      choices: [{ text: 'one two', finishReason: 'stop' }],
    })
  })

  it('fails with what its codes mean, and a stream that breaks is cut short', async () => {
    const { adapter } = await start({ methods: [complete('Say')] })
    expect(await thrownBy(adapter, ask(newComplete('fail')))).toMatchObject({
      code: 'BAD_REQUEST',
      message: 'prompt must not be "fail"',
    })
    expect(await thrownBy(adapter, ask(newChat('Hi')))).toMatchObject({ code: 'OPERATION_UNSUPPORTED' })
    expect(await thrownBy(adapter, ask(newComplete('a', { choices: 2 })))).toMatchObject({
      code: 'BAD_REQUEST',
    })
    const { adapter: streaming } = await start({ methods: [complete('Stream')] })
    expect(await thrownBy(streaming, ask(newComplete('break'), { stream: true }))).toMatchObject({
      code: 'BACKEND_INCOMPLETE',
    })
  })

  it('is told apart from what pick says of it', async () => {
    const { adapter } = await start({ methods: [{ ...complete('Say'), pick: { text: 'choices.7.text' } }] })
    expect((await thrownBy(adapter, ask(newComplete('a')))).message).toContain('no text at choices.7.text')
  })

  it.each<[string, Partial<GrpcOptions>, GrpcStandInOptions, RegExp]>([
    [
      'a service that is not there',
      { methods: [{ ...chat, method: 'acme.v2.Generator/Say' }] },
      {},
      /no service acme\.v2\.Generator; there are acme\.v1\.Generator/,
    ],
    [
      'a method that is not there',
      { methods: [complete('Shout')] },
      {},
      /no method Shout; it has Say, Stream, Embed, Collect/,
    ],
    [
      'a method of another kind',
      { methods: [complete('Collect')] },
      {},
      /takes a stream and gives one answer/,
    ],
    [
      'a variable that there is not',
      { methods: [{ ...chat, requestTemplate: { prompt: '{{promt}}' } }] },
      {},
      /\{\{promt\}\}/,
    ],
    ['a server without reflection', { methods: [chat] }, { reflection: null }, /no server reflection/],
    [
      'no methods for a foreign service',
      {},
      {},
      /no service mcpd\.adapter\.v1\.Adapter; it has acme\.v1\.Generator/,
    ],
  ])('is refused with the reason: %s', async (_, options, given, words) => {
    const { adapter } = await start(options, given)
    await expect(adapter.ready).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(words),
    })
    expect(await adapter.health(signal)).toMatchObject({ ok: false, detail: expect.stringMatching(words) })
  })
})

describe('an adapter behind gRPC', () => {
  it('may come later, go, and come back as another', async () => {
    const load = async () => adapterOf(hostFixture, { greeting: 'hi' })
    const first = await startGrpcStandIn({ load })
    const port = Number(first.address.split(':')[1])
    await first.close()
    const adapter = connect(first.address)
    await adapter.ready
    expect(await adapter.health(signal)).toMatchObject({ ok: false })
    expect(await thrownBy(adapter, ask(newChat('Hi')))).toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    const second = await startGrpcStandIn({ load, port })
    await expect.poll(() => adapter.health(signal)).toMatchObject({ ok: true })
    expect((await fold(adapter.infer(ask(newChat('Hi'))))).choices[0]?.text).toBe('hi')
    await second.close()
    await expect.poll(() => adapter.health(signal)).toMatchObject({ ok: false })
    const third = await startGrpcStandIn({
      load: async () => adapterOf(hostFixture, { greeting: 'hello again' }),
      port,
    })
    closing.push(third.close)
    await expect.poll(() => adapter.health(signal)).toMatchObject({ ok: true })
    expect((await fold(adapter.infer(ask(newChat('Hi'))))).choices[0]?.text).toBe('hello again')
  })

  it('is stopped by the signal of its request before it has told of itself', async () => {
    const { adapter } = await start({}, { load: () => new Promise(() => undefined) })
    const reason = new Error('Enough.')
    const gone = new AbortController()
    const asked = thrownBy(adapter, ask(newChat('Hi'), { signal: gone.signal }))
    gone.abort(reason)
    expect(await asked).toBe(reason)
  })
})
