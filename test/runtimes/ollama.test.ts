import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat, newComplete } from '../../src/conformance/request.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import ollama from '../../src/daemon/adapters/ollama.ts'
import type { OllamaOptions } from '../../src/daemon/adapters/ollama/options.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from '../conformance/run-suite.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'
import { newRequest } from '../harness/request.ts'
import { type OllamaServer, startOllama, whyNoOllama } from './ollama-server.ts'

/** A real Ollama: run by `npm run test:runtimes`, results in docs/results/runtimes-ollama.md. */

let server: OllamaServer
beforeAll(async () => {
  if (whyNoOllama) console.warn(`skipped: ${whyNoOllama}`)
  else server = await startOllama()
})
afterAll(() => server?.close())

const makeAdapter = (options: Partial<OllamaOptions> = {}): Adapter =>
  ollama.create(
    { url: server.url, ...options },
    {
      name: 'ollama',
      connect: (url) => createTransport(url, { connectionsMax: 16, connectTimeoutMs: 5000 }),
      log: () => {},
    },
  )

/** Nothing shorter fits, so it can be interrupted. Ten times as many and the runner dies of the grammar. */
const long = { type: 'array', items: { type: 'boolean' }, minItems: 400 }
const responseFormat = { type: 'json-schema', name: 'long', schema: long } as const
const { signal } = new AbortController()

