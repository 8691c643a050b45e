import { describe, expect, it } from 'vitest'
import { type AdapterSuiteOptions, adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { runChecks } from '../../src/conformance/check.ts'
import { newChat, newInfer, repeatable } from '../../src/conformance/request.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import { McpdError } from '../../src/core/errors.ts'
import type {
  ChatInput,
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
} from '../../src/core/inference.ts'
import { createMemoryAdapter, memoryModel } from './memory-adapter.ts'
import { runSuite } from './run-suite.ts'

const everyOperation = ['chat', 'complete', 'embed', 'rerank', 'tokenize', 'infer'] as const
const everyModel = Object.fromEntries(everyOperation.map((operation) => [operation, memoryModel]))

const good: AdapterSuiteOptions = {
  make: async () => createMemoryAdapter(everyOperation),
  models: everyModel,
  echoes: true,
  tensors: newInfer('Hello.'),
  callsTools: true,
  unsupported: [
    { parameter: 'topK', input: newChat('Hello.', { sampling: { ...repeatable, topK: 3 } }) },
    { parameter: 'minP', input: newChat('Hello.', { sampling: { ...repeatable, minP: 0.1 } }) },
  ],
}
const chatOnly: AdapterSuiteOptions = {
  make: async () => createMemoryAdapter(['chat']),
  models: { chat: memoryModel },
}
const embedOnly: AdapterSuiteOptions = {
  make: async () => createMemoryAdapter(['embed']),
  models: { embed: memoryModel },
}

// What it is not asked is the subject of a test further down.
runSuite(
  'a good adapter',
  adapterSuite(good).filter(({ skipped }) => skipped === undefined),
)

const collect = async (options: AdapterSuiteOptions) =>
  Array.fromAsync(runChecks(adapterSuite(options), new AbortController().signal))

const namesOf = (results: readonly { name: string; outcome: string }[], outcome: string) =>
  results.filter((result) => result.outcome === outcome).map(({ name }) => name)

describe('what a good adapter is not asked', () => {
  it('is named with a reason and nothing else fails', async () => {
    const results = await collect(chatOnly)
    expect(namesOf(results, 'failed')).toEqual([])
    expect(results.filter(({ outcome }) => outcome === 'skipped').map(({ reason }) => reason)).toEqual([
      'no model for complete',
      'no model for complete',
      'no model for complete',
      'no model for complete',
      'the model calls no tools',
      'no model for embed',
      'no model for rerank',
      'no model for tokenize',
      'no model for infer',
      'no model for infer',
      'no parameter was named that the backend cannot take',
    ])
  })

  it('includes everything about streams when it only embeds', async () => {
    const results = await collect(embedOnly)
    expect(namesOf(results, 'failed')).toEqual([])
    expect(namesOf(results, 'skipped')).toContain('an abort after the first content stops the stream')
    expect(namesOf(results, 'passed')).toContain('eight requests at once each get their own answer')
  })

  it('includes every operation when it has every operation', async () => {
    expect(namesOf(await collect(good), 'skipped')).toEqual([
      'an operation the adapter does not have is refused as OPERATION_UNSUPPORTED',
    ])
  })
})

describe('runChecks', () => {
  it('throws the reason of its signal', async () => {
    const reason = new McpdError('CANCELLED', 'Enough.')
    await expect(Array.fromAsync(runChecks(adapterSuite(good), AbortSignal.abort(reason)))).rejects.toBe(
      reason,
    )
  })
})

// ---- broken adapters ----

type Events = AsyncIterable<InferenceEvent>
type Break = (adapter: Adapter) => Partial<Adapter>

/** Rewrites each event; `undefined` drops it, a list replaces it. */
const rewriting =
  (
    rewrite: (
      event: InferenceEvent,
      request: InferenceRequest,
    ) => InferenceEvent | readonly InferenceEvent[] | undefined,
  ): Break =>
  (adapter) => ({
    async *infer(request) {
      for await (const event of adapter.infer(request)) yield* [rewrite(event, request) ?? []].flat()
    },
  })

const changingWhole = (change: (response: InferenceResponse) => Partial<InferenceResponse>): Break =>
  rewriting((event) => {
    if (event.type !== 'whole') return event
    const response = event.response()
    return { ...event, response: () => ({ ...response, ...change(response) }) }
  })

const inferring =
  (infer: (request: InferenceRequest, adapter: Adapter) => Events): Break =>
  (adapter) => ({
    infer: (request) => infer(request, adapter),
  })

const ignoringSignal = (request: InferenceRequest): InferenceRequest => ({
  ...request,
  signal: new AbortController().signal,
})

const dropping = (type: InferenceEvent['type']): Break =>
  rewriting((event) => (event.type === type ? undefined : event))
const doubling = (type: InferenceEvent['type']): Break =>
  rewriting((event) => (event.type === type ? [event, event] : event))
const never = new Promise<never>(() => {})
const first = new WeakMap<Adapter, InferenceRequest>()

const streamed = 'chat: a streamed answer follows the event grammar'
const unary = 'chat: a unary answer follows the event grammar'
const equal = 'chat: streamed and unary answers are equal'
const completes = 'complete: streamed and unary answers are equal'

/** Each breakage and the check that must notice it. */
const broken: readonly [check: string, what: string, Break][] = [
  [
    'specVersion is 1 and the operations are those that models were given for',
    'names an operation too few',
    () => ({ operations: ['chat', 'complete', 'embed'] }),
  ],
  ['models() lists the models with their operations', 'lists no model', () => ({ models: async () => [] })],
  [
    'models() lists the models with their operations',
    'lists a model twice',
    (adapter) => ({
      models: async (signal) => {
        const models = await adapter.models(signal)
        return [...models, ...models]
      },
    }),
  ],
  ['models() lists the models with their operations', 'hangs', () => ({ models: () => never })],
  [
    'health() says that the backend is well',
    'is unwell',
    () => ({ health: async () => ({ ok: false, detail: 'fever' }) }),
  ],
  [streamed, 'starts twice', doubling('start')],
  [streamed, 'does not start', dropping('start')],
  [streamed, 'ends twice', doubling('end')],
  [streamed, 'does not end', dropping('end')],
  [streamed, 'finishes twice', doubling('finish')],
  [streamed, 'does not finish', dropping('finish')],
  [streamed, 'says its usage twice', doubling('usage')],
  [
    streamed,
    'uses half a token',
    rewriting((event) =>
      event.type === 'usage' ? { type: 'usage', usage: { inputTokens: 0.5, outputTokens: 1 } } : event,
    ),
  ],
  [
    streamed,
    'goes on after the finish',
    rewriting((event) =>
      event.type === 'finish' ? [event, { type: 'text-delta', index: event.index, text: 'more' }] : event,
    ),
  ],
  [
    streamed,
    'embeds in a chat',
    rewriting((event) =>
      event.type === 'finish' ? [{ type: 'embedding', index: 0, values: [1] }, event] : event,
    ),
  ],
  [
    streamed,
    'numbers a choice -1',
    rewriting((event) => (event.type === 'text-delta' ? { ...event, index: -1 } : event)),
  ],
  [
    'complete: a streamed answer follows the event grammar',
    'sends a whole and then an end',
    inferring(async function* (request, adapter) {
      yield* adapter.infer({ ...request, stream: false })
      yield { type: 'end' }
    }),
  ],
  [unary, 'answers no choice', changingWhole(() => ({ choices: [] }))],
  [
    unary,
    'numbers two choices alike',
    changingWhole(({ choices }) => ({ choices: [...choices, ...choices] })),
  ],
  [
    unary,
    'takes tokens from nowhere',
    changingWhole(() => ({ usage: { inputTokens: 1, outputTokens: 1, cachedTokens: 2 } })),
  ],
  [
    unary,
    'reasons more than it answers',
    changingWhole(() => ({ usage: { inputTokens: 1, outputTokens: 1, reasoningTokens: 2 } })),
  ],
  [
    unary,
    'never answers',
    inferring(async function* () {
      await never
      yield { type: 'end' }
    }),
  ],
  [unary, 'answers nothing', inferring(async function* () {})],
  [
    'complete: a unary answer follows the event grammar',
    'answers no choice',
    changingWhole(() => ({ choices: [] })),
  ],
  [
    equal,
    'drops reasoning from the stream',
    rewriting((event) => (event.type === 'reasoning-delta' ? undefined : event)),
  ],
  [
    equal,
    'finishes otherwise in the stream',
    rewriting((event) => (event.type === 'finish' ? { ...event, reason: 'length' } : event)),
  ],
  [
    equal,
    'counts otherwise in the stream',
    rewriting((event) =>
      event.type === 'usage' ? { type: 'usage', usage: { inputTokens: 9, outputTokens: 3 } } : event,
    ),
  ],
  [
    equal,
    'calls the model otherwise in the stream',
    rewriting((event) => (event.type === 'start' ? { ...event, model: 'other' } : event)),
  ],
  [
    completes,
    'trims the stream',
    rewriting((event) => (event.type === 'text-delta' ? { ...event, text: event.text.trim() + '!' } : event)),
  ],
  [
    'chat: two choices are given, refused or warned of',
    'gives one choice in silence',
    inferring((request, adapter) =>
      adapter.infer({ ...request, input: { ...request.input, choices: 1 } as ChatInput }),
    ),
  ],
  [
    'complete: two choices are given, refused or warned of',
    'fails with a bug of its own',
    inferring(async function* (request, adapter) {
      if ('choices' in request.input) throw new TypeError('choices is not a function')
      yield* adapter.infer(request)
    }),
  ],
  [
    'chat: tool calls are equal streamed and unary',
    'streams arguments of another call',
    rewriting((event) => (event.type === 'tool-call-delta' ? { ...event, argumentsText: '{}' } : event)),
  ],
  [
    'chat: tool calls are equal streamed and unary',
    'streams a call without an id',
    rewriting((event) => (event.type === 'tool-call-delta' ? { ...event, id: '' } : event)),
  ],
  [
    'chat: tool calls are equal streamed and unary',
    'calls nothing',
    inferring((request, adapter) => adapter.infer({ ...request, input: newChat('Hello.') })),
  ],
  [
    'chat: odd text goes through',
    'reads UTF-8 as Latin-1',
    changingWhole(({ choices }) => ({
      choices: choices.map((choice) => ({
        ...choice,
        text: Buffer.from(choice.text ?? '', 'utf8').toString('latin1'),
      })),
    })),
  ],
  [
    'broken text and a thousand stop strings are answered or refused as the client’s fault',
    'blames itself for many stop strings',
    inferring(async function* (request, adapter) {
      if ('sampling' in request.input && request.input.sampling.stop)
        throw new McpdError('INTERNAL', 'Too many.')
      yield* adapter.infer(request)
    }),
  ],
  [
    'broken text and a thousand stop strings are answered or refused as the client’s fault',
    'takes broken text for a broken backend',
    inferring(async function* (request, adapter) {
      if (JSON.stringify(request.input).includes('null:')) throw new McpdError('BACKEND_ERROR', 'What?')
      yield* adapter.infer(request)
    }),
  ],
  [
    'eight requests at once each get their own answer',
    'answers all with the first answer while one is running',
    (adapter) => {
      let running = 0
      return {
        async *infer(request) {
          running += 1
          if (running === 1) first.set(adapter, request)
          try {
            yield* adapter.infer({ ...request, input: first.get(adapter)?.input ?? request.input })
          } finally {
            running -= 1
          }
        },
      }
    },
  ],
  [
    'embed: one vector per input, in order, all of one length',
    'sorts the vectors',
    changingWhole(({ embeddings = [] }) => ({
      embeddings: embeddings.toSorted(([left = 0], [right = 0]) => left - right),
    })),
  ],
  [
    'embed: one vector per input, in order, all of one length',
    'forgets an input',
    changingWhole(({ embeddings = [] }) => ({ embeddings: embeddings.slice(1) })),
  ],
  [
    'embed: one vector per input, in order, all of one length',
    'cuts a vector short',
    changingWhole(({ embeddings = [] }) => ({
      embeddings: embeddings.map((vector, index) => vector.slice(index)),
    })),
  ],
  [
    'embed: one vector per input, in order, all of one length',
    'divides by zero',
    changingWhole(({ embeddings = [] }) => ({ embeddings: embeddings.map(() => [Number.NaN]) })),
  ],
  [
    'tokenize: the same text gives the same whole numbers',
    'counts from below zero',
    changingWhole(() => ({ tokens: [-1] })),
  ],
  [
    'tokenize: the same text gives the same whole numbers',
    'varies',
    (adapter) => {
      let count = 0
      return changingWhole(() => ({ tokens: [(count += 1)] }))(adapter)
    },
  ],
  [
    'rerank: each document once, best first, whatever their order',
    'ranks the worst first',
    changingWhole(({ ranking }) => (ranking ? { ranking: ranking.toReversed() } : {})),
  ],
  [
    'rerank: each document once, best first, whatever their order',
    'forgets a document',
    changingWhole(({ ranking }) => (ranking ? { ranking: ranking.slice(1) } : {})),
  ],
  [
    'rerank: each document once, best first, whatever their order',
    'goes by the order they come in',
    changingWhole(({ ranking }) =>
      ranking ? { ranking: ranking.map((_, index) => ({ index, score: -index })) } : {},
    ),
  ],
  [
    'infer: tensors that are what they say, the same for the same',
    'makes a shape up',
    changingWhole(({ tensors = [] }) => ({ tensors: tensors.map((tensor) => ({ ...tensor, shape: [7] })) })),
  ],
  [
    'infer: tensors that are what they say, the same for the same',
    'loses tensors of a stream',
    rewriting((event) => (event.type === 'tensors' ? { ...event, tensors: [] } : event)),
  ],
  [
    'infer: an input that the model does not have is refused as BAD_REQUEST',
    'overlooks it',
    inferring(({ input, ...request }, adapter) =>
      adapter.infer({
        ...request,
        input: input.operation === 'infer' ? { ...input, inputs: input.inputs.slice(0, 1) } : input,
      }),
    ),
  ],
  [
    'a signal aborted beforehand is thrown as it is',
    'ignores it',
    inferring((request, adapter) => adapter.infer(ignoringSignal(request))),
  ],
  [
    'a signal aborted beforehand is thrown as it is',
    'throws an error of its own',
    inferring(async function* (request, adapter) {
      if (request.signal.aborted) throw new McpdError('CANCELLED', 'Aborted.')
      yield* adapter.infer(request)
    }),
  ],
  ...([false, true] as const).map((stream): [string, string, Break] => [
    `an abort before the first event stops a ${stream ? 'streamed' : 'unary'} request`,
    'ignores the signal',
    inferring((request, adapter) =>
      adapter.infer(request.stream === stream ? ignoringSignal(request) : request),
    ),
  ]),
  [
    'an abort after the first content stops the stream',
    'ends well instead',
    inferring(async function* (request, adapter) {
      try {
        yield* adapter.infer(request)
      } catch {
        yield { type: 'end' }
      }
    }),
  ],
  [
    'leaving the stream after the first content frees the backend',
    'goes on behind the scenes',
    inferring((request, adapter) => {
      const iterator = adapter.infer(request)[Symbol.asyncIterator]()
      const leavable = {
        next: () => iterator.next(),
        return: async () => {
          const goOn = async (): Promise<void> => ((await iterator.next()).done ? undefined : goOn())
          // The close() at the end of the check is what stops it.
          void goOn().catch(() => {})
          return { done: true as const, value: undefined }
        },
      }
      return { [Symbol.asyncIterator]: () => leavable }
    }),
  ],
  [
    'leaving the stream after the first content frees the backend',
    'has no slot left after four',
    (adapter) => {
      let slots = 4
      return {
        async *infer(request) {
          if (slots === 0) await never
          if (request.stream) slots -= 1
          yield* adapter.infer(request)
          slots += 1
        },
      }
    },
  ],
  [
    'close() may be called twice, and requests fail cleanly afterwards',
    'throws the second time',
    (adapter) => {
      let count = 0
      return {
        close: async () => {
          if ((count += 1) === 2) throw new Error('Already closed.')
          await adapter.close()
        },
      }
    },
  ],
  [
    'close() may be called twice, and requests fail cleanly afterwards',
    'does not close',
    () => ({ close: async () => {} }),
  ],
  [
    'an unknown model is refused as MODEL_NOT_FOUND or BAD_REQUEST',
    'answers with another model',
    inferring((request, adapter) => adapter.infer({ ...request, model: memoryModel })),
  ],
  [
    'an unknown model is refused as MODEL_NOT_FOUND or BAD_REQUEST',
    'blames the backend',
    inferring(async function* (request, adapter) {
      if (request.model !== memoryModel) throw new McpdError('BACKEND_ERROR', 'What?')
      yield* adapter.infer(request)
    }),
  ],
  [
    'an operation the adapter does not have is refused as OPERATION_UNSUPPORTED',
    'answers with a chat',
    inferring((request, adapter) => adapter.infer({ ...request, input: newChat('Hello.') })),
  ],
  [
    'a parameter the backend cannot take is refused or warned of by name',
    'drops it in silence',
    inferring((request, adapter) => adapter.infer({ ...request, input: newChat('Hello.') })),
  ],
]

describe('a broken adapter', () => {
  it.each(broken)('fails “%s” when it %s', async (name, _what, breakage) => {
    const options = name.startsWith('an operation the adapter does not have') ? chatOnly : good
    const checks = adapterSuite({
      ...options,
      // A hang fails by its limit: the only thing it does not decide is how long that takes.
      stepMs: 500,
      make: async (signal) => {
        const subject = await options.make(signal)
        return { ...subject, adapter: { ...subject.adapter, ...breakage(subject.adapter) } }
      },
    })
    const [result] = await Array.fromAsync(
      runChecks(
        checks.filter((check) => check.name === name),
        new AbortController().signal,
      ),
    )
    expect(result).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/\w/) })
  })

  it('is there for every check of the suite', () => {
    const names = new Set(adapterSuite(good).map(({ name }) => name))
    expect(new Set(broken.map(([name]) => name))).toEqual(names)
  })
})
