import { type FastChatStandInOptions, startFastChatStandIn } from '../../fixtures/fastchat-stand-in.ts'
import { type AdapterSuiteOptions, adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat, newComplete, newEmbed } from '../../src/conformance/request.ts'
import fastchat from '../../src/daemon/adapters/fastchat/index.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from './run-suite.ts'

const suite = (
  kind: NonNullable<FastChatStandInOptions['kind']>,
  unsupported: NonNullable<AdapterSuiteOptions['unsupported']> = [],
) =>
  adapterSuite({
    make: async () => {
      const standIn = await startFastChatStandIn({ kind, apiKey: 'key', tokenDelayMs: 1 })
      const adapter = fastchat.create(
        { url: standIn.url, apiKey: 'key' },
        {
          name: 'stand-in',
          connect: (url) => createTransport(url, { connectionsMax: 16, connectTimeoutMs: 5000 }),
          log: () => {},
        },
      )
      return { adapter, close: standIn.close, openRequests: standIn.openRequests }
    },
    models: { chat: 'stand-in', complete: 'stand-in', embed: 'stand-in', tokenize: 'stand-in' },
    echoes: true,
    long: newChat('words 4096', { sampling: { maxTokens: 4096 } }),
    unsupported: [
      { parameter: 'tools', input: newChat('Hello.', { tools: [{ name: 'weather' }] }) },
      { parameter: 'response_format', input: newChat('Hello.', { responseFormat: { type: 'json' } }) },
      { parameter: 'parallel_tool_calls', input: newChat('Hello.', { parallelToolCalls: false }) },
      { parameter: 'reasoning_effort', input: newChat('Hello.', { reasoningEffort: 'low' }) },
      { parameter: 'service_tier', input: newChat('Hello.', { extra: { service_tier: 'flex' } }) },
      { parameter: 'seed', input: newChat('Hello.', { sampling: { seed: 1 } }) },
      { parameter: 'min_p', input: newComplete('Once', { sampling: { minP: 0.1 } }) },
      { parameter: 'logit_bias', input: newComplete('Once', { sampling: { logitBias: { 1: 5 } } }) },
      { parameter: 'suffix', input: newComplete('Once', { suffix: 'end' }) },
      { parameter: 'prompt', input: { ...newComplete(''), prompts: [[1, 2, 3]] } },
      { parameter: 'dimensions', input: newEmbed(['Hello.'], { dimensions: 3 }) },
      ...unsupported,
    ],
  })

const single = [
  { parameter: 'n must', input: newChat('Hello.', { choices: 2 }) },
  { parameter: 'logprobs', input: newComplete('Once', { topLogprobs: 1 }) },
]

runSuite('the fastchat adapter over a controller', suite('controller', single))
runSuite('the fastchat adapter over a worker', suite('worker', single))
runSuite(
  'the fastchat adapter over an API server',
  suite('api', [
    { parameter: 'repetition_penalty', input: newChat('Hello.', { sampling: { repeatPenalty: 2 } }) },
  ]),
)
