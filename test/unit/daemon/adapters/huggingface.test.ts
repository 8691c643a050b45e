import { afterEach, describe, expect, it } from 'vitest'
import {
  type HuggingFaceStandIn,
  type HuggingFaceStandInOptions,
  startHuggingFaceStandIn,
} from '../../../../fixtures/huggingface-stand-in.ts'
import { startOpenAiStandIn } from '../../../../fixtures/openai-stand-in.ts'
import { newChat, newComplete, newEmbed, newRerank } from '../../../../src/conformance/request.ts'
import type { Adapter } from '../../../../src/core/adapter.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { InferenceRequest, Input } from '../../../../src/core/inference.ts'
import huggingface from '../../../../src/daemon/adapters/huggingface/index.ts'
import type { HuggingFaceOptions } from '../../../../src/daemon/adapters/huggingface/options.ts'
import { createTransport } from '../../../../src/daemon/transport.ts'
import { newRequest } from '../../../harness/request.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const signal = new AbortController().signal

const adapterAt = (url: string, options: Partial<HuggingFaceOptions> = {}): Adapter => {
  const adapter = huggingface.create(
    { url, loadingWait: '0ms', ...options },
    {
      name: 'hub',
      connect: (base) => createTransport(base, { connectionsMax: 8, connectTimeoutMs: 5000 }),
      log: () => undefined,
    },
  )
  closing.push(() => adapter.close())
  return adapter
}

const start = async (
  standInOptions: HuggingFaceStandInOptions,
  options: Partial<HuggingFaceOptions> = {},
): Promise<{ adapter: Adapter; standIn: HuggingFaceStandIn }> => {
  const standIn = await startHuggingFaceStandIn(standInOptions)
  closing.push(() => standIn.close())
  return { adapter: adapterAt(standIn.url, options), standIn }
}

const ask = (adapter: Adapter, input: Input, more: Partial<InferenceRequest> = {}) =>
  fold(adapter.infer(newRequest({ model: 'org/stand-in', input, stream: false, ...more })))

const refusalOf = async (answer: Promise<unknown>): Promise<McpdError> => {
  const error: unknown = await answer.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(McpdError)
  return error as McpdError
}

describe('what is at an address', () => {
  it.each([
    ['a router', { kind: 'router' }, ['chat', 'embed']],
    ['a TGI', { kind: 'tgi' }, ['chat', 'complete', 'tokenize']],
    ['a TEI that embeds', { kind: 'tei' }, ['embed', 'tokenize']],
    ['a TEI that ranks', { kind: 'tei', task: 'reranker' }, ['rerank', 'tokenize']],
  ] as const)('is found to be %s', async (_, standInOptions, operations) => {
    const { adapter } = await start(standInOptions)
    expect(await adapter.health(signal)).toMatchObject({ ok: true })
    await adapter.models(signal)
    expect(adapter.operations).toEqual(operations)
  })

  it('is found to be another container that serves the OpenAI API', async () => {
    const standIn = await startOpenAiStandIn({ runtime: 'none' })
    closing.push(() => standIn.close())
    const adapter = adapterAt(standIn.url)
    expect(await adapter.models(signal)).toMatchObject([{ name: 'stand-in' }, { name: 'stand-in/tiny:1b' }])
    const { choices } = await ask(adapter, newChat('Hello.'), { model: 'stand-in' })
    expect(choices[0]!.text).toBe('Hello.')
  })

  it('is the router where the name says so, without asking', async () => {
    const adapter = adapterAt('https://router.huggingface.co/v1', { models: ['org/m'] })
    expect(await adapter.models(signal)).toEqual([{ name: 'org/m', operations: ['chat'] }])
  })

  it('is none of them', async () => {
    const { adapter } = await start({ kind: 'router' }, { kind: 'tgi' })
    expect(await adapter.health(signal)).toMatchObject({ ok: false })
    const nobody = adapterAt('http://127.0.0.1:1')
    expect(await nobody.health(signal)).toMatchObject({ ok: false, detail: /cannot be reached/ as never })
  })

  it('may sleep, and is not woken by looks at it', async () => {
    const { adapter, standIn } = await start({}, { scaleToZero: true, models: ['org/stand-in'] })
    expect(await adapter.health(signal)).toMatchObject({ ok: true })
    expect(await adapter.models(signal)).toMatchObject([{ name: 'org/stand-in' }])
    expect(await adapter.metrics!(signal)).toEqual({})
    expect(standIn.requests).toEqual([])
    expect(() => adapterAt(standIn.url, { scaleToZero: true })).toThrow(/needs models/)
  })
})

