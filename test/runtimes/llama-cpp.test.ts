import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat } from '../../src/conformance/request.ts'
import type { Adapter } from '../../src/core/adapter.ts'
import openai from '../../src/daemon/adapters/openai.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from '../conformance/run-suite.ts'
import { startLlamaCpp } from './llama-cpp-server.ts'
import { whyNot } from './program.ts'

/** The server of llama-cpp-python: run by `npm run test:runtimes`, results in docs/results/runtimes.md. */

const missing = whyNot('llama')
let server: Awaited<ReturnType<typeof startLlamaCpp>>
beforeAll(async () => {
  if (missing) console.warn(`skipped: ${missing}`)
  else server = await startLlamaCpp()
})
afterAll(() => server?.close())

const makeAdapter = (): Adapter =>
  openai.create(
    { url: `${server.url}/v1`, operations: ['chat', 'complete'] },
    {
      name: 'llama-cpp',
      connect: (base) => createTransport(base, { connectionsMax: 16, connectTimeoutMs: 5000 }),
      log: () => {},
    },
  )

/** Nothing shorter fits, so it can be interrupted; the server has a spelling of its own for it. */
const form = {
  type: 'json_object',
  schema: { type: 'array', items: { type: 'boolean' }, minItems: 300 },
}

/** What this server does otherwise than the suite asks, whoever sits before it: docs/results/runtimes.md tells. */
const itsOwn = [
  // It overlooks n, and says nothing.
  /two choices are given/,
  // Half of a surrogate pair breaks it.
  /^broken text and a thousand stop strings/,
]

describe.skipIf(missing)('a real server of llama-cpp-python', () => {
  runSuite(
    'the adapter openai',
    adapterSuite({
      make: async () => ({ adapter: makeAdapter(), close: async () => {} }),
      models: { chat: 'demo', complete: 'demo' },
      anyModel: true,
      long: newChat('Go on.', { extra: { response_format: form }, sampling: { maxTokens: 1500 } }),
      stepMs: 60_000,
    }).filter(({ name }) => !itsOwn.some((pattern) => pattern.test(name))),
  )

  it('lists its model and is well', async () => {
    const adapter = makeAdapter()
    const { signal } = new AbortController()
    expect(await adapter.models(signal)).toMatchObject([{ name: 'demo' }])
    expect(await adapter.health(signal)).toMatchObject({ ok: true })
    await adapter.close()
  })
})
