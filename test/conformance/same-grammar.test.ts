import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAnthropicStandIn } from '../../fixtures/anthropic-stand-in.ts'
import { startFastChatStandIn } from '../../fixtures/fastchat-stand-in.ts'
import { startHuggingFaceStandIn } from '../../fixtures/huggingface-stand-in.ts'
import { startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTritonStandIn } from '../../fixtures/triton-stand-in.ts'
import { createGrammar } from '../../src/conformance/event-grammar.ts'
import { newChat } from '../../src/conformance/request.ts'
import type { Adapter, AdapterHost } from '../../src/core/adapter.ts'
import { fold } from '../../src/core/fold.ts'
import type { InferenceEvent } from '../../src/core/inference.ts'
import anthropic from '../../src/daemon/adapters/anthropic/index.ts'
import fastchat from '../../src/daemon/adapters/fastchat/index.ts'
import huggingface from '../../src/daemon/adapters/huggingface/index.ts'
import ollama from '../../src/daemon/adapters/ollama.ts'
import openai from '../../src/daemon/adapters/openai.ts'
import triton from '../../src/daemon/adapters/triton/index.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { newRequest } from '../harness/request.ts'

/** The same prompt through every dialect: events of the same kinds in the same order, the same answer however it comes. */

const host: AdapterHost = {
  name: 'stand-in',
  connect: (url) => createTransport(url, { connectionsMax: 4, connectTimeoutMs: 5000 }),
  log: () => {},
}
interface Subject {
  readonly adapter: Adapter
  readonly model: string
  readonly close: () => Promise<void>
}
const subject = async (
  starting: Promise<{ readonly url: string; readonly close: () => Promise<void> }>,
  model: string,
  create: (url: string) => Adapter,
): Promise<Subject> => {
  const { url, close } = await starting
  return { adapter: create(url), model, close }
}

const make: Readonly<Record<string, () => Promise<Subject>>> = {
  openai: () => subject(startOpenAiStandIn(), 'stand-in', (url) => openai.create({ url }, host)),
  ollama: () => {
    const models = [{ name: 'stand-in', capabilities: ['completion'], contextLength: 4096 }]
    return subject(startOllamaStandIn({ models }), 'stand-in', (url) => ollama.create({ url }, host))
  },
  anthropic: () => subject(startAnthropicStandIn(), 'stand-in', (url) => anthropic.create({ url }, host)),
  huggingface: () =>
    subject(startHuggingFaceStandIn({ kind: 'tgi' }), 'org/stand-in', (url) =>
      huggingface.create({ url }, host),
    ),
  triton: () => subject(startTritonStandIn(), 'stand-in', (url) => triton.create({ url }, host)),
  'fastchat, controller': () =>
    subject(startFastChatStandIn(), 'stand-in', (url) => fastchat.create({ url }, host)),
  'fastchat, API': () =>
    subject(startFastChatStandIn({ kind: 'api' }), 'stand-in', (url) => fastchat.create({ url }, host)),
}
const names = Object.keys(make)

/** Each kind once where it comes again and again; what only passes bytes on says nothing. */
const shapeOf = (events: readonly InferenceEvent[]): string[] => {
  const kinds = events.map(({ type }) => type).filter((type) => type !== 'other')
  return kinds.filter((type, at) => type !== kinds[at - 1])
}

const prompt = 'The same prompt, as each of them says it: ü, 汉字.'
const seen = new Map<
  string,
  { readonly streamed: readonly InferenceEvent[]; readonly whole: InferenceEvent[] }
>()

beforeAll(async () => {
  for (const name of names) {
    const { adapter, model, close } = await make[name]!()
    const ask = async (stream: boolean): Promise<InferenceEvent[]> => {
      const request = newRequest({ model, stream, input: newChat(prompt) })
      const events = await Array.fromAsync(adapter.infer(request))
      const grammar = createGrammar(request)
      for (const event of events) grammar.push(event)
      grammar.close()
      return events
    }
    seen.set(name, { streamed: await ask(true), whole: await ask(false) })
    await adapter.close()
    await close()
  }
})
afterAll(() => seen.clear())

async function* replay(events: readonly InferenceEvent[]) {
  yield* events
}
const textOf = async (events: readonly InferenceEvent[]): Promise<unknown> => {
  const { choices } = await fold(replay(events))
  return choices.map(({ index, text, finishReason }) => ({ index, text, finishReason }))
}

describe.each(names)('%s', (name) => {
  it('streams events of the same kinds in the same order', () => {
    const shape = shapeOf(seen.get(name)!.streamed)
    expect(shape.filter((type) => type !== 'usage')).toEqual(['start', 'text-delta', 'finish', 'end'])
    expect(shape.at(-1)).toBe('end')
  })

  it('gives one whole answer', () => {
    expect(seen.get(name)!.whole.map(({ type }) => type)).toEqual(['whole'])
  })

  it('says the same streamed and whole, and the same as the others', async () => {
    const { streamed, whole } = seen.get(name)!
    const [first] = (await textOf(streamed)) as { readonly text: string }[]
    expect(first!.text).toBe(prompt)
    expect(await textOf(whole)).toEqual(await textOf(streamed))
  })
})
