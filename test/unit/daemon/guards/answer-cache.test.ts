import { zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { AnswerCacheConfig } from '../../../../src/core/cache-config.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import { fold } from '../../../../src/core/fold.ts'
import type { Frame, InferenceEvent, InferenceRequest, Invoke } from '../../../../src/core/inference.ts'
import { newTrace } from '../../../../src/core/trace.ts'
import { createLruStore } from '../../../../src/daemon/contexts/cache/lru-store.ts'
import { strictKeyv, type TextCache } from '../../../../src/daemon/contexts/cache/strict-keyv.ts'
import { answerCacheGuard } from '../../../../src/daemon/guards/answer-cache.ts'
import { Registry } from '../../../../src/daemon/registry.ts'
import { fakeBackend } from '../../../harness/backend.ts'
import { answering, drain, newRequest, text } from '../../../harness/request.ts'

const start: InferenceEvent = { type: 'start', model: 'm', id: 'x' }
const finish: InferenceEvent = { type: 'finish', index: 0, reason: 'stop' }
const usage: InferenceEvent = { type: 'usage', usage: { inputTokens: 7, outputTokens: 2 } }
const end: InferenceEvent = { type: 'end' }
const hello = [start, text('hel'), text('lo'), finish, usage, end]

const memory = (): TextCache => strictKeyv({ namespace: 'answers', open: () => createLruStore() })
const hour: AnswerCacheConfig = { ttlMs: 3_600_000, bodyMaxBytes: 100_000 }

interface Given {
  readonly cache?: AnswerCacheConfig | undefined
  readonly answers?: TextCache
  /** What the backend says, each time. */
  readonly says?: Invoke
  /** Of the backend, such as another of the same name. */
  readonly options?: Readonly<Record<string, unknown>>
}

/** A group `g` of one backend behind the guard, and how often the backend was asked. */
const create = async ({
  cache = hour,
  answers = memory(),
  says = answering(...hello),
  options = {},
}: Given = {}) => {
  const backend = await fakeBackend({ name: 'b' })
  const config = { ...backend.config, options }
  const registry = new Registry(
    [{ ...backend, config, find: (name) => backend.find(name) }],
    ['openai'],
    [
      {
        name: 'g',
        targets: [{ backend: 'b', model: 'm', weight: 1 }],
        strategy: 'p2c',
        stickyBy: 'user',
        cache,
      },
    ],
  )
  let asked = 0
  let nowMs = 1_000_000
  const guard = answerCacheGuard({ registry, answers, now: () => 5, clock: () => nowMs })
  const invoke = guard(async function* (request) {
    asked += 1
    Object.assign(request.trace, { adapter: 'openai', backend: 'b', model: 'm' })
    yield* says(request)
  })
  const ask = async (given: Partial<InferenceRequest> = {}) => {
    const request = newRequest({ model: 'g', trace: newTrace('test', 0), ...given })
    const events = await drain(invoke(request))
    return { events, trace: request.trace, cache: request.trace.cache }
  }
  return {
    ask,
    asked: () => asked,
    later: (ms: number) => {
      nowMs += ms
    },
  }
}

const headed = (control: string) => ({
  header: (name: string) => (name === 'cache-control' ? control : undefined),
})
const chat = newRequest().input as Extract<InferenceRequest['input'], { operation: 'chat' }>

describe('the cache of answers', () => {
  it('gives an answer again without asking, with who gave it and what he said', async () => {
    const says: Invoke = async function* ({ trace }) {
      trace.warnings.push('top_k was left out.')
      yield* hello
    }
    const { ask, asked } = await create({ says })
    const first = await ask()
    expect([first.cache, first.events]).toEqual(['miss', hello])
    const { cache, events, trace } = await ask()
    expect(cache).toBe('hit')
    expect(events).toEqual([start, text('hello'), finish, usage, end])
    expect(trace).toMatchObject({
      adapter: 'openai',
      backend: 'b',
      model: 'm',
      attempts: 0,
      firstContentMs: 5,
      warnings: ['top_k was left out.'],
    })
    expect(asked()).toBe(1)
  })

  it('answers a stream from what was whole, and the other way round', async () => {
    const { ask, asked } = await create()
    await ask({ stream: true })
    const { events } = await ask({ stream: false })
    expect(events.map(({ type }) => type)).toEqual(['whole'])
    expect((events[0] as { usage?: unknown }).usage).toEqual({ inputTokens: 7, outputTokens: 2 })
    const response = await fold(answering(...hello)(newRequest()))
    expect(await fold(answering(...events)(newRequest()))).toEqual(response)
    const whole = await create({ says: answering({ type: 'whole', response: () => response }) })
    await whole.ask({ stream: false })
    expect((await whole.ask({ stream: true })).events).toEqual([start, text('hello'), finish, usage, end])
    expect([asked(), whole.asked()]).toEqual([1, 1])
  })

  it('gives bytes of the client dialect again as they came, to requests of the same form alone', async () => {
    const frames = hello.map((_, at): Frame => ({
      dialect: 'openai',
      bytes: Buffer.from(`data: ü${at}\n\n`),
    }))
    const framed = hello.map((event, at) => ({ ...event, frame: frames[at] }) as InferenceEvent)
    framed.splice(2, 0, { type: 'other', frame: { dialect: 'openai', bytes: Buffer.from(': ping\n\n') } })
    const { ask, asked } = await create({ says: answering(...framed) })
    const body = { model: 'g', stream: true, messages: [] }
    const frame = { dialect: 'openai', bytes: Buffer.from('{}'), body }
    await ask({ frame, stream: true })
    const again = await ask({ frame: { ...frame, body: { messages: [], stream: true, model: 'other' } } })
    expect([again.cache, again.events]).toEqual(['hit', framed])
    expect((await ask({ frame, stream: false })).cache).toBe('miss')
    expect(asked()).toBe(2)
  })

  it.each<[string, Partial<InferenceRequest>]>([
    ['another tenant', { principal: { tenant: 'other', keyId: 'default', scopes: [] } }],
    ['another message', { input: { ...chat, messages: [{ role: 'user', content: 'hello!' }] } }],
    ['another parameter', { input: { ...chat, sampling: { temperature: 0.1 } } }],
    ['another member that only the backend knows', { input: { ...chat, extra: { guided_regex: 'a' } } }],
    ['another operation', { input: { operation: 'complete', prompts: ['hello'], sampling: {}, extra: {} } }],
    ['another dialect', { frame: { dialect: 'openai', bytes: Buffer.from('{}'), body: {} } }],
  ])('never answers %s', async (_, other) => {
    const { ask, asked } = await create()
    await ask()
    expect((await ask(other)).cache).toBe('miss')
    expect((await ask({ id: 'req_2', signal: new AbortController().signal })).cache).toBe('hit')
    expect(asked()).toBe(2)
  })

  it('tells numbers apart that are one when they are parsed', async () => {
    const { ask } = await create()
    const seeded = (seed: string) => {
      const bytes = Buffer.from(`{"seed":${seed}}`)
      return { frame: { dialect: 'openai', bytes, body: JSON.parse(bytes.toString()) as object as never } }
    }
    await ask(seeded('9007199254740993'))
    expect((await ask(seeded('9007199254740992'))).cache).toBe('miss')
    expect((await ask(seeded('9007199254740993'))).cache).toBe('hit')
  })

  it('knows a backend of another daemon that has the same name, but not by its key', async () => {
    const answers = memory()
    const one = await create({
      answers,
      options: { url: 'http://a', apiKey: 'k1', headers: { authorization: 'x' } },
    })
    const two = await create({ answers, options: { url: 'http://b', apiKey: 'k1' } })
    const same = await create({
      answers,
      options: { url: 'http://a', apiKey: 'k2', headers: { authorization: 'y' } },
    })
    await one.ask()
    // Waits until it is kept, which others do not.
    expect((await one.ask()).cache).toBe('hit')
    expect((await two.ask()).cache).toBe('miss')
    expect((await same.ask()).cache).toBe('hit')
  })

  it.each<[string, Partial<InferenceRequest>]>([
    ['that goes on with a conversation', { context: { id: 'c', onConflict: 'reject' } }],
    ['that says no-store', headed('No-Store')],
    ['with tools that the backend runs', { input: { ...chat, extra: { tools: [{ type: 'web_search' }] } } }],
    ['with tools of Anthropic', { input: { ...chat, extra: { 'tools[].bash_1': { type: 'bash_1' } } } }],
    ['that the backend is to store', { input: { ...chat, extra: { store: true } } }],
    ['for tokens', { input: { operation: 'tokenize', text: 'a' } }],
    ['without a canonical form', { input: { ...chat, extra: { n: Infinity } } }],
  ])('passes by a request %s', async (_, given) => {
    const { ask, asked } = await create()
    expect([(await ask(given)).cache, (await ask(given)).cache, asked()]).toEqual(['bypass', 'bypass', 2])
  })

  it('keeps a new answer for no-cache', async () => {
    let said = 0
    const says: Invoke = (request) => answering(start, text(String((said += 1))), finish, end)(request)
    const { ask } = await create({ says })
    await ask()
    expect((await ask(headed('no-cache'))).cache).toBe('bypass')
    expect((await ask()).events).toContainEqual(text('2'))
    expect((await ask(headed('max-age=600'))).cache).toBe('hit')
  })

  it.each<[string, Invoke]>([
    ['broke off', answering(start, text('a'), new McpdError('BACKEND_INCOMPLETE', 'gone'))],
    ['has no end', answering(start, text('a'), finish)],
    [
      'was filtered',
      answering(start, text('a'), { type: 'finish', index: 0, reason: 'content-filter' }, end),
    ],
    ['says not why it ended', answering(start, text('a'), end)],
    ['is empty', answering(start, end)],
    [
      'is too large',
      answering(start, ...Array.from({ length: 11 }, () => text('x'.repeat(10_000))), finish, end),
    ],
    [
      'has an impossible token',
      answering(
        start,
        { type: 'text-delta', index: 0, text: 'a', logprobs: [{ token: 'a', logprob: -Infinity }] },
        finish,
        end,
      ),
    ],
    [
      'is unreadable',
      answering({
        type: 'whole',
        response: () => {
          throw new Error('unreadable')
        },
      }),
    ],
  ])('keeps no answer that %s', async (_, says) => {
    const { ask, asked } = await create({ says })
    const said = async () => {
      try {
        return (await ask()).events.map(({ type }) => type)
      } catch (error) {
        return (error as Error).message
      }
    }
    const first = await said()
    expect(await said()).toEqual(first)
    expect(first).not.toBe('unreadable')
    expect(asked()).toBe(2)
  })

  it('keeps nothing of a client that went away', async () => {
    const { ask, asked } = await create({
      says: async function* () {
        yield* hello.slice(0, 2)
        throw new McpdError('CANCELLED', 'gone')
      },
    })
    await expect(ask()).rejects.toThrow('gone')
    await expect(ask()).rejects.toThrow('gone')
    expect(asked()).toBe(2)
  })

  it('forgets an answer after its time, and one that is from the future', async () => {
    const { ask, later } = await create()
    await ask()
    later(3_599_999)
    expect((await ask()).cache).toBe('hit')
    later(1)
    expect((await ask()).cache).toBe('miss')
    later(-7_200_000)
    expect((await ask()).cache).toBe('miss')
  })

  it('takes a broken cache, and one that holds something else, for a miss', async () => {
    const gone = async (): Promise<never> => {
      throw new Error('gone')
    }
    const broken = await create({ answers: { get: gone, set: gone, close: gone } })
    expect([(await broken.ask()).cache, (await broken.ask()).cache]).toEqual(['miss', 'miss'])
    const zstd = (value: unknown): string => zstdCompressSync(JSON.stringify(value)).toString('base64')
    for (const held of [
      '',
      'no base64!',
      Buffer.from('no zstd').toString('base64'),
      zstd(null),
      zstd({ at: 1_000_000, response: { choices: [{}] } }),
      zstd({
        at: 1_000_000,
        adapter: '',
        backend: '',
        model: '',
        warnings: [],
        response: { model: '', choices: [] },
        verbatim: {},
      }),
    ]) {
      const odd = await create({
        answers: { get: async (keys) => keys.map(() => held), set: async () => undefined, close: gone },
      })
      expect((await odd.ask()).events).toEqual(hello)
    }
  })

  it('does not touch a route without it', async () => {
    const backend = await fakeBackend({ name: 'b' })
    const registry = new Registry([backend], ['openai'])
    const answers = memory()
    const next: Invoke = answering(...hello)
    const request = newRequest({ model: 'm' })
    const guarded = answerCacheGuard({ registry, answers, now: () => 0 })(next)
    expect(await drain(guarded(request))).toEqual(hello)
    expect(request.trace.cache).toBeUndefined()
  })
})
