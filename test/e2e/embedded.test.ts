import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat, newComplete, newEmbed, newInput, newRequest } from '../../src/conformance/request.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import { isMcpdError, McpdError } from '../../src/core/errors.ts'
import { fold } from '../../src/core/fold.ts'
import { type ChatInput, type InferenceEvent, type Input, isContent } from '../../src/core/inference.ts'
import {
  buildDemoModel,
  demoModelName,
  writeDemoModel,
} from '../../src/daemon/adapters/embedded/demo-model.ts'
import { demoAnswers, demoJson } from '../../src/daemon/adapters/embedded/demo-text.ts'
import { learnVocabulary } from '../../src/daemon/adapters/embedded/demo-tokens.ts'
import { hostInSidecar, type SidecarAdapter, type SidecarSettings } from '../../src/daemon/hosts/sidecar.ts'
import { runSuite } from '../conformance/run-suite.ts'

const open = new AbortController().signal
const directory = await mkdtemp(join(tmpdir(), 'mcpd-embedded-'))
const demoPath = join(directory, 'demo.gguf')
await writeDemoModel(demoPath)

const start = (options: object = {}, limits: SidecarSettings['limits'] = {}): SidecarAdapter =>
  hostInSidecar(
    { type: 'embedded' },
    { model: demoPath, ...options },
    {
      name: 'demo',
      log: () => undefined,
      connect: () => {
        throw new Error('not used')
      },
    },
    { limits },
  )

const adapter = start()
const missing = await adapter.ready.then(
  () => undefined,
  (error: unknown) => {
    if (isMcpdError(error) && error.code === 'RUNTIME_MISSING') return error.message
    throw error
  },
)
/** Skipped by name where llama.cpp does not run. */
const describeEmbedded = (name: string, body: () => void): void => {
  describe.skipIf(missing !== undefined)(missing === undefined ? name : `${name} (skipped: ${missing})`, body)
}

afterAll(async () => {
  await adapter.close()
  await rm(directory, { recursive: true, force: true })
})

const request = (input: Input, signal = open) =>
  newRequest({ model: demoModelName, input, stream: true, signal })

const ask = async (input: Input, from: Adapter = adapter) => {
  const asked = request(input)
  const response = await fold(from.infer(asked))
  const [choice] = response.choices
  return { ...response, ...choice, text: choice?.text ?? '', warnings: asked.trace.warnings }
}

const refusal = async (input: Input, from: Adapter = adapter): Promise<McpdError> => {
  const error: unknown = await ask(input, from).catch((thrown: unknown) => thrown)
  if (!isMcpdError(error)) throw new Error('it was not refused', { cause: error })
  return error
}

const sampling = { temperature: 0.8, maxTokens: 60 }
const hello = (seed: number, more: Partial<ChatInput> = {}): ChatInput =>
  newChat('Hello, who are you?', { sampling: { ...sampling, seed }, ...more })

/** An answer that takes hundreds of tokens, whatever the model would rather say. */
const long = newChat('Count.', {
  sampling: { temperature: 1, seed: 1 },
  responseFormat: {
    type: 'json-schema',
    name: 'numbers',
    schema: { type: 'array', items: { enum: [1, 2] }, minItems: 600 },
  },
})

