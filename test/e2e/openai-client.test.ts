import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { type OllamaStandIn, startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'
import { demoModel, whyNoRuntime } from '../harness/demo-model.ts'

/**
 * The official client, over an OpenAI-compatible backend and over the model inside mcpd. Every answer it gets is
 * held against /openapi.json on the way.
 */

let backend: OpenAiStandIn
let ollama: OllamaStandIn
let mcpd: TestDaemon
const missing = await whyNoRuntime()
beforeAll(async () => {
  backend = await startOpenAiStandIn()
  ollama = await startOllamaStandIn()
  const embedded = missing
    ? ''
    : `  - { name: local, adapter: embedded, model: ${await demoModel()}, threads: 1 }`
  mcpd = await startTestDaemon(`
backends:
  - { name: vllm, adapter: openai, url: "${backend.url}" }
  - { name: laptop, adapter: ollama, url: "${ollama.url}" }
${embedded}`)
})
afterAll(async () => {
  await mcpd.close()
  await Promise.all([backend.close(), ollama.close()])
})

const client = () =>
  new OpenAI({ baseURL: `${mcpd.url}/v1`, apiKey: 'none', fetch: mcpd.fetch, maxRetries: 0 })

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather in a city.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', maxLength: 20 }, unit: { enum: ['C', 'F'] } },
      required: ['city', 'unit'],
      additionalProperties: false,
    },
  },
} as const
const format = {
  type: 'json_schema',
  json_schema: {
    name: 'point',
    schema: {
      type: 'object',
      properties: { label: { type: 'string', maxLength: 10 }, visible: { type: 'boolean' } },
      required: ['label', 'visible'],
      additionalProperties: false,
    },
  },
} as const
const hello = [{ role: 'user', content: 'Hello there!' }] as const

