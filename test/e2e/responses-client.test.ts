import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import type { ResponseCreateParamsNonStreaming } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type OllamaStandIn, startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

/**
 * The official client on Responses and Conversations, over backends that only chat. The stand-ins echo the last
 * message, and remember what they were sent. Every answer is held against /openapi.json on the way.
 */

let backend: OpenAiStandIn
let thinking: OpenAiStandIn
let narrow: OpenAiStandIn
let ollama: OllamaStandIn
let mcpd: TestDaemon
beforeAll(async () => {
  backend = await startOpenAiStandIn()
  thinking = await startOpenAiStandIn({ reasoning: true })
  narrow = await startOpenAiStandIn({ contextLength: 400 })
  ollama = await startOllamaStandIn()
  mcpd = await startTestDaemon(`
contexts: { journal: "memory:" }
backends:
  - { name: vllm, adapter: openai, url: "${backend.url}" }
  - { name: broken, adapter: openai, url: "${backend.url}", models: [fault/error-mid-stream, fault/stall, fault/500] }
  - { name: narrow, adapter: openai, url: "${narrow.url}" }
  - { name: thinker, adapter: openai, url: "${thinking.url}" }
  - { name: laptop, adapter: ollama, url: "${ollama.url}" }
groups:
  - { name: either, targets: [broken/fault/500, { target: vllm/stand-in, weight: 0 }] }`)
})
afterAll(async () => {
  await mcpd.close()
  await Promise.all([backend.close(), thinking.close(), narrow.close(), ollama.close()])
})

const model = 'vllm/stand-in'
const client = () =>
  new OpenAI({ baseURL: `${mcpd.url}/v1`, apiKey: 'none', fetch: mcpd.fetch, maxRetries: 0 })
const respond = (body: Omit<ResponseCreateParamsNonStreaming, 'model' | 'stream'>) =>
  client().responses.create({ model, ...body })

/** The messages of the last request to the backend, as `role: text`. */
const lastMessages = (from: OpenAiStandIn = backend): string[] => {
  const { messages } = JSON.parse(String(from.requests.at(-1)!.body)) as {
    messages: { role: string; content: unknown }[]
  }
  return messages.map(({ role, content }) => `${role}: ${String(content)}`)
}

const texts = (items: readonly object[]): string[] =>
  items.map((item) => {
    const { content, output, arguments: given } = item as Record<'content' | 'output' | 'arguments', unknown>
    return Array.isArray(content)
      ? content.map(({ text }: { text?: string }) => text).join('')
      : String(output ?? given)
  })

const failure = async (promise: PromiseLike<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> => {
  try {
    await promise
  } catch (error) {
    if (error instanceof OpenAI.APIError) return error
    throw error
  }
  throw new Error('It succeeded.')
}

/** A member that the client does not know. */
const within = (id: string): object => ({ mcpd: { context: { id } } })

const weather = {
  type: 'function',
  name: 'weather',
  description: 'The weather in a city.',
  strict: true,
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', maxLength: 20 } },
    required: ['city'],
    additionalProperties: false,
  },
} as const