describeEmbedded('chat', () => {
  it('streams words, then says why it ended and what it cost', async () => {
    const events: InferenceEvent[] = []
    for await (const event of adapter.infer(request(hello(1)))) events.push(event)
    expect(events[0]).toEqual({ type: 'start', model: demoModelName })
    expect(events.filter(isContent).length).toBeGreaterThan(1)
    expect(events.slice(-3).map(({ type }) => type)).toEqual(['finish', 'usage', 'end'])
    expect(events.at(-1)).toMatchObject({
      timings: { promptMs: expect.any(Number) as number, generateMs: expect.any(Number) as number },
    })
  })

  it('speaks in words with spaces between them', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map((seed) => ask(hello(seed))))
    expect(answers.map(({ text }) => text).join(' ')).toMatch(/[A-Za-z]+( [A-Za-z]+,?){3,}/)
  })

  it('says the same for the same seed, alone and three at a time', async () => {
    const alone = await ask(hello(7))
    const together = await Promise.all([ask(hello(7)), ask(hello(8)), ask(hello(7))])
    expect(together[0].text).toBe(alone.text)
    expect(together[2].text).toBe(alone.text)
  })

  it('says other things for other seeds, and without one', async () => {
    const seeded = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => ask(hello(seed))))
    expect(new Set(seeded.map(({ text }) => text)).size).toBeGreaterThan(1)
    const free = newChat('Hello', { sampling: { maxTokens: 60 } })
    const unseeded = await Promise.all(Array.from({ length: 6 }, () => ask(free)))
    expect(new Set(unseeded.map(({ text }) => text)).size).toBeGreaterThan(1)
  })

  it('ends before a stop text, which is no part of the answer', async () => {
    const { text } = await ask(hello(3))
    const stop = text
      .slice(Math.floor(text.length / 2))
      .trim()
      .slice(0, 3)
    const stopped = await ask(hello(3, { sampling: { ...sampling, seed: 3, stop: [stop] } }))
    expect(stopped.finishReason).toBe('stop')
    expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)))
  })

  it('ends with length at the last token allowed', async () => {
    const cut = await ask(hello(1, { sampling: { ...sampling, maxTokens: 3 } }))
    expect(cut).toMatchObject({ finishReason: 'length', usage: { outputTokens: 3 } })
  })

  it('counts what its template makes of the messages, and what it still knew of it', async () => {
    const own = start({ parallel: 1 })
    const { messages } = hello(1)
    const { tokens } = await ask({ operation: 'tokenize', messages }, own)
    const first = await ask(hello(1), own)
    const second = await ask(hello(1), own)
    await own.close()
    expect(first.usage).toMatchObject({ inputTokens: tokens?.length, cachedTokens: 0 })
    expect(second.usage).toEqual({ ...first.usage, cachedTokens: (tokens?.length ?? 0) - 1 })
  })

  it('takes a conversation with system, calls and their results', async () => {
    const messages: ChatInput['messages'] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: [{ type: 'text', text: 'What time is it?' }] },
      { role: 'assistant', content: null, toolCalls: [{ id: 'a', name: 'clock', argumentsText: '{}' }] },
      { role: 'tool', toolCallId: 'a', content: '{"hour":12}' },
    ]
    const { finishReason, usage } = await ask(hello(1, { messages }))
    const plain = await ask(hello(1, { messages: messages.slice(0, 2) }))
    expect(['stop', 'length']).toContain(finishReason)
    expect(usage?.inputTokens).toBeGreaterThan(plain.usage?.inputTokens ?? 0)
  })

  it('takes penalties and other sampling without an objection', async () => {
    const penalties = {
      presencePenalty: 0.5,
      frequencyPenalty: 0.5,
      repeatPenalty: 1.2,
      topK: 0,
      topP: 1,
      minP: 0,
    }
    const { text, warnings } = await ask(hello(1, { sampling: { ...sampling, ...penalties } }))
    expect(text).not.toBe('')
    expect(warnings).toEqual([])
  })

  it('refuses a prompt that is longer than the context, and an answer that could be', async () => {
    const tooLong = await refusal(newChat('A model. '.repeat(1500)))
    expect(tooLong).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('2048') as string })
    const tooMuch = await refusal(hello(1, { sampling: { maxTokens: 2048 } }))
    expect(tooMuch).toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('fills the rest of the context when nothing else ends the answer', async () => {
    const endless = { type: 'array', items: { enum: [1, 2] }, minItems: 1000 }
    const { finishReason, usage } = await ask(
      newChat('Count.', {
        sampling: { seed: 1 },
        responseFormat: { type: 'json-schema', name: 'numbers', schema: endless },
      }),
    )
    expect(finishReason).toBe('length')
    expect((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)).toBe(2047)
  })
})