describe('what is loading or asleep', () => {
  it('is waited for, also before it is known what it is', async () => {
    const { adapter, standIn } = await start(
      { asleepFor: 2 },
      { loadingWait: '20s', models: ['org/stand-in'] },
    )
    const { choices } = await ask(adapter, newChat('Good morning.'))
    expect(choices[0]!.text).toBe('Good morning.')
    expect(standIn.requests.length).toBeGreaterThan(3)
  }, 30_000)

  it('is given up after the wait of the config', async () => {
    const { adapter, standIn } = await start({ asleepFor: 1000 }, { kind: 'tgi', models: ['org/stand-in'] })
    const error = await refusalOf(ask(adapter, newChat('Good morning.')))
    expect(error.code).toBe('BACKEND_UNAVAILABLE')
    expect(standIn.requests).toHaveLength(1)
  })

  it('says how long it will take', async () => {
    const { adapter } = await start({ kind: 'router' })
    const error = await refusalOf(ask(adapter, newChat('Hi'), { model: 'fault/loading' }))
    expect(error).toMatchObject({ code: 'BACKEND_UNAVAILABLE', details: { retryAfterSeconds: 1 } })
  })

  it('is no longer waited for when the client has gone', async () => {
    const { adapter } = await start(
      { asleepFor: 1000 },
      { kind: 'tgi', loadingWait: '1h', models: ['org/stand-in'] },
    )
    const gone = new AbortController()
    const answer = refusalOf(ask(adapter, newChat('Hi'), { signal: gone.signal }))
    gone.abort(new McpdError('CANCELLED', 'The client went away.'))
    expect((await answer).code).toBe('CANCELLED')
  })
})

describe('the router', () => {
  it('gets the model first, the provider behind it, and who pays', async () => {
    const { adapter, standIn } = await start(
      { kind: 'router', apiKey: 'hf_x' },
      { apiKey: 'hf_x', billTo: 'acme' },
    )
    const sent = '{"stream":false, "messages":[{"role":"user","content":"Hi"}] ,"model":"x","seed":1.0}'
    const body = JSON.parse(sent) as Record<string, unknown>
    const frame = { dialect: 'openai', bytes: Buffer.from(sent), body }
    const model = 'org/stand-in:groq'
    const { choices } = await ask(adapter, newChat('Hi'), { model, frame })
    expect(choices[0]!.text).toBe('Hi')
    const received = standIn.requests.at(-1)!
    expect(received.body.toString()).toBe(
      '{"model":"org/stand-in:groq","stream":false, "messages":[{"role":"user","content":"Hi"}] ,"seed":1.0}',
    )
    expect(received.headers).toMatchObject({ authorization: 'Bearer hf_x', 'x-hf-bill-to': 'acme' })
  })

  it('lists models by their name and by each provider that serves them', async () => {
    const { adapter } = await start({ kind: 'router' })
    expect(await adapter.models(signal)).toMatchObject([
      { name: 'org/stand-in' },
      { name: 'org/stand-in:groq', contextLength: 4096 },
      { name: 'org/stand-in:together' },
    ])
    expect(adapter.variantOf!('org/stand-in:fastest')).toBe('org/stand-in')
    expect(adapter.variantOf!('org/stand-in')).toBeUndefined()
  })

  it('makes vectors by the pipeline of hf-inference', async () => {
    const { adapter } = await start({ kind: 'router' })
    const { embeddings } = await ask(adapter, newEmbed(['a', 'b']))
    expect(embeddings!.map((vector) => vector.length)).toEqual([8, 8])
  })

  it.each([
    ['refuse-401', undefined, /hf|HF_TOKEN/],
    ['refuse-401', 'hf_x', /unknown or has expired/],
    ['refuse-402', 'hf_x', /no credits left/],
    ['refuse-403', 'hf_x', /Make calls to Inference Providers/],
  ] as const)('says what to do about %s', async (fault, apiKey, words) => {
    const { adapter } = await start({ kind: 'router' }, apiKey === undefined ? {} : { apiKey })
    const error = await refusalOf(ask(adapter, newChat('Hi'), { model: `fault/${fault}` }))
    expect(error.code).toBe('BACKEND_ERROR')
    expect(error.details.suggestions!.join(' ')).toMatch(words)
    expect(error.message).not.toContain('password')
  })

  it.each([
    ['html', /web page/],
    ['502', /answered 502/],
  ])('is told when a provider answers %s', async (fault, words) => {
    const { adapter } = await start({ kind: 'router' })
    for (const stream of [false, true]) {
      const error = await refusalOf(ask(adapter, newChat('Hi'), { model: `fault/${fault}:groq`, stream }))
      expect(error.code).toBe(fault === 'html' ? 'BACKEND_ERROR' : 'BACKEND_UNAVAILABLE')
      expect(error.message).toMatch(words)
      expect(error.message).not.toContain('<')
    }
  })
})