describe('a response', () => {
  it('answers, and says again what it was asked for', async () => {
    const response = await respond({
      input: 'Hello there!',
      instructions: 'Be brief.',
      temperature: 0.5,
      max_output_tokens: 50,
      metadata: { topic: 'greeting' },
    })
    expect(response).toMatchObject({
      object: 'response',
      status: 'completed',
      output_text: 'Hello there!',
      instructions: 'Be brief.',
      temperature: 0.5,
      max_output_tokens: 50,
      metadata: { topic: 'greeting' },
      previous_response_id: null,
      store: true,
      error: null,
    })
    expect(response.id).toMatch(/^resp_/)
    expect(response.usage!.total_tokens).toBe(response.usage!.input_tokens + response.usage!.output_tokens)
    expect(lastMessages()).toEqual(['system: Be brief.', 'user: Hello there!'])
  })

  it('can be asked for again, with what it answers', async () => {
    const response = await respond({
      input: [
        { role: 'developer', content: 'Speak English.' },
        { role: 'user', content: [{ type: 'input_text', text: 'Hello again' }] },
      ],
      metadata: { a: 'b' },
      tools: [weather],
    })
    const stored = await client().responses.retrieve(response.id)
    expect(stored).toEqual({ ...response, created_at: stored.created_at })
    const items = await client().responses.inputItems.list(response.id, { order: 'asc' })
    expect(texts(items.data)).toEqual(['Speak English.', 'Hello again'])
    const paged: string[] = []
    for await (const item of client().responses.inputItems.list(response.id, { limit: 1 }))
      paged.push(...texts([item]))
    expect(paged).toEqual(['Hello again', 'Speak English.'])
  })

  it('is incomplete when it runs into its limit', async () => {
    const response = await respond({ input: 'words 40', max_output_tokens: 3 })
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    })
    expect(await client().responses.retrieve(response.id)).toMatchObject({ status: 'incomplete' })
  })

  it('keeps to a schema, and is parsed by the client', async () => {
    const schema = {
      type: 'object',
      properties: { label: { type: 'string', maxLength: 10 }, visible: { type: 'boolean' } },
      required: ['label', 'visible'],
      additionalProperties: false,
    }
    const response = await client().responses.parse({
      model,
      input: 'A point, please.',
      text: { format: { type: 'json_schema', name: 'point', schema, strict: true } },
    })
    expect(JSON.parse(response.output_text)).toMatchObject({
      label: expect.any(String) as string,
      visible: expect.any(Boolean) as boolean,
    })
    expect(response.text?.format).toMatchObject({ type: 'json_schema', name: 'point' })
  })

  it('has its reasoning as an item, and log probabilities where they are wanted', async () => {
    const response = await client().responses.create({
      model: 'thinker/stand-in',
      input: 'Hello there!',
      include: ['message.output_text.logprobs'],
      top_logprobs: 2,
    })
    expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message'])
    const [part] = response.output.flatMap((item) => (item.type === 'message' ? item.content : []))
    if (part?.type !== 'output_text') throw new Error('There is no text.')
    expect(part.logprobs?.map(({ token }) => token).join('')).toBe(part.text)
  })
})

describe('previous_response_id', () => {
  it('goes on, without the instructions of before', async () => {
    const first = await respond({ input: 'My name is Ada.', instructions: 'Be kind.' })
    const second = await respond({
      input: 'What is it?',
      instructions: 'Be brief.',
      previous_response_id: first.id,
    })
    expect(second.previous_response_id).toBe(first.id)
    expect(lastMessages()).toEqual([
      'system: Be brief.',
      'user: My name is Ada.',
      'assistant: My name is Ada.',
      'user: What is it?',
    ])
    await respond({ input: 'And now?', previous_response_id: second.id })
    expect(lastMessages()).toEqual([
      'user: My name is Ada.',
      'assistant: My name is Ada.',
      'user: What is it?',
      'assistant: What is it?',
      'user: And now?',
    ])
  })

  it('branches from any response, as often as one likes', async () => {
    const root = await respond({ input: 'root' })
    const left = await respond({ input: 'left', previous_response_id: root.id })
    const [right, middle] = await Promise.all([
      respond({ input: 'right', previous_response_id: root.id }),
      respond({ input: 'middle', previous_response_id: root.id }),
    ])
    const before = async (id: string) =>
      texts((await client().responses.inputItems.list(id, { order: 'asc' })).data)
    expect(await before(left.id)).toEqual(['root', 'root', 'left'])
    expect(await before(right.id)).toEqual(['root', 'root', 'right'])
    expect(await before(middle.id)).toEqual(['root', 'root', 'middle'])
    const deeper = await respond({ input: 'deeper', previous_response_id: right.id })
    expect(await before(deeper.id)).toEqual(['root', 'root', 'right', 'right', 'deeper'])
  })

  it('takes the same question twice for two questions', async () => {
    const first = await respond({ input: 'Again?' })
    const second = await respond({ input: 'Again?', previous_response_id: first.id })
    await respond({
      input: [
        { role: 'assistant', content: 'Again?' },
        { role: 'user', content: 'Again?' },
      ],
      previous_response_id: second.id,
    })
    expect(lastMessages()).toEqual([
      'user: Again?',
      'assistant: Again?',
      'user: Again?',
      'assistant: Again?',
      'assistant: Again?',
      'user: Again?',
    ])
  })

  it('goes on at another backend of another kind', async () => {
    const first = await respond({ input: 'My name is Ada.' })
    const second = await client().responses.create({
      model: 'laptop/stand-in:latest',
      input: 'What is it?',
      previous_response_id: first.id,
    })
    expect(second.status).toBe('completed')
    const third = await respond({ input: 'Thanks.', previous_response_id: second.id })
    const items = await client().responses.inputItems.list(third.id, { order: 'asc' })
    expect(texts(items.data)).toEqual([
      'My name is Ada.',
      'My name is Ada.',
      'What is it?',
      second.output_text,
      'Thanks.',
    ])
  })

  it.each(['resp_nobody', 'nonsense', 'resp_{a}:b', `resp_${'x'.repeat(100)}`])(
    'says in the words of OpenAI that there is no %s',
    async (id) => {
      const error = await failure(respond({ input: 'x', previous_response_id: id }))
      expect(error).toMatchObject({
        status: 404,
        code: 'previous_response_not_found',
        param: 'previous_response_id',
        type: 'invalid_request_error',
      })
      expect(error.message).toContain(`Previous response with id '${id}' not found.`)
    },
  )
})

