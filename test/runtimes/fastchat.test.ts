import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat, newComplete, newEmbed } from '../../src/conformance/request.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import fastchat from '../../src/daemon/adapters/fastchat/index.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from '../conformance/run-suite.ts'
import { newRequest } from '../harness/request.ts'
import { type FastChatServers, startFastChat } from './fastchat-servers.ts'
import { whyNot } from './program.ts'

/** A real FastChat: run by `npm run test:runtimes`, results in docs/results/runtimes.md. */

const missing = whyNot('fastchat')
let servers: FastChatServers
beforeAll(async () => {
  if (missing) console.warn(`skipped: ${missing}`)
  else servers = await startFastChat()
})
afterAll(() => servers?.close())

const makeAdapter = (url: string): Adapter =>
  fastchat.create(
    { url },
    {
      name: 'fastchat',
      connect: (base) => createTransport(base, { connectionsMax: 16, connectTimeoutMs: 5000 }),
      log: () => {},
    },
  )

const { signal } = new AbortController()

const suite = (urlOf: (servers: FastChatServers) => string) =>
  adapterSuite({
    make: async () => ({ adapter: makeAdapter(urlOf(servers)), close: async () => {} }),
    models: { chat: 'words', complete: 'words', embed: 'words', tokenize: 'words' },
    echoes: true,
    long: newChat('words 400', { sampling: { maxTokens: 400 } }),
    unsupported: [
      { parameter: 'tools', input: newChat('Hello.', { tools: [{ name: 'weather' }] }) },
      { parameter: 'seed', input: newComplete('Once', { sampling: { seed: 1 } }) },
      { parameter: 'dimensions', input: newEmbed(['a'], { dimensions: 3 }) },
    ],
    stepMs: 60_000,
  })

describe.skipIf(missing)('a real FastChat', () => {
  runSuite(
    'its controller',
    suite(({ controllerUrl }) => controllerUrl),
  )
  runSuite(
    'its worker',
    suite(({ workerUrl }) => workerUrl),
  )
  runSuite(
    'its API server',
    suite(({ apiUrl }) => apiUrl),
  )

  it('tells what waits, and describes a model', async () => {
    const adapter = makeAdapter(servers.controllerUrl)
    await adapter.models(signal)
    expect(await adapter.metrics!(signal)).toEqual({ requests_pending: expect.any(Number) as number })
    expect(await adapter.describe!('words', signal)).toMatchObject({
      dialect: 'fastchat',
      body: { model_names: ['words'], context_length: 512, conv: { sep_style: 9 } },
    })
    await adapter.close()
  })

  it('is an error where the model breaks, before and after its first words', async () => {
    for (const url of [servers.controllerUrl, servers.apiUrl]) {
      const adapter = makeAdapter(url)
      for (const stream of [false, true]) {
        const request = newRequest({ model: 'words', stream, input: newComplete('please break') })
        await expect(Array.fromAsync(adapter.infer(request))).rejects.toMatchObject({ code: 'BACKEND_ERROR' })
      }
      await adapter.close()
    }
  })

  it('has a worker that dies in the middle of a sentence, and one that comes back', async () => {
    const adapter = makeAdapter(servers.controllerUrl)
    const request = newRequest({ model: 'words', stream: true, input: newComplete('do die') })
    await expect(Array.fromAsync(adapter.infer(request))).rejects.toMatchObject({
      code: 'BACKEND_INCOMPLETE',
    })
    const next = () =>
      Array.fromAsync(
        adapter.infer(newRequest({ model: 'words', stream: false, input: newComplete('Once') })),
      )
    await expect(next()).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' })
    await servers.restartWorker()
    expect(await next()).toHaveLength(1)
    await adapter.close()
  })
})
