import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AnthropicStandIn, startAnthropicStandIn } from '../../fixtures/anthropic-stand-in.ts'
import { type OllamaStandIn, startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'
import { demoModel, whyNoRuntime } from '../harness/demo-model.ts'

/**
 * The official client over backends of its own dialect, of others, and over the model inside mcpd. Every answer it
 * gets is held against /openapi.json on the way.
 */

let openai: OpenAiStandIn
let ollama: OllamaStandIn
let anthropic: AnthropicStandIn
let mcpd: TestDaemon
const missing = await whyNoRuntime()
beforeAll(async () => {
  openai = await startOpenAiStandIn()
  ollama = await startOllamaStandIn()
  anthropic = await startAnthropicStandIn({ apiKey: 'upstream' })
  const embedded = missing
    ? ''
    : `  - { name: local, adapter: embedded, model: ${await demoModel()}, threads: 1 }`
  mcpd = await startTestDaemon(
    `
backends:
  - { name: vllm, adapter: openai, url: "${openai.url}" }
  - { name: broken, adapter: openai, url: "${openai.url}", models: [fault/refuse-429, fault/error-mid-stream] }
  - { name: ill, adapter: anthropic, url: "${anthropic.url}", apiKey: "\${env:UPSTREAM_KEY}", models: [fault/overloaded, fault/error-mid-stream] }
  - { name: laptop, adapter: ollama, url: "${ollama.url}" }
  - { name: claude, adapter: anthropic, url: "${anthropic.url}", apiKey: "\${env:UPSTREAM_KEY}" }
${embedded}
retries: { max: 0 }
groups:
  - { name: any, targets: [claude/stand-in, vllm/stand-in] }`,
    {},
    { MCPD_API_KEY: 'secret', UPSTREAM_KEY: 'upstream' },
  )
})
afterAll(async () => {
  await mcpd.close()
  await Promise.all([openai.close(), ollama.close(), anthropic.close()])
})

const client = (apiKey = 'secret') =>
  new Anthropic({ baseURL: mcpd.url, apiKey, fetch: mcpd.fetch, maxRetries: 0 })

const weather = {
  name: 'weather',
  description: 'The weather in a city.',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string', maxLength: 20 }, unit: { enum: ['C', 'F'] } },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
} as const

const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('')

/** Tokens from a cache stand beside the others. */
const inputTokens = ({ usage }: Anthropic.Message): number =>
  usage.input_tokens + (usage.cache_read_input_tokens ?? 0)

describe.each([
  ['a server of its own dialect', 'claude/stand-in'],
  ['an OpenAI-compatible server', 'vllm/stand-in'],
  ['an Ollama', 'laptop/stand-in:latest'],
  ['the embedded model', 'local/mcpd-demo'],
])('over %s', (_, model) => {
  const part = it.skipIf(model.startsWith('local') && missing !== undefined)
  const hello = { model, max_tokens: 20, temperature: 0 } as const
  const messages = [{ role: 'user' as const, content: 'Hello there!' }]

  part('sends messages', async () => {
    const answer = await client().messages.create({ ...hello, messages, system: 'Be brief.' })
    expect(answer).toMatchObject({ type: 'message', role: 'assistant' })
    expect(answer.content.length).toBeGreaterThan(0)
    expect(['end_turn', 'max_tokens']).toContain(answer.stop_reason)
    expect(answer.usage.input_tokens).toBeGreaterThan(0)
    expect(answer.usage.output_tokens).toBeGreaterThan(0)
  })

  part('streams what it would have said whole', async () => {
    const whole = await client().messages.create({ ...hello, messages })
    const stream = client().messages.stream({ ...hello, messages })
    const types = new Set<string>()
    stream.on('streamEvent', ({ type }) => types.add(type))
    const streamed = await stream.finalMessage()
    expect(textOf(streamed)).toBe(textOf(whole))
    expect(streamed.stop_reason).toBe(whole.stop_reason)
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens)
    expect(inputTokens(streamed)).toBe(inputTokens(whole))
    expect([...types]).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  part('calls tools, and takes their results', async () => {
    // An Ollama cannot be made to call; the stand-in does when it is asked to.
    const asked = [{ role: 'user' as const, content: 'Call the weather tool, please.' }]
    const body = { model, max_tokens: 200, messages: asked, tools: [weather as never] }
    const choice = { tool_choice: { type: 'any' as const } }
    const whole = await client().messages.create({ ...body, ...choice })
    expect(whole.stop_reason).toBe('tool_use')
    const call = whole.content.find((block) => block.type === 'tool_use')!
    expect(call.name).toBe('weather')
    expect(Object.keys(call.input as object).toSorted()).toEqual(['city', 'unit'])
    const streamed = await client()
      .messages.stream({ ...body, ...choice })
      .finalMessage()
    const again = streamed.content.find((block) => block.type === 'tool_use')!
    expect(again.name).toBe('weather')
    expect(Object.keys(again.input as object).toSorted()).toEqual(['city', 'unit'])
    const result = { type: 'tool_result' as const, tool_use_id: call.id, content: 'Sunny.' }
    const after = await client().messages.create({
      model,
      max_tokens: 20,
      messages: [
        ...asked,
        { role: 'assistant', content: [{ ...call }] },
        { role: 'user', content: [result, { type: 'text', text: 'So?' }] },
      ],
    })
    expect(textOf(after)).not.toBe('')
  })

  part('counts tokens, or says that it guesses', async () => {
    const { data, response } = await client()
      .messages.countTokens({ model, messages, tools: [weather as never] })
      .withResponse()
    expect(data.input_tokens).toBeGreaterThan(0)
    const said = response.headers.get('x-mcpd-warnings') ?? ''
    expect(said.includes('estimate')).toBe(model.startsWith('laptop'))
  })

  part('is refused in its own words', async () => {
    await expect(
      client().messages.create({
        ...hello,
        messages: [{ role: 'user', content: [{ type: 'text' } as never] }],
      }),
    ).rejects.toThrow(Anthropic.BadRequestError)
  })
})

it('sends thinking, as far as the backend shows it', async () => {
  const body = { max_tokens: 2000, messages: [{ role: 'user' as const, content: 'Hm?' }] }
  for (const model of ['claude/stand-in', 'vllm/stand-in']) {
    const answer = await client().messages.create({
      ...body,
      model,
      thinking: { type: 'enabled', budget_tokens: 1024 },
    })
    expect(answer.content.map(({ type }) => type)).toEqual(['thinking', 'text'])
    const streamed = await client()
      .messages.stream({ ...body, model, thinking: { type: 'enabled', budget_tokens: 1024 } })
      .finalMessage()
    expect(streamed.content.map(({ type }) => type)).toEqual(['thinking', 'text'])
  }
})

it('reads pictures where the backend does, and stops at stop_sequences', async () => {
  const source = { type: 'base64' as const, media_type: 'image/png' as const, data: 'aGk=' }
  const answer = await client().messages.create({
    model: 'vllm/stand-in',
    max_tokens: 50,
    stop_sequences: ['END'],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image', source },
          { type: 'text', text: 'What END is it?' },
        ],
      },
    ],
  })
  expect(textOf(answer)).toBe('[image] What ')
})