describe('store: false', () => {
  it('keeps nothing', async () => {
    const response = await respond({ input: 'Secret', instructions: 'Hush.', store: false })
    expect(response).toMatchObject({ store: false, output_text: 'Secret' })
    expect(lastMessages()).toEqual(['system: Hush.', 'user: Secret'])
    expect(await failure(client().responses.retrieve(response.id))).toMatchObject({ status: 404 })
    expect(await failure(respond({ input: 'x', previous_response_id: response.id }))).toMatchObject({
      status: 404,
    })
  })

  it('goes on from what is stored, and leaves it as it is', async () => {
    const first = await respond({ input: 'Known' })
    const aside = await respond({
      input: 'Aside',
      instructions: 'Hush.',
      previous_response_id: first.id,
      store: false,
    })
    expect(lastMessages()).toEqual(['system: Hush.', 'user: Known', 'assistant: Known', 'user: Aside'])
    expect(await failure(client().responses.retrieve(aside.id))).toMatchObject({ status: 404 })
    await respond({ input: 'Next', previous_response_id: first.id })
    expect(lastMessages()).toEqual(['user: Known', 'assistant: Known', 'user: Next'])
  })
})

describe('a streamed response', () => {
  it('is followed by the helper of the client', async () => {
    const deltas: string[] = []
    const stream = client()
      .responses.stream({ model, input: 'words 12' })
      .on('response.output_text.delta', ({ delta }) => deltas.push(delta))
    const final = await stream.finalResponse()
    expect(deltas.length).toBeGreaterThan(1)
    expect(deltas.join('')).toBe(final.output_text)
    expect(await client().responses.retrieve(final.id)).toMatchObject({
      status: 'completed',
      output: [{ id: final.output[0]!.id, content: [{ text: final.output_text }] }],
      usage: final.usage,
    })
  })

  it('numbers its events, thinks first, and ends with the whole response', async () => {
    const stream = await client().responses.create({
      model: 'thinker/stand-in',
      input: 'Hello there!',
      stream: true,
    })
    const events: OpenAI.Responses.ResponseStreamEvent[] = []
    for await (const event of stream) events.push(event)
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index))
    const kinds = [...new Set(events.map(({ type }) => type))]
    expect(kinds).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.reasoning_text.delta',
      'response.reasoning_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.output_text.delta',
      'response.output_text.done',
      'response.completed',
    ])
    const last = events.at(-1)!
    if (last.type !== 'response.completed') throw new Error('It is not complete.')
    const next = await client().responses.create({
      model,
      input: 'Go on.',
      previous_response_id: last.response.id,
    })
    expect(next.status).toBe('completed')
  })

  it('fails with what there is of it when the backend breaks off, and is kept so', async () => {
    const stream = await client().responses.create({
      model: 'broken/fault/error-mid-stream',
      input: 'Hello',
      stream: true,
    })
    const events: OpenAI.Responses.ResponseStreamEvent[] = []
    for await (const event of stream) events.push(event)
    const last = events.at(-1)!
    if (last.type !== 'response.failed') throw new Error(`It ended with ${last.type}.`)
    expect(last.response).toMatchObject({ status: 'failed', error: { code: 'server_error' } })
    expect(await client().responses.retrieve(last.response.id)).toMatchObject({
      status: 'failed',
      output: [{ status: 'incomplete' }],
    })
  })
})

