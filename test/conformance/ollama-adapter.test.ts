import { startOllamaStandIn } from '../../fixtures/ollama-stand-in.ts'
import { adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat, newComplete } from '../../src/conformance/request.ts'
import ollama from '../../src/daemon/adapters/ollama.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from './run-suite.ts'

runSuite(
  'the ollama adapter over an Ollama',
  adapterSuite({
    make: async () => {
      const standIn = await startOllamaStandIn({ tokenDelayMs: 1 })
      const adapter = ollama.create(
        { url: standIn.url },
        {
          name: 'stand-in',
          connect: (url) => createTransport(url, { connectionsMax: 16, connectTimeoutMs: 5000 }),
          log: () => {},
        },
      )
      return { adapter, close: standIn.close, openRequests: standIn.openRequests }
    },
    models: { chat: 'stand-in:latest', complete: 'stand-in/tiny:1b', embed: 'stand-in-embed:latest' },
    echoes: true,
    callsTools: true,
    long: newChat('words 4096', { sampling: { maxTokens: 4096 } }),
    unsupported: [
      { parameter: 'logit_bias', input: newChat('Hello.', { sampling: { logitBias: { 1: 5 } } }) },
      { parameter: 'parallel_tool_calls', input: newChat('Hello.', { parallelToolCalls: false }) },
      { parameter: 'service_tier', input: newChat('Hello.', { extra: { service_tier: 'flex' } }) },
      { parameter: 'echo', input: newComplete('Once', { echo: true }) },
      { parameter: 'prompt', input: { ...newComplete(''), prompts: [[1, 2, 3]] } },
    ],
  }),
)