describeEmbedded('structured output', () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', maxLength: 20 },
      size: { type: 'integer' },
      kind: { enum: ['small', 'big'] },
      ready: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
      tags: { type: 'array', items: { $ref: '#/definitions/tag' }, maxItems: 3 },
    },
    required: ['name', 'size', 'kind', 'ready', 'tags'],
    additionalProperties: false,
    definitions: { tag: { type: 'string', maxLength: 10 } },
  }

  it.each([1, 2, 3])('follows a schema (seed %i)', async (seed) => {
    const { text, finishReason, warnings } = await ask(
      newChat('Describe it.', {
        sampling: { seed, temperature: 0.8 },
        responseFormat: { type: 'json-schema', name: 'thing', schema, strict: true },
      }),
    )
    expect(finishReason).toBe('stop')
    expect(warnings).toEqual([])
    const value = JSON.parse(text) as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['name', 'size', 'kind', 'ready', 'tags'])
    expect(value['name']).toBeTypeOf('string')
    expect(Number.isInteger(value['size'])).toBe(true)
    expect(['small', 'big']).toContain(value['kind'])
    expect([true, false, null]).toContain(value['ready'])
    expect(value['tags']).toBeInstanceOf(Array)
  })

  it('gives an object when asked for JSON, unless its tokens run out', async () => {
    const { text, finishReason } = await ask(
      newChat('JSON, please.', { sampling: { seed: 1 }, responseFormat: { type: 'json' } }),
    )
    if (finishReason === 'stop') expect(JSON.parse(text)).toBeTypeOf('object')
    else expect(text.trimStart()).toMatch(/^\{/)
  })

  it('warns of what it does not enforce, and refuses what cannot be', async () => {
    const format = (part: Record<string, unknown> | boolean) =>
      newChat('Go.', {
        sampling: { seed: 1 },
        responseFormat: { type: 'json-schema', name: 'x', schema: part },
      })
    const { warnings } = await ask(format({ type: 'string', maxLength: 5, pattern: '^a' }))
    expect(warnings).toEqual([expect.stringContaining('pattern')])
    expect(await refusal(format(false))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})

describeEmbedded('tools', () => {
  const tools: NonNullable<ChatInput['tools']> = [
    {
      name: 'weather',
      description: 'Says what the weather is like.',
      parameters: {
        type: 'object',
        properties: { city: { enum: ['Bern', 'Paris'] }, days: { type: 'integer' } },
        required: ['city', 'days'],
      },
    },
    { name: 'clock' },
  ]

  it.each([1, 2, 3])('calls one when it must, with arguments that fit (seed %i)', async (seed) => {
    const { toolCalls, finishReason } = await ask(hello(seed, { tools, toolChoice: 'required' }))
    expect(finishReason).toBe('tool-calls')
    expect(toolCalls).toHaveLength(1)
    const [call] = toolCalls ?? []
    expect(call?.id).not.toBe('')
    const value = JSON.parse(call?.argumentsText ?? '') as object
    if (call?.name === 'clock') expect(value).toEqual({})
    else
      expect(value).toEqual({
        city: expect.stringMatching(/^(Bern|Paris)$/) as string,
        days: expect.any(Number) as number,
      })
  })

  it('calls the one that is named', async () => {
    const { toolCalls } = await ask(hello(1, { tools, toolChoice: { name: 'weather' } }))
    expect(toolCalls?.map(({ name }) => name)).toEqual(['weather'])
    expect(await refusal(hello(1, { tools, toolChoice: { name: 'none' } }))).toMatchObject({
      code: 'BAD_REQUEST',
    })
  })

  it('is cut at the last token allowed', async () => {
    const forced = hello(1, { tools, toolChoice: { name: 'weather' }, sampling: { seed: 1, maxTokens: 4 } })
    expect(await ask(forced)).toMatchObject({ finishReason: 'length', usage: { outputTokens: 4 } })
  })

  it('answers in words when it may choose, and says that its template knows no tools', async () => {
    const { text, warnings } = await ask(hello(1, { tools }))
    expect(text).not.toBe('')
    expect(warnings).toEqual([expect.stringContaining('tool')])
  })
})

describeEmbedded('complete', () => {
  it('answers each prompt as a choice of its own', async () => {
    const asked = newComplete('', { prompts: ['You can', 'The model'], sampling: { ...sampling, seed: 1 } })
    const { choices, usage } = await ask(asked)
    expect(choices.map(({ index }) => index)).toEqual([0, 1])
    for (const { text } of choices) expect(text).toMatch(/[a-z]/)
    expect(usage?.inputTokens).toBe(4)
  })

  it('repeats the prompt when asked to, and reads prompts of tokens', async () => {
    const { tokens = [] } = await ask({ operation: 'tokenize', text: 'The model' })
    const { text } = await ask(newComplete('', { prompts: [tokens], echo: true, sampling: { maxTokens: 1 } }))
    expect(text.startsWith('The model')).toBe(true)
  })

  it('refuses an empty prompt, one that is too long, and tokens that the model does not have', async () => {
    for (const prompt of ['', 'A model. '.repeat(1500), [1_000_000], [-1]])
      expect(await refusal(newComplete('', { prompts: [prompt] }))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})

describeEmbedded('embed', () => {
  const dot = (a: readonly number[] = [], b: readonly number[] = []): number =>
    a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)

  it('gives vectors of length 1 that are close where the words are', async () => {
    const { embeddings = [], usage } = await ask(
      newEmbed([
        'the model runs on this machine',
        'a model runs on the machine',
        'JSON that fits your schema',
      ]),
    )
    const [model] = await adapter.models(open)
    for (const vector of embeddings) {
      expect(vector).toHaveLength(model?.embeddingDimensions ?? 0)
      expect(Math.hypot(...vector)).toBeCloseTo(1, 6)
    }
    expect(dot(embeddings[0], embeddings[1])).toBeGreaterThan(dot(embeddings[0], embeddings[2]))
    expect(usage?.inputTokens).toBeGreaterThan(3)
  })

  it('takes texts of more than one batch and refuses what is over the context', async () => {
    const { embeddings } = await ask(newEmbed([' model'.repeat(1500)]))
    expect(embeddings).toHaveLength(1)
    expect(await refusal(newEmbed(['short', ' model'.repeat(2100)]))).toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringContaining('Input 1') as string,
    })
  })

  it('refuses other dimensions', async () => {
    expect(await refusal(newEmbed(['a'], { dimensions: 8 }))).toMatchObject({ code: 'BAD_REQUEST' })
  })
})

describeEmbedded('tokenize', () => {
  const vocabulary = learnVocabulary([...demoAnswers, ...demoJson])

  it.each([...demoAnswers.slice(0, 3), ...demoJson.slice(0, 2), 'Grüße, 世界! 👩‍🚀\n\n  x = 10_000;', ''])(
    'cuts text as the model was counted: %s',
    async (text) => {
      const { tokens, contextLength } = await ask({ operation: 'tokenize', text })
      expect(tokens).toEqual(vocabulary.encode(text))
      expect(contextLength).toBe(2048)
    },
  )

  it('reads the names of control tokens as those', async () => {
    const { tokens } = await ask({ operation: 'tokenize', text: '<|im_end|>' })
    expect(tokens).toEqual([vocabulary.controls.turnEnd])
  })
})

describeEmbedded('many at once', () => {
  it('an abort and a reader who leaves free the only sequence', async () => {
    const own = start({ parallel: 1 })
    for (const leave of [false, true]) {
      const controller = new AbortController()
      const iterator = own.infer(request(long, controller.signal))[Symbol.asyncIterator]()
      let event = await iterator.next()
      while (!event.done && !isContent(event.value)) event = await iterator.next()
      const reason = new McpdError('CANCELLED', 'Gone.')
      if (leave) await iterator.return?.()
      else {
        controller.abort(reason)
        await expect(iterator.next()).rejects.toBe(reason)
      }
      await vi.waitFor(() => ask(hello(1), own), { timeout: 20_000, interval: 20 })
    }
    await own.close()
  })

  it('those who find no sequence free wait in line', async () => {
    const own = start({ parallel: 2 })
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => ask(hello(seed), own)))
    await own.close()
    for (const { text } of answers) expect(text).not.toBe('')
  })

  it('a crash of the runtime is survived', async () => {
    const own = start({}, { restartFirstMs: 1 })
    await own.ready
    const { pid } = own
    process.kill(pid ?? 0, 'SIGSEGV')
    await vi.waitFor(
      async () => {
        expect((await ask(hello(1), own)).text).not.toBe('')
        expect(own.pid).not.toBe(pid)
      },
      { timeout: 60_000, interval: 50 },
    )
    await own.close()
  })
})