describe('functions', () => {
  it('are called, answered and called again', async () => {
    const first = await respond({ input: 'Please call the weather tool.', tools: [weather] })
    const [call] = first.output
    if (call?.type !== 'function_call') throw new Error('It calls nothing.')
    expect(call).toMatchObject({ name: 'weather', status: 'completed' })
    expect(JSON.parse(call.arguments)).toHaveProperty('city')
    const second = await respond({
      input: [{ type: 'function_call_output', call_id: call.call_id, output: '21 degrees' }],
      tools: [weather],
      previous_response_id: first.id,
    })
    expect(second.output_text).toBe('21 degrees')
    const items = await client().responses.inputItems.list(second.id, { order: 'asc' })
    expect(items.data.map(({ type }) => type)).toEqual(['message', 'function_call', 'function_call_output'])
  })

  it('are called in a stream that the helper understands', async () => {
    const stream = client().responses.stream({
      model,
      input: 'Please call the weather tool.',
      tools: [weather],
      tool_choice: { type: 'function', name: 'weather' },
    })
    const final = await stream.finalResponse()
    expect(final.output).toMatchObject([{ type: 'function_call', name: 'weather', status: 'completed' }])
  })

  it('are carried by a client that keeps its own history', async () => {
    const first = await respond({
      input: 'Please call the weather tool.',
      tools: [weather],
      store: false,
    })
    const question = { role: 'user', content: 'Please call the weather tool.' } as const
    const [call] = first.output
    if (call?.type !== 'function_call') throw new Error('It calls nothing.')
    const output = { type: 'function_call_output', call_id: call.call_id, output: 'rain' } as const
    const second = await respond({ input: [question, call, output], store: false })
    expect(second.output_text).toBe('rain')
  })

  it('are referred to by the ids of their items', async () => {
    const first = await respond({ input: 'Please call the weather tool.', tools: [weather] })
    const [call] = first.output
    if (call?.type !== 'function_call') throw new Error('It calls nothing.')
    const second = await respond({
      input: [
        { role: 'user', content: 'Please call the weather tool.' },
        { type: 'item_reference', id: call.id! },
        { type: 'function_call_output', call_id: call.call_id, output: 'sun' },
      ],
    })
    expect(second.output_text).toBe('sun')
    const orphan = { type: 'function_call_output', call_id: 'c9', output: 'x' } as const
    for (const body of [{ input: [orphan] }, { input: [orphan], previous_response_id: second.id }])
      expect(await failure(respond(body))).toMatchObject({
        status: 400,
        message: expect.stringContaining('No tool call found') as string,
      })
    const nobody = respond({ input: [{ type: 'item_reference', id: 'msg_nobody' }] })
    expect(await failure(nobody)).toMatchObject({ status: 404, param: 'input[0].id' })
  })
})