describe('a TGI', () => {
  it('is asked natively for texts, and greedily for a temperature of 0', async () => {
    const { adapter, standIn } = await start({})
    const input = newComplete('Once', {
      sampling: { temperature: 0, topP: 1, maxTokens: 3, seed: 4, stop: ['END'] },
      extra: { grammar: { type: 'regex', value: 'a+' } },
    })
    const whole = await ask(adapter, input)
    expect(JSON.parse(standIn.requests.at(-1)!.body.toString())).toEqual({
      inputs: 'Once',
      parameters: {
        max_new_tokens: 3,
        do_sample: false,
        seed: 4,
        stop: ['END'],
        grammar: { type: 'regex', value: 'a+' },
        details: true,
      },
    })
    expect(whole).toMatchObject({
      choices: [{ text: 'the quick brown', finishReason: 'length' }],
      usage: { inputTokens: 1, outputTokens: 3 },
      timings: { generateMs: 1 },
    })
    const streamed = await ask(adapter, input, { stream: true })
    expect(streamed.choices).toEqual(whole.choices)
    expect(streamed.usage).toEqual(whole.usage)
    const echoed = await ask(adapter, { ...input, echo: true }, { stream: true })
    expect(echoed.choices[0]!.text).toBe('Oncethe quick brown')
  })

  it('says inside a 200 what it refuses', async () => {
    const { adapter } = await start({})
    const input = newComplete('Once', { sampling: { temperature: -1, maxTokens: 3 } })
    for (const stream of [false, true]) {
      const error = await refusalOf(ask(adapter, input, { stream }))
      expect(error).toMatchObject({ code: 'BAD_REQUEST', status: 422 })
    }
    const overloaded = await refusalOf(ask(adapter, newComplete('fault/refuse-429-bare')))
    expect(overloaded.code).toBe('RATE_LIMITED')
    for (const [fault, code] of [
      ['error-mid-stream', 'BACKEND_ERROR'],
      ['end-without-end', 'BACKEND_INCOMPLETE'],
      ['malformed-event', 'BACKEND_ERROR'],
      ['cut-mid-stream', 'BACKEND_INCOMPLETE'],
    ] as const)
      expect((await refusalOf(ask(adapter, newComplete(`fault/${fault}`), { stream: true }))).code).toBe(code)
  })

  it('refuses the wrong key without a word', async () => {
    const { adapter } = await start({ apiKey: 'right' }, { apiKey: 'wrong' })
    const error = await refusalOf(ask(adapter, newChat('Hi')))
    expect(error.code).toBe('BACKEND_ERROR')
    expect(error.message).toContain('401')
  })

  it('answers to its own name only, or to that of the config', async () => {
    const { adapter } = await start({ model: '/repository' })
    expect((await refusalOf(ask(adapter, newChat('Hi'), { model: 'gpt' }))).code).toBe('MODEL_NOT_FOUND')
    const named = await start({ model: '/repository' }, { models: ['org/llama'] })
    const { choices } = await ask(named.adapter, newChat('Hi'), { model: 'org/llama' })
    expect(choices[0]!.text).toBe('Hi')
  })

  it('counts the tokens of texts and of conversations, and tells its load', async () => {
    const { adapter } = await start({})
    const text = await ask(adapter, { operation: 'tokenize', text: 'one two three' })
    expect(text.tokens).toHaveLength(3)
    const talk = await ask(adapter, {
      operation: 'tokenize',
      messages: [{ role: 'user', content: 'one two' }],
    })
    expect(talk.tokens).toHaveLength(2)
    expect(await adapter.metrics!(signal)).toEqual({ requests_running: 2, requests_waiting: 3 })
    expect(await adapter.health(signal)).toEqual({ ok: true, version: '3.3.6' })
  })
})

describe('a TEI', () => {
  it('gets as many texts at a time as it takes, and its vectors stay in order', async () => {
    const { adapter, standIn } = await start({ kind: 'tei', batchMax: 3 })
    const texts = Array.from({ length: 14 }, (_, index) => `text ${index}`)
    const { embeddings, usage } = await ask(adapter, newEmbed(texts, { dimensions: 4 }))
    const sizes = standIn.requests
      .filter(({ path }) => path === '/embed')
      .map(({ body }) => (JSON.parse(body.toString()) as { inputs: unknown[] }).inputs.length)
    expect(sizes.toSorted((left, right) => left - right)).toEqual([2, 3, 3, 3, 3])
    for (const [index, text] of texts.entries())
      expect((await ask(adapter, newEmbed([text], { dimensions: 4 }))).embeddings![0]).toEqual(
        embeddings![index],
      )
    expect(usage).toEqual({ inputTokens: 28, outputTokens: 0 })
  })

  it('ranks documents of several parts together', async () => {
    const { adapter } = await start({ kind: 'tei', task: 'reranker', batchMax: 2 })
    const documents = ['a b', 'sea', 'the deep sea', 'how', 'how deep is the sea']
    const { ranking } = await ask(adapter, newRerank('how deep is the sea', documents, { topN: 2 }))
    expect(ranking!.map(({ index }) => index)).toEqual([4, 2])
  })

  it('cannot do what its model is not for, nor count a conversation', async () => {
    const { adapter } = await start({ kind: 'tei' })
    const ranking = await refusalOf(ask(adapter, newRerank('a', ['b'])))
    expect(ranking.code).toBe('OPERATION_UNSUPPORTED')
    const messages = [{ role: 'user', content: 'Hi' }] as const
    const counting = await refusalOf(ask(adapter, { operation: 'tokenize', messages }))
    expect(counting).toMatchObject({ code: 'BAD_REQUEST', details: { param: 'messages' } })
  })
})
