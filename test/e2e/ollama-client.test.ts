import { Ollama, type ChatResponse, type GenerateResponse } from 'ollama'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OllamaStandIn, startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'
import { demoModel, whyNoRuntime } from '../harness/demo-model.ts'

/**
 * The official client of Ollama, over an Ollama, an OpenAI-compatible server and the model inside mcpd. Every answer
 * it gets is held against /openapi.json on the way.
 */

let ollama: OllamaStandIn
let openai: OpenAiStandIn
let mcpd: TestDaemon
const missing = await whyNoRuntime()
beforeAll(async () => {
  ollama = await startOllamaStandIn()
  openai = await startOpenAiStandIn()
  const embedded = missing
    ? ''
    : `  - { name: local, adapter: embedded, model: ${await demoModel()}, threads: 1 }`
  mcpd = await startTestDaemon(`
backends:
  - { name: laptop, adapter: ollama, url: "${ollama.url}", contextLength: 2048 }
  - { name: vllm, adapter: openai, url: "${openai.url}" }
${embedded}`)
})
afterAll(async () => {
  await mcpd.close()
  await ollama.close()
  await openai.close()
})

const client = () => new Ollama({ host: mcpd.url, fetch: mcpd.fetch })

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather in a city.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', maxLength: 20 } },
      required: ['city'],
      additionalProperties: false,
    },
  },
}
const point = {
  type: 'object',
  properties: { label: { type: 'string', maxLength: 10 }, visible: { type: 'boolean' } },
  required: ['label', 'visible'],
  additionalProperties: false,
}
const messages = [{ role: 'user', content: 'Hello there!' }]
const options = { temperature: 0, seed: 7, num_predict: 20 }

/** Ends well, and tells how long it took in nanoseconds. */
const requireDone = (last: ChatResponse | GenerateResponse): void => {
  expect(last.done).toBe(true)
  expect(['stop', 'length']).toContain(last.done_reason)
  expect(last.prompt_eval_count).toBeGreaterThan(0)
  expect(last.eval_count).toBeGreaterThan(0)
  expect(last.total_duration).toBeGreaterThan(1000)
  expect(last.eval_duration).toBeGreaterThan(0)
  expect(Date.parse(String(last.created_at))).toBeGreaterThan(0)
}

describe.each([
  ['an Ollama', 'laptop', 'stand-in:latest'],
  ['an OpenAI-compatible server', 'vllm', 'vllm/stand-in'],
  ['the embedded model', 'local', 'mcpd-demo'],
])('over %s', (_, backend, model) => {
  const part = it.skipIf(backend === 'local' && missing !== undefined)

  part('chats', async () => {
    const answer = await client().chat({ model, messages, options })
    expect(answer.message.role).toBe('assistant')
    expect(answer.message.content).not.toBe('')
    expect(answer.model).toBe(model)
    requireDone(answer)
  })

  part('streams what it would have said whole', async () => {
    const whole = await client().chat({ model, messages, options })
    const lines = await Array.fromAsync(await client().chat({ model, messages, options, stream: true }))
    expect(lines.map(({ message }) => message.content).join('')).toBe(whole.message.content)
    expect(lines.slice(0, -1).every(({ done }) => !done)).toBe(true)
    const last = lines.at(-1)!
    requireDone(last)
    expect([last.done_reason, last.eval_count]).toEqual([whole.done_reason, whole.eval_count])
  })

  part('answers prompts, whole, streamed and raw', async () => {
    const body = { model, prompt: 'Hello there!', system: 'Be kind.', options }
    const whole = await client().generate(body)
    expect(whole.response).not.toBe('')
    requireDone(whole)
    const lines = await Array.fromAsync(await client().generate({ ...body, stream: true }))
    expect(lines.map(({ response }) => response).join('')).toBe(whole.response)
    const raw = await client().generate({ model, prompt: 'Once upon', raw: true, options })
    expect(raw.response).not.toBe('')
    requireDone(raw)
  })

  part('keeps to a schema', async () => {
    const asked = { model, messages, format: point, options: { ...options, num_predict: 200 } }
    const { message } = await client().chat(asked)
    expect(JSON.parse(message.content ?? '')).toEqual({
      label: expect.any(String) as string,
      visible: expect.any(Boolean) as boolean,
    })
  })

  part('makes vectors, by both routes', async () => {
    const { embeddings } = await client().embed({ model, input: ['a cat', 'the deep sea'] })
    expect(embeddings).toHaveLength(2)
    expect(embeddings[0]!.length).toBe(embeddings[1]!.length)
    const { embedding } = await client().embeddings({ model, prompt: 'a cat' })
    expect(embedding).toHaveLength(embeddings[0]!.length)
    expect((await client().embed({ model, input: [] })).embeddings).toEqual([])
  })

  part('is listed, described and in memory once loaded', async () => {
    const loaded = await client().generate({ model, prompt: '' })
    expect(loaded.done_reason).toBe('load')
    const { models } = await client().list()
    const own = models.find((entry) => [entry.name, `${backend}/${entry.name}`].includes(model))!
    expect(own).toMatchObject({ model: own.name, digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string })
    const shown = await client().show({ model })
    expect(shown.capabilities).toContain('completion')
    const info = shown.model_info as unknown as Record<string, unknown>
    expect(info[`${String(info['general.architecture'])}.context_length`]).toBeGreaterThan(0)
    const running = (await client().ps()).models
    expect(running.map(({ name }) => name)).toContain(own.name)
  })

  part('knows what it does not know', async () => {
    const unknown = client().chat({ model: `${backend}/no-such-model`, messages })
    await expect(unknown).rejects.toMatchObject({
      status_code: 404,
      message: expect.stringContaining('no-such-model') as string,
    })
    await expect(client().show({ model: 'no-such-model' })).rejects.toMatchObject({ status_code: 404 })
    await expect(client().chat({ model, messages, options: { top_p: 7 } })).rejects.toMatchObject({
      status_code: 400,
    })
  })

  part('stops when the client has heard enough', async () => {
    const stream = await client().chat({
      model,
      messages: [{ role: 'user', content: 'words 100000' }],
      stream: true,
    })
    for await (const { message } of stream) if (message.content !== '') break
    stream.abort()
    await expect.poll(async () => (await status()).inFlight).toBe(0)
  })
})