describe('a response that is deleted', () => {
  it('is gone, and with the last one its conversation', async () => {
    const first = await respond({ input: 'one' })
    const second = await respond({ input: 'two', previous_response_id: first.id })
    expect(await failure(client().responses.delete(first.id))).toMatchObject({ status: 409 })
    await client().responses.delete(second.id)
    expect(await failure(client().responses.retrieve(second.id))).toMatchObject({ status: 404 })
    const third = await respond({ input: 'three', previous_response_id: first.id })
    expect(lastMessages()).toEqual(['user: one', 'assistant: one', 'user: three'])
    await client().responses.delete(third.id)
    await client().responses.delete(first.id)
    expect(await failure(client().responses.retrieve(first.id))).toMatchObject({ status: 404 })
    expect(await failure(client().responses.delete(first.id))).toMatchObject({ status: 404 })
  })
})

describe('a conversation that is too long', () => {
  it('is refused, or cut where the client says so', async () => {
    const say = (body: Omit<ResponseCreateParamsNonStreaming, 'model' | 'stream'>) =>
      client().responses.create({ model: 'narrow/stand-in', max_output_tokens: 20, ...body })
    let last = await say({ input: 'begin' })
    for (const word of ['alpha', 'beta', 'gamma', 'delta', 'omega', 'sigma'])
      last = await say({ input: `${word} `.repeat(80), previous_response_id: last.id, truncation: 'auto' })
    const whole = say({ input: 'end', previous_response_id: last.id })
    expect(await failure(whole)).toMatchObject({ status: 400, code: 'context_length_exceeded' })
    const cut = await say({ input: 'end', previous_response_id: last.id, truncation: 'auto' })
    expect(cut).toMatchObject({ output_text: 'end', truncation: 'auto' })
    const sent = lastMessages(narrow)
    expect(sent.at(-1)).toBe('user: end')
    const { data } = await client().responses.inputItems.list(cut.id, { limit: 100 })
    expect(sent.length).toBeLessThan(data.length)
  })
})

describe('an idempotency key', () => {
  it('finds the response of the first time', async () => {
    const body = { model, input: 'once' } as const
    const options = { headers: { 'idempotency-key': 'key-1' } }
    const first = await client().responses.create(body, options)
    const count = backend.requests.length
    const second = await client().responses.create(body, options)
    expect(second).toEqual({ ...first, created_at: second.created_at })
    expect(backend.requests).toHaveLength(count)
    const other = client().responses.create({ ...body, input: 'twice' }, options)
    expect(await failure(other)).toMatchObject({ status: 409 })
  })
})

describe('what cannot be done', () => {
  it.each<[string, object, RegExp]>([
    ['background', { background: true }, /background/],
    ['tools[0].type', { tools: [{ type: 'web_search' }] }, /"web_search"/],
    ['input', { input: undefined }, /some input/],
    ['input[0].type', { input: [{ type: 'computer_call' }] }, /"computer_call"/],
    ['conversation', { previous_response_id: 'resp_a', conversation: 'conv_a' }, /only one/],
  ])('is refused by the name of %s', async (param, body, words) => {
    const error = await failure(client().responses.create({ model, input: 'x', ...body }))
    expect(error).toMatchObject({ status: 400, param, type: 'invalid_request_error' })
    expect(error.message).toMatch(words)
  })

  it('is to cancel, and to stream what is stored', async () => {
    const { id } = await respond({ input: 'x' })
    expect(await failure(client().responses.cancel(id))).toMatchObject({ status: 400 })
    expect(await failure(client().responses.cancel('resp_nobody'))).toMatchObject({ status: 404 })
    expect(await failure(client().responses.retrieve(id, { stream: true }))).toMatchObject({ status: 400 })
  })

  it('leaves nothing behind when no model has the name', async () => {
    const contexts = async () => (await mcpd.fetch('/mcp/v1/contexts')).json()
    const before = await contexts()
    const error = await failure(client().responses.create({ model: 'nobody/nothing', input: 'x' }))
    expect(error).toMatchObject({ status: 404, code: 'model_not_found' })
    expect(await contexts()).toEqual(before)
  })

  it('is named in a warning when it only inclines the answer', async () => {
    const { response } = await client()
      .responses.create({ model, input: 'x', include: ['reasoning.encrypted_content'] })
      .withResponse()
    expect(response.headers.get('x-mcpd-warnings')).toContain('reasoning.encrypted_content')
  })
})