it('names in a header what another dialect has no word for', async () => {
  const cached = { type: 'text' as const, text: 'Hi', cache_control: { type: 'ephemeral' as const } }
  const { response } = await client()
    .messages.create({
      model: 'vllm/stand-in',
      max_tokens: 5,
      metadata: { user_id: 'me' },
      messages: [{ role: 'user', content: [cached] }],
    })
    .withResponse()
  const said = response.headers.get('x-mcpd-warnings')
  expect(said).toContain("'metadata.user_id'")
  expect(said).toContain("'messages[].cache_control'")
  expect(response.headers.get('request-id')).toMatch(/^req_/)
})

it('lists models to this client and to OpenAI’s, each in its own shape', async () => {
  const ids: string[] = []
  for await (const model of client().models.list({ limit: 2 })) ids.push(model.id)
  const headers = { 'x-api-key': 'secret' }
  const other = (await (await mcpd.fetch('/v1/models', { headers })).json()) as { data: { id: string }[] }
  expect(ids.length).toBeGreaterThan(4)
  expect(ids).toEqual(other.data.map(({ id }) => id))
  const back: string[] = []
  for await (const model of client().models.list({ limit: 2, before_id: ids.at(-1)! })) back.push(model.id)
  expect(back.toSorted()).toEqual(ids.slice(0, -1).toSorted())
  expect(await client().models.retrieve(ids[1]!)).toMatchObject({ id: ids[1], type: 'model' })
  await expect(client().models.retrieve('no-such')).rejects.toThrow(Anthropic.NotFoundError)
  await expect(client().models.list({ after_id: 'no-such' })).rejects.toThrow(Anthropic.BadRequestError)
})