const status = async (): Promise<{ inFlight: number }> => {
  const metrics = await (await fetch(`${mcpd.url}/metrics`)).text()
  return { inFlight: Number(/^mcpd_requests_in_flight (\d+)$/m.exec(metrics)?.[1]) }
}

/** The embedded model calls a tool only when it must, which this dialect cannot say. */
describe.each(['stand-in:latest', 'vllm/stand-in'])('tools of %s', (model) => {
  const asked = { model, messages: [{ role: 'user', content: 'Please call the weather.' }], tools: [weather] }

  it('are called, and their results are heard', async () => {
    const { message, done_reason: reason } = await client().chat(asked)
    expect(reason).toBe('stop')
    expect(message.tool_calls).toMatchObject([
      { function: { name: 'weather', arguments: { city: expect.any(String) as string } } },
    ])
    const lines = await Array.fromAsync(await client().chat({ ...asked, stream: true }))
    const calls = lines.flatMap((line) => line.message.tool_calls ?? [])
    expect(calls.map((call) => call.function.arguments)).toEqual([message.tool_calls![0]!.function.arguments])
    const result = { role: 'tool', content: 'Sunny.', tool_name: 'weather' }
    const answer = await client().chat({ ...asked, messages: [...asked.messages, message, result] })
    expect(answer.message.content).toBe('Sunny.')
  })
})

describe('managing models', () => {
  it('pulls with progress from whoever can, serves what came, and deletes it', async () => {
    const steps = await Array.fromAsync(await client().pull({ model: 'fresh', stream: true }))
    expect(steps.map(({ status }) => status)).toEqual(
      expect.arrayContaining(['pulling manifest', 'pulling', 'success']),
    )
    expect(steps.some(({ completed, total }) => completed === total && total > 0)).toBe(true)
    expect((await client().chat({ model: 'fresh', messages })).message.content).toBe('Hello there!')
    expect((await client().list()).models.map(({ name }) => name)).toContain('fresh:latest')
    await client().delete({ model: 'fresh' })
    expect((await client().list()).models.map(({ name }) => name)).not.toContain('fresh:latest')
    expect(await client().pull({ model: 'laptop/fresh' })).toEqual({ status: 'success' })
    await client().delete({ model: 'laptop/fresh:latest' })
  })

  it('says why a pull came to nothing', async () => {
    await expect(client().pull({ model: 'missing' })).rejects.toMatchObject({ status_code: 404 })
    const broken = await client().pull({ model: 'broken', stream: true })
    await expect(Array.fromAsync(broken)).rejects.toThrow(/broke off/)
    await expect(client().pull({ model: 'vllm/other' })).rejects.toMatchObject({ status_code: 422 })
  })

  it('unloads where that is possible, and says where it is not', async () => {
    const { done_reason: reason } = await client().generate({ model: 'stand-in', prompt: '', keep_alive: 0 })
    expect(reason).toBe('unload')
    expect((await client().ps()).models.map(({ name }) => name)).not.toContain('stand-in:latest')
    const refused = client().generate({ model: 'vllm/stand-in', prompt: '', keep_alive: 0 })
    await expect(refused).rejects.toMatchObject({
      status_code: 422,
      message: expect.stringContaining('vllm') as string,
    })
    await expect(client().delete({ model: 'vllm/stand-in' })).rejects.toMatchObject({ status_code: 422 })
  })

  it('tells a version that its clients have heard of', async () => {
    expect(await client().version()).toMatchObject({
      version: expect.stringMatching(/^0\.\d+\.\d+$/) as string,
    })
  })

  it('never had an Ollama load a model twice for the sake of its context', () => {
    const contexts = new Set(ollama.loads.map(({ contextLength }) => contextLength))
    expect([...contexts]).toEqual([2048])
  })
})