describe('a conversation', () => {
  it('is made, described, used and deleted', async () => {
    const { conversations } = client()
    const made = await conversations.create({
      items: [{ role: 'system', content: 'Be kind.' }],
      metadata: { topic: 'names' },
    })
    expect(made).toMatchObject({ object: 'conversation', metadata: { topic: 'names' } })
    expect(await conversations.retrieve(made.id)).toEqual(made)
    expect(await conversations.update(made.id, { metadata: { topic: 'other' } })).toMatchObject({
      metadata: { topic: 'other' },
    })
    const first = await respond({ input: 'My name is Ada.', conversation: made.id })
    expect(first.conversation).toEqual({ id: made.id })
    await respond({ input: 'What is it?', conversation: { id: made.id } })
    expect(lastMessages()).toEqual([
      'system: Be kind.',
      'user: My name is Ada.',
      'assistant: My name is Ada.',
      'user: What is it?',
    ])
    expect(await failure(client().responses.delete(first.id))).toMatchObject({ status: 409 })
    expect(await conversations.delete(made.id)).toEqual({
      id: made.id,
      object: 'conversation.deleted',
      deleted: true,
    })
    expect(await failure(conversations.retrieve(made.id))).toMatchObject({ status: 404 })
    expect(await failure(client().responses.retrieve(first.id))).toMatchObject({ status: 404 })
  })

  it('needs nothing to begin', async () => {
    const { conversations } = client()
    const made = await conversations.create()
    expect(made.metadata).toEqual({})
    const { data } = await conversations.items.list(made.id)
    expect(data).toEqual([])
    const response = await respond({ input: 'Hello', conversation: made.id })
    expect(response.output_text).toBe('Hello')
  })

  it('takes, lists, gives and loses items', async () => {
    const { conversations } = client()
    const { id } = await conversations.create({ items: [{ role: 'user', content: 'one' }] })
    const call = { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{}' } as const
    const created = await conversations.items.create(id, {
      items: [
        { role: 'assistant', content: [{ type: 'output_text', text: 'two', annotations: [] }] },
        call,
        { type: 'function_call_output', call_id: 'c1', output: 'three' },
        { role: 'user', content: 'four' },
      ] as OpenAI.Responses.ResponseInputItem[],
    })
    expect(created.data.map(({ type }) => type)).toEqual([
      'message',
      'function_call',
      'function_call_output',
      'message',
    ])
    const list = async (): Promise<string[]> => {
      const all: string[] = []
      for await (const item of conversations.items.list(id, { order: 'asc', limit: 2 }))
        all.push(...texts([item]))
      return all
    }
    expect(await list()).toEqual(['one', 'two', '{}', 'three', 'four'])
    const [text, called, output] = created.data.map((item) => item.id!)
    const one = { conversation_id: id }
    expect(await conversations.items.retrieve(text!, one)).toEqual(created.data[0])
    expect(await failure(conversations.items.delete(called!, one))).toMatchObject({ status: 409 })
    await conversations.items.delete(output!, one)
    expect(await list()).toEqual(['one', 'two', '{}', 'four'])
    await conversations.items.delete(called!, one)
    expect(await list()).toEqual(['one', 'two', 'four'])
    expect(await failure(conversations.items.delete(called!, one))).toMatchObject({ status: 404 })
    expect(await failure(conversations.items.retrieve('msg_nobody', one))).toMatchObject({ status: 404 })
    await respond({ input: 'five', conversation: id })
    expect(lastMessages()).toEqual(['user: one', 'assistant: two', 'user: four', 'user: five'])
  })

  it.each(['conv_nobody', 'nonsense', 'conv_{a}'])('is not %s', async (id) => {
    const { conversations } = client()
    for (const asked of [
      conversations.retrieve(id),
      conversations.delete(id),
      conversations.items.list(id),
      respond({ input: 'x', conversation: id }),
    ])
      expect(await failure(asked)).toMatchObject({
        status: 404,
        message: expect.stringContaining(`Conversation with id '${id}' not found.`) as string,
      })
  })

  it('is the same as a context of the other surfaces', async () => {
    const { id } = await client().conversations.create({ items: [{ role: 'user', content: 'one' }] })
    const context = id.slice('conv_'.length)
    const chat = await mcpd.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mcpd-context': context },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'two' }] }),
    })
    const turn = chat.headers.get('x-mcpd-turn')!
    await chat.text()
    expect(await client().responses.retrieve(`resp_${turn}`)).toMatchObject({
      status: 'completed',
      output: [{ content: [{ text: 'two' }] }],
    })
    const next = await respond({ input: 'three', previous_response_id: `resp_${turn}` })
    expect(lastMessages()).toEqual(['user: one', 'user: two', 'assistant: two', 'user: three'])
    expect(next.conversation).toBeNull()
  })

  it('can be named in the words of mcpd', async () => {
    const { id } = await client().conversations.create({ items: [{ role: 'user', content: 'one' }] })
    const context = id.slice('conv_'.length)
    const named = await respond({ input: 'two', ...within(context) })
    expect(named.conversation).toEqual({ id })
    const both = respond({ input: 'x', conversation: id, ...within(context) })
    expect(await failure(both)).toMatchObject({ status: 400, param: 'mcpd.context' })
    const malformed = respond({ input: 'x', ...within('{}:') })
    expect(await failure(malformed)).toMatchObject({ status: 400 })
  })
})