describeEmbedded('what the model says of itself', () => {
  it('the demo model says what it is and how to get another', async () => {
    const [model] = await adapter.models(open)
    expect(model).toMatchObject({
      name: demoModelName,
      contextLength: 2048,
      trainedContextLength: 2048,
      operations: ['chat', 'complete', 'embed', 'tokenize'],
    })
    expect(model?.description).toContain('toy')
    expect(model?.description).toContain('--model')
    expect(await adapter.health(open)).toMatchObject({ ok: true })
  })

  it('another model is named after its file', async () => {
    const path = join(directory, 'Some-Model.Q8_0.gguf')
    await writeFile(path, renamed(buildDemoModel(), 'mcpd-demo', 'any-other'))
    const own = start({ model: path, contextLength: 512 })
    const [model] = await own.models(open)
    await own.close()
    expect(model).toMatchObject({ name: 'Some-Model.Q8_0', contextLength: 512, trainedContextLength: 2048 })
    expect(model?.description).not.toContain('toy')
  })
})

/** The bytes with one name in place of another of the same length. */
const renamed = (bytes: Buffer, from: string, to: string): Buffer => {
  const copy = Buffer.from(bytes)
  for (let at = copy.indexOf(from); at !== -1; at = copy.indexOf(from, at + 1)) copy.write(to, at)
  return copy
}