describe.each([
  ['an OpenAI-compatible server', 'vllm/stand-in'],
  ['an Ollama', 'laptop/stand-in:latest'],
  ['the embedded model', 'local/mcpd-demo'],
])('over %s', (_, model) => {
  const part = it.skipIf(model.startsWith('local') && missing !== undefined)
  const messages = [...hello]

  part('chats', async () => {
    const answer = await client().chat.completions.create({ model, messages, max_tokens: 20 })
    expect(answer.choices).toHaveLength(1)
    expect(answer.choices[0]!.message).toMatchObject({
      role: 'assistant',
      content: expect.any(String) as string,
    })
    expect(['stop', 'length']).toContain(answer.choices[0]!.finish_reason)
    const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = answer.usage!
    expect([input > 0, output > 0, total]).toEqual([true, true, input + output])
  })

  part('streams what it would have said whole', async () => {
    const body = { model, messages, max_tokens: 20, seed: 7, temperature: 0 } as const
    const whole = await client().chat.completions.create(body)
    const stream = await client().chat.completions.create({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    })
    let content = ''
    let finish: string | null = null
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of stream) {
      content += chunk.choices[0]?.delta.content ?? ''
      finish = chunk.choices[0]?.finish_reason ?? finish
      usage = chunk.usage ?? usage
    }
    expect(content).toBe(whole.choices[0]!.message.content)
    expect(finish).toBe(whole.choices[0]!.finish_reason)
    expect(usage?.completion_tokens).toBe(whole.usage!.completion_tokens)
  })

  part('calls tools, whole and streamed', async () => {
    // An Ollama cannot be made to call; the stand-in does when it is asked to.
    const body = {
      model,
      messages: [{ role: 'user', content: 'Call the weather tool, please.' }],
      tools: [weather],
      tool_choice: 'required',
      max_tokens: 200,
      seed: 3,
    } as const
    const answer = await client().chat.completions.create({
      ...body,
      messages: [...body.messages],
      tools: [...body.tools],
    })
    const [call] = answer.choices[0]!.message.tool_calls!
    expect(answer.choices[0]!.finish_reason).toBe('tool_calls')
    expect(call).toMatchObject({
      type: 'function',
      id: expect.any(String) as string,
      function: { name: 'weather' },
    })
    const read = (text: string): unknown => JSON.parse(text)
    expect(read((call as { function: { arguments: string } }).function.arguments)).toMatchObject({
      city: expect.any(String) as string,
      unit: expect.stringMatching(/^[CF]$/) as string,
    })
    const runner = client().chat.completions.stream({
      ...body,
      messages: [...body.messages],
      tools: [...body.tools],
    })
    const streamed = await runner.finalChatCompletion()
    const [again] = streamed.choices[0]!.message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[]
    expect(again!.function.name).toBe('weather')
    expect(read(again!.function.arguments)).toHaveProperty('city')
  })

  part('takes the results of tools', async () => {
    const answer = await client().chat.completions.create({
      model,
      max_tokens: 10,
      messages: [
        ...hello,
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: 'a',
              type: 'function',
              function: { name: 'weather', arguments: '{"city":"Bern","unit":"C"}' },
            },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: '21 degrees' },
      ],
    })
    expect(answer.choices[0]!.message.role).toBe('assistant')
  })

  part('answers in the form it was asked for', async () => {
    const answer = await client().chat.completions.create({
      model,
      messages,
      response_format: format,
      max_tokens: 200,
    })
    expect(JSON.parse(answer.choices[0]!.message.content!)).toEqual({
      label: expect.any(String) as string,
      visible: expect.any(Boolean) as boolean,
    })
  })

  part('completes', async () => {
    const answer = await client().completions.create({ model, prompt: 'The model', max_tokens: 5 })
    expect(answer.object).toBe('text_completion')
    let text = ''
    for await (const chunk of await client().completions.create({
      model,
      prompt: 'The model',
      max_tokens: 5,
      stream: true,
    }))
      text += chunk.choices[0]?.text ?? ''
    expect(text.length).toBeGreaterThan(0)
  })

  part('embeds, in base64 by the client’s own default', async () => {
    const floats = await client().embeddings.create({
      model,
      input: ['one', 'two'],
      encoding_format: 'float',
    })
    const packed = await client().embeddings.create({ model, input: ['one', 'two'] })
    expect(floats.data.map(({ index }) => index)).toEqual([0, 1])
    for (const [index, { embedding }] of packed.data.entries()) {
      expect(embedding).toHaveLength(floats.data[index]!.embedding.length)
      for (const [at, value] of embedding.entries())
        expect(value).toBeCloseTo(floats.data[index]!.embedding[at]!, 4)
    }
  })

  part('is in the list of models', async () => {
    const bare = model.slice(model.indexOf('/') + 1)
    const ids = (await Array.fromAsync(client().models.list())).map(({ id }) => id)
    expect(ids).toContain(bare)
    expect(await client().models.retrieve(model)).toMatchObject({ id: model, object: 'model' })
  })

  part('stops when the client does', async () => {
    const stream = await client().chat.completions.create({ model, messages, stream: true })
    for await (const _ of stream) break
    stream.controller.abort()
    const backend = mcpd.daemon.registry.lookup(undefined, model)!.backend
    await expect.poll(() => backend.queue.inFlight).toBe(0)
  })
})

describe('errors', () => {
  it('are the client’s own classes', async () => {
    const ask = (model: string, temperature?: number) =>
      client().chat.completions.create({
        model,
        messages: [...hello],
        ...(temperature !== undefined && { temperature }),
      })
    await expect(ask('nothing')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(ask('vllm/stand-in', 9)).rejects.toBeInstanceOf(OpenAI.BadRequestError)
    await expect(ask('vllm/stand-in', 9)).rejects.toMatchObject({ param: 'temperature', status: 400 })
  })

  it('in the middle of a stream are thrown', async () => {
    const faulty = await startTestDaemon(
      `backends: [{ name: b, adapter: openai, url: "${backend.url}", models: [fault/cut-mid-stream] }]`,
    )
    try {
      const openai = new OpenAI({ baseURL: `${faulty.url}/v1`, apiKey: 'none', maxRetries: 0 })
      const stream = await openai.chat.completions.create({
        model: 'fault/cut-mid-stream',
        messages: [...hello],
        stream: true,
      })
      await expect(Array.fromAsync(stream)).rejects.toThrow(/cut its answer short/)
    } finally {
      await faulty.close()
    }
  })
})

it('held every answer against the document', () => {
  expect(mcpd.contract.checked).toBeGreaterThan(20)
})