describe('a conversation in use', () => {
  it('takes one answer at a time, and keeps what was cut short', async () => {
    const { id } = await client().conversations.create()
    const stream = await client().responses.create({
      model: 'broken/fault/stall',
      input: 'one',
      conversation: id,
      stream: true,
    })
    const events = stream[Symbol.asyncIterator]()
    const first = (await events.next()).value
    if (first?.type !== 'response.created') throw new Error('It did not begin.')
    const running = first.response.id
    expect(await client().responses.retrieve(running)).toMatchObject({ status: 'in_progress', output: [] })
    expect(await failure(respond({ input: 'two', conversation: id }))).toMatchObject({ status: 409 })
    expect(await failure(respond({ input: 'two', previous_response_id: running }))).toMatchObject({
      status: 409,
      param: 'previous_response_id',
    })
    stream.controller.abort()
    const failed = await vi.waitFor(
      async () => {
        const response = await client().responses.retrieve(running)
        expect(response.status).toBe('failed')
        return response
      },
      { timeout: 10_000 },
    )
    expect(failed.output).toMatchObject([{ type: 'message', status: 'incomplete' }])
    await respond({ input: 'three', conversation: id })
    expect(lastMessages().at(-1)).toBe('user: three')
  })

  it('grows by what goes on from its last response', async () => {
    const { id } = await client().conversations.create()
    const first = await respond({ input: 'one', conversation: id })
    await respond({ input: 'two', previous_response_id: first.id })
    await respond({ input: 'aside', previous_response_id: first.id })
    const { data } = await client().conversations.items.list(id, { order: 'asc' })
    expect(texts(data)).toEqual(['one', 'one', 'two', 'two'])
  })
})

describe('a daemon that ends', () => {
  it('leaves its responses to the next one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpd-'))
    const config = `
contexts: { journal: "sqlite:${join(folder, 'kept.db')}" }
backends: [{ name: vllm, adapter: openai, url: "${backend.url}" }]`
    const ask = async (body: object): Promise<OpenAI.Responses.Response> => {
      const daemon = await startTestDaemon(config)
      const asking = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'none', fetch: daemon.fetch })
      const response = await asking.responses.create({ model, ...body, stream: false })
      expect(await asking.responses.retrieve(response.id)).toMatchObject({ metadata: response.metadata })
      await daemon.close()
      return response
    }
    const first = await ask({ input: 'My name is Ada.', metadata: { kept: 'yes' } })
    await ask({ input: 'What is it?', previous_response_id: first.id })
    expect(lastMessages()).toEqual([
      'user: My name is Ada.',
      'assistant: My name is Ada.',
      'user: What is it?',
    ])
    await rm(folder, { recursive: true, force: true })
  })
})