describe('what goes wrong', () => {
  const body = { max_tokens: 5, messages: [{ role: 'user' as const, content: 'Hi' }] }

  it.each([
    ['a wrong key', 'wrong', 'vllm/stand-in', Anthropic.AuthenticationError, 'authentication_error'],
    ['an unknown model', 'secret', 'vllm/none', Anthropic.NotFoundError, 'not_found_error'],
    [
      'an overloaded backend',
      'secret',
      'ill/fault/overloaded',
      Anthropic.InternalServerError,
      'overloaded_error',
    ],
    ['too many requests', 'secret', 'broken/fault/refuse-429', Anthropic.RateLimitError, 'rate_limit_error'],
  ] as const)('%s', async (_, key, model, type, word) => {
    const failure: unknown = await client(key)
      .messages.create({ ...body, model })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(type)
    expect((failure as InstanceType<typeof Anthropic.APIError>).type).toBe(word)
  })

  it('is told by the event of an error where a stream breaks', async () => {
    for (const model of ['ill/fault/error-mid-stream', 'broken/fault/error-mid-stream']) {
      const stream = client().messages.stream({ ...body, model })
      await expect(stream.finalMessage()).rejects.toThrow(/engine died/)
    }
  })
})

it('passes on byte for byte what is of one dialect', async () => {
  const sent =
    '{ "model":"claude/stand-in", "max_tokens": 9,"messages":[{"role":"user","content":[{"type":"text","text":"h\\u0069","cache_control":{"type":"ephemeral"}}]}],"novel":[1.0] }'
  const headers = {
    'x-api-key': 'secret',
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'tools-2099-01-01',
  }
  const answer = await mcpd.fetch('/v1/messages?beta=true', { method: 'POST', headers, body: sent })
  expect(answer.status).toBe(200)
  const received = anthropic.requests.at(-1)!
  expect(received.body.toString()).toBe(sent.replace('claude/stand-in', 'stand-in'))
  expect(received.headers['anthropic-beta']).toBe('tools-2099-01-01')
  expect(received.headers['x-api-key']).toBe('upstream')
  expect(await answer.text()).toBe(anthropic.answers.at(-1)!.toString())

  const stream = await mcpd.fetch('/v1/messages', {
    method: 'POST',
    headers,
    body: sent.replace('"max_tokens"', '"stream":true,"max_tokens"'),
  })
  expect(await stream.text()).toBe(anthropic.answers.at(-1)!.toString())
})

it('shares a group with backends of other dialects', async () => {
  const answer = await client().messages.create({
    model: 'any',
    max_tokens: 20,
    messages: [{ role: 'user', content: 'Hello.' }],
  })
  expect(textOf(answer)).toBe('Hello.')
})
