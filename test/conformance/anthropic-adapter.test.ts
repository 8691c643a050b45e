import { startAnthropicStandIn } from '../../fixtures/anthropic-stand-in.ts'
import { adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat, repeatable } from '../../src/conformance/request.ts'
import anthropic from '../../src/daemon/adapters/anthropic/index.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from './run-suite.ts'

const model = 'stand-in/tiny:1b'

runSuite(
  'the anthropic adapter over a server of the Messages API',
  adapterSuite({
    make: async () => {
      const standIn = await startAnthropicStandIn({ tokenDelayMs: 1, apiKey: 'key', pageSize: 1 })
      const adapter = anthropic.create(
        { url: `${standIn.url}/v1`, apiKey: 'key' },
        {
          name: 'stand-in',
          connect: (url) => createTransport(url, { connectionsMax: 16, connectTimeoutMs: 5000 }),
          log: () => {},
        },
      )
      return { adapter, close: standIn.close, openRequests: standIn.openRequests }
    },
    models: { chat: model, tokenize: model },
    echoes: true,
    callsTools: true,
    long: newChat('words 4096', { sampling: { maxTokens: 4096 } }),
    unsupported: [
      { parameter: 'seed', input: newChat('Hello.') },
      { parameter: 'min_p', input: newChat('Hello.', { sampling: { minP: 0.1 } }) },
      { parameter: 'logit_bias', input: newChat('Hello.', { sampling: { logitBias: { 1: 5 } } }) },
      { parameter: 'max_tokens', input: newChat('Hello.', { sampling: {} }) },
      { parameter: 'temperature', input: newChat('Hello.', { sampling: { temperature: 1.5 } }) },
      { parameter: 'logprobs', input: newChat('Hello.', { topLogprobs: 1 }) },
      { parameter: 'response_format', input: newChat('Hello.', { responseFormat: { type: 'json' } }) },
      { parameter: 'keep_alive', input: newChat('Hello.', { extra: { keep_alive: 5 } }) },
      {
        parameter: 'reasoning_effort',
        input: newChat('Hello.', { reasoningEffort: 'low', sampling: repeatable }),
      },
    ],
  }),
)