describe('a backend that fails', () => {
  it('is replaced by the next of its group', async () => {
    const response = await client().responses.create({ model: 'either', input: 'Hello' })
    expect(response).toMatchObject({ status: 'completed', output_text: 'Hello', model: 'stand-in' })
    const metrics = await (await mcpd.fetch('/metrics')).text()
    expect(metrics).toMatch(/mcpd_requests_total\{[^}]*surface="responses"[^}]*outcome="ok"/)
  })

  it('may be asked again, without the question being there twice', async () => {
    const { id } = await client().conversations.create({ items: [{ role: 'user', content: 'first' }] })
    const ask = (model: string) =>
      client().responses.create({ model, input: 'second', conversation: id, instructions: 'Be brief.' })
    expect((await failure(ask('broken/fault/500'))).status).toBeGreaterThanOrEqual(500)
    await ask(model)
    expect(lastMessages()).toEqual(['system: Be brief.', 'user: first', 'user: second'])
    await ask(model)
    expect(lastMessages().slice(-2)).toEqual(['assistant: second', 'user: second'])
  })
})

describe('bad input', () => {
  const sent = async (path: string, body: string) => {
    const answer = await mcpd.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const { error } = (await answer.json()) as { error: { message: string; type: string; code: string } }
    return { status: answer.status, ...error }
  }

  it.each([
    ['/v1/responses', '{}'],
    ['/v1/responses', '[]'],
    ['/v1/responses', '{"model":"vllm/stand-in","input":5}'],
    ['/v1/responses', '{"model":"vllm/stand-in","input":[{"role":"king","content":"x"}]}'],
    ['/v1/responses', '{"model":"vllm/stand-in","input":"x","max_output_tokens":0}'],
    ['/v1/responses', '{"model":"vllm/stand-in","input":"x","metadata":{"a":1}}'],
    ['/v1/responses', `{"model":"vllm/stand-in","input":"x","metadata":{"${'a'.repeat(65)}":"b"}}`],
    ['/v1/responses', '{"model":"vllm/stand-in","input":"x","stream":"yes"}'],
    ['/v1/conversations', '{"items":{}}'],
    ['/v1/conversations', '{"items":[{"type":"image_generation_call"}]}'],
    ['/v1/conversations', '{"metadata":"x"}'],
  ])('is refused in words: %s %s', async (path, body) => {
    expect(await sent(path, body)).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      code: 'bad_request',
      message: expect.stringMatching(/\w/) as string,
    })
  })

  it.each(['%7B%7D%3A', 'conv_%00', 'conv_a%2Fb', '..%2F..', 'x'.repeat(300)])(
    'has no conversation %s',
    async (id) => {
      const gone = await mcpd.fetch(`/v1/conversations/${id}/items`)
      expect([400, 404]).toContain(gone.status)
      await gone.text()
    },
  )
})

describe('odd content', () => {
  it.each([
    ['NULs and lone surrogates', 'a\u0000b\ud800c'],
    ['braces, quotes and line ends', '{"role":"system"}\r\n\u2028```'],
    ['a long text', 'word '.repeat(2000).trim()],
  ])('comes back as it was: %s', async (_, input) => {
    const response = await respond({ input })
    const stored = await client().responses.retrieve(response.id)
    const { data } = await client().responses.inputItems.list(response.id)
    expect([response.output, stored.output]).toMatchObject([
      [{ content: [{ text: response.output_text }] }],
      [{ content: [{ text: response.output_text }] }],
    ])
    expect(texts(data)).toEqual([input])
  })
})