describe.skipIf(whyNoOllama)('a real Ollama', () => {
  runSuite(
    'the ollama adapter',
    adapterSuite({
      make: async () => ({ adapter: makeAdapter(), close: async () => {} }),
      models: { chat: 'demo:latest', complete: 'demo:latest', embed: 'demo-embed:latest' },
      long: newChat('Go on.', { responseFormat, sampling: { maxTokens: 4096, temperature: 0 } }),
      unsupported: [
        { parameter: 'logit_bias', input: newChat('Hello.', { sampling: { logitBias: { 1: 5 } } }) },
        { parameter: 'echo', input: newComplete('Once', { echo: true }) },
      ],
      stepMs: 60_000,
    }),
  )

  describe('and what only a real one shows', () => {
    it('asks in every request for the context that the config pins', async () => {
      const onlooker = makeAdapter()
      const inMemory = async () =>
        (await onlooker.models(signal)).find(({ name }) => name === 'demo:latest')?.contextLength
      const chat = newChat('Hi.', { sampling: { maxTokens: 2 } })
      const others = newChat('Hi.', { extra: { options: { num_ctx: 256 } }, sampling: { maxTokens: 2 } })
      for (const contextLength of [1024, 512]) {
        const adapter = makeAdapter({ contextLength, keepAlive: '5m' })
        await adapter.manage!.load!('demo:latest', signal)
        for (const input of [chat, others, newComplete('Once', { sampling: { maxTokens: 2 } })]) {
          await Array.fromAsync(adapter.infer(newRequest({ model: 'demo:latest', input })))
          expect(await inMemory()).toBe(contextLength)
        }
        await adapter.close()
      }
      const asClientsSay = newRequest({ model: 'demo:latest', input: others })
      await Array.fromAsync(onlooker.infer(asClientsSay))
      expect(await inMemory()).toBe(256)
      await onlooker.close()
    })

    it('unloads, lists what is in memory, and describes', async () => {
      const adapter = makeAdapter()
      await adapter.manage!.load!('demo-embed:latest', signal)
      const find = async () => (await adapter.models(signal)).find(({ name }) => name === 'demo-embed:latest')
      expect(await find()).toMatchObject({
        operations: ['embed'],
        aliases: ['demo-embed'],
        memory: { gpuBytes: 0 },
      })
      await adapter.manage!.unload!('demo-embed:latest', signal)
      await expect.poll(async () => (await find())?.memory, { timeout: 10_000 }).toBeNull()
      expect(await adapter.describe!('demo', signal)).toMatchObject({
        dialect: 'ollama',
        body: { capabilities: ['completion'] },
      })
      await adapter.close()
    })

    it('says what it said of a runner that died, and then works again', async () => {
      const adapter = makeAdapter()
      const asked = newRequest({ model: 'demo:latest', input: newChat('Go on.', { responseFormat }) })
      const reading = (async () => {
        let isAlive = true
        for await (const event of adapter.infer(asked))
          if (isAlive && event.type === 'text-delta') {
            isAlive = false
            server.killRunners()
          }
      })()
      await expect(reading).rejects.toMatchObject({ code: 'BACKEND_ERROR' })
      const again = newRequest({ model: 'demo:latest', input: newChat('Hello.') })
      expect((await Array.fromAsync(adapter.infer(again))).at(-1)?.type).toBe('end')
      await adapter.close()
    })
  })

  describe('behind the daemon', () => {
    let mcpd: TestDaemon
    beforeAll(async () => {
      mcpd = await startTestDaemon(`
backends:
  - { name: laptop, adapter: ollama, url: "${server.url}" }`)
    })
    afterAll(() => mcpd.close())

    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const steady = { temperature: 0, seed: 1 }

    it('serves the ollama client', async () => {
      const client = new Ollama({ host: mcpd.url, fetch: mcpd.fetch })
      const direct = new Ollama({ host: server.url })
      const asked = { model: 'demo', messages, options: steady }
      const whole = await client.chat(asked)
      expect(whole.message).toEqual((await direct.chat(asked)).message)
      const lines = await Array.fromAsync(await client.chat({ ...asked, stream: true }))
      expect(lines.map(({ message }) => message.content).join('')).toBe(whole.message.content)
      expect((await client.generate({ model: 'demo', prompt: 'Hello', options: steady })).response).toBe(
        whole.message.content,
      )
      expect((await client.generate({ model: 'demo', prompt: 'Hello', raw: true })).done).toBe(true)
      const { embeddings } = await client.embed({ model: 'demo-embed', input: ['a', 'b'] })
      expect(embeddings).toEqual((await direct.embed({ model: 'demo-embed', input: ['a', 'b'] })).embeddings)
      expect((await client.embeddings({ model: 'demo-embed', prompt: 'a' })).embedding).toHaveLength(768)
      const names = (await client.list()).models.map(({ name }) => name)
      expect(names.sort()).toEqual((await direct.list()).models.map(({ name }) => name).sort())
      expect(await client.show({ model: 'demo' })).toEqual(await direct.show({ model: 'demo' }))
      expect((await client.ps()).models.map(({ name }) => name)).toContain('demo:latest')
      await expect(client.chat({ ...asked, think: true })).rejects.toMatchObject({
        status_code: 400,
        message: expect.stringContaining('does not support thinking') as string,
      })
      await expect(client.chat({ ...asked, model: 'nope' })).rejects.toMatchObject({ status_code: 404 })
    })

    it('serves the ollama client tools, and lets it think', async () => {
      const client = new Ollama({ host: mcpd.url, fetch: mcpd.fetch })
      const tool = {
        type: 'function',
        function: { name: 'weather', parameters: { type: 'object', properties: {} } },
      }
      const call = {
        type: 'object',
        properties: { name: { const: 'weather' }, parameters: { const: {} } },
        required: ['name', 'parameters'],
      }
      const called = await client.chat({
        model: 'demo-tools',
        messages,
        tools: [tool],
        format: call,
        think: false,
      })
      expect(called.message.tool_calls).toMatchObject([{ function: { name: 'weather', arguments: {} } }])
      const thought = await client.chat({
        model: 'demo-think',
        messages,
        think: true,
        options: { num_predict: 8 },
      })
      expect(thought.message.thinking).not.toBe('')
    })

    it('serves the openai client', async () => {
      const client = new OpenAI({
        baseURL: `${mcpd.url}/v1`,
        apiKey: 'none',
        fetch: mcpd.fetch,
        maxRetries: 0,
      })
      const asked = { model: 'demo', messages, ...steady, max_tokens: 20 }
      const whole = await client.chat.completions.create(asked)
      expect(whole.choices[0]!.message.content).not.toBe('')
      expect(whole.usage!.completion_tokens).toBeGreaterThan(0)
      let streamed = ''
      const stream = await client.chat.completions.create({ ...asked, stream: true })
      for await (const chunk of stream) streamed += chunk.choices[0]?.delta.content ?? ''
      expect(streamed).toBe(whole.choices[0]!.message.content)
      const json_schema = {
        name: 'flag',
        schema: { type: 'object', properties: { on: { type: 'boolean' } }, required: ['on'] },
      }
      const formed = await client.chat.completions.create({
        ...asked,
        response_format: { type: 'json_schema', json_schema },
      })
      expect(JSON.parse(formed.choices[0]!.message.content ?? '')).toEqual({
        on: expect.any(Boolean) as boolean,
      })
      const completed = await client.completions.create({ model: 'demo', prompt: 'Once', max_tokens: 4 })
      expect(completed.choices[0]!.text).not.toBe('')
      const { data } = await client.embeddings.create({
        model: 'demo-embed',
        input: ['a', 'b'],
        encoding_format: 'float',
      })
      expect(data.map(({ embedding }) => embedding.length)).toEqual([768, 768])
      const thinking = await client.chat.completions.create({
        model: 'demo-think',
        messages,
        max_tokens: 8,
        reasoning_effort: 'high',
      })
      expect(thinking.choices[0]!.message).toMatchObject({ reasoning_content: expect.any(String) as string })
      const refused = client.chat.completions.create({ ...asked, n: 2 })
      await expect(refused).rejects.toMatchObject({ status: 400, param: 'n' })
    })
  })
})