/** The bytes with another number after a u32 key. */
const withNumber = (bytes: Buffer, key: string, value: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy.writeUInt32LE(value, copy.indexOf(key) + key.length + 4)
  return copy
}

describeEmbedded('a file that cannot be used', () => {
  it.each<[string, RegExp, (model: Buffer) => Buffer | undefined]>([
    ['is missing', /does not exist/, () => undefined],
    ['is empty', /not a GGUF file/, () => Buffer.alloc(0)],
    ['is something else', /not a GGUF file/, () => Buffer.from('<html>not found</html>')],
    ['is cut in its header', /GGUF|cannot load|architecture/, (model) => model.subarray(0, 5000)],
    ['is cut in its weights', /cannot load.*corrupted or incomplete/, (model) => model.subarray(0, 500_000)],
    ['is of another kind', /unknown model architecture/, (model) => renamed(model, 'llama', 'lluma')],
    [
      'lacks a length',
      /feed_forward_length/,
      (model) => renamed(model, 'feed_forward_length', 'feed_forward_lengtX'),
    ],
    ['has no heads', /0 attention heads/, (model) => withNumber(model, 'llama.attention.head_count', 0)],
  ])('that %s gives one clear error', async (name, reason, make) => {
    const path = join(directory, `${name.replaceAll(' ', '-')}.gguf`)
    const bytes = make(buildDemoModel())
    if (bytes) await writeFile(path, bytes)
    const own = start({ model: path })
    await expect(own.ready).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(reason) as string,
    })
    expect(await refusal(hello(1), own)).toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(reason) as string,
    })
    expect(await own.health(open)).toMatchObject({ ok: false })
    await own.close()
  })
})

/** One process for all the checks but those that close it. */
const shared: Adapter = {
  specVersion: 1,
  operations: adapter.operations,
  uses: adapter.uses,
  infer: (asked) => adapter.infer(asked),
  models: (signal) => adapter.models(signal),
  health: (signal) => adapter.health(signal),
  close: () => Promise.resolve(),
}
const suite = (make: () => Adapter) =>
  adapterSuite({
    make: () => Promise.resolve({ adapter: make(), close: () => Promise.resolve() }),
    models: { chat: demoModelName, complete: demoModelName, embed: demoModelName, tokenize: demoModelName },
    callsTools: true,
    long,
    unsupported: [
      { parameter: 'logit_bias', input: newChat('Hi', { sampling: { logitBias: { 1: 1 } } }) },
      { parameter: 'reasoning_effort', input: newChat('Hi', { reasoningEffort: 'high' }) },
      { parameter: 'store', input: { ...newInput('chat', 'Hi'), extra: { store: true } } as Input },
    ],
  }).map((check) => (missing === undefined ? check : { ...check, skipped: missing }))
const closes = ({ name }: { readonly name: string }): boolean => name.startsWith('close()')

runSuite('the adapter suite', [
  ...suite(() => shared).filter((check) => !closes(check)),
  ...suite(() => start()).filter(closes),
])
