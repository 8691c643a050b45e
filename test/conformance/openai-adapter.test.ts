import { type OpenAiStandInOptions, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { type AdapterSuiteOptions, adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat } from '../../src/conformance/request.ts'
import openai from '../../src/daemon/adapters/openai.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from './run-suite.ts'

const model = 'stand-in/tiny:1b'

const suite = (
  standInOptions: OpenAiStandInOptions,
  operations: readonly ('chat' | 'complete' | 'embed' | 'rerank' | 'tokenize')[],
  more: Partial<AdapterSuiteOptions> = {},
) =>
  adapterSuite({
    make: async () => {
      const standIn = await startOpenAiStandIn({ tokenDelayMs: 1, ...standInOptions })
      const adapter = openai.create(
        { url: standIn.url, operations: [...operations] },
        {
          name: 'stand-in',
          connect: (url) => createTransport(url, { connectionsMax: 16, connectTimeoutMs: 5000 }),
          log: () => {},
        },
      )
      return { adapter, close: standIn.close, openRequests: standIn.openRequests }
    },
    models: Object.fromEntries(operations.map((operation) => [operation, model])),
    callsTools: true,
    long: newChat('words 4096', { sampling: { maxTokens: 4096 } }),
    ...more,
  })

runSuite(
  'the openai adapter over a server like vLLM',
  suite({ runtime: 'vllm' }, ['chat', 'complete', 'embed', 'rerank', 'tokenize'], { echoes: true }),
)

runSuite(
  'the openai adapter over a server like llama.cpp whose model thinks first',
  suite({ runtime: 'llama.cpp', reasoning: true }, ['chat', 'complete', 'embed', 'tokenize']),
)

runSuite(
  'the openai adapter over a server with the API alone',
  suite({ runtime: 'none' }, ['chat', 'complete', 'embed']),
)
