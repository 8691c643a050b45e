import {
  type HuggingFaceStandInOptions,
  startHuggingFaceStandIn,
} from '../../fixtures/huggingface-stand-in.ts'
import { type AdapterSuiteOptions, adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat, newComplete, newEmbed, newRerank } from '../../src/conformance/request.ts'
import type { Operation } from '../../src/core/inference.ts'
import huggingface from '../../src/daemon/adapters/huggingface/index.ts'
import type { HuggingFaceOptions } from '../../src/daemon/adapters/huggingface/options.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from './run-suite.ts'

const model = 'org/stand-in'

const suite = (
  standInOptions: HuggingFaceStandInOptions,
  operations: readonly Operation[],
  adapterOptions: Partial<HuggingFaceOptions>,
  more: Partial<AdapterSuiteOptions> = {},
) =>
  adapterSuite({
    make: async () => {
      const standIn = await startHuggingFaceStandIn({
        apiKey: 'hf_x',
        tokenDelayMs: 1,
        model,
        ...standInOptions,
      })
      const adapter = huggingface.create(
        { url: standIn.url, apiKey: 'hf_x', ...adapterOptions },
        {
          name: 'stand-in',
          connect: (url) => createTransport(url, { connectionsMax: 16, connectTimeoutMs: 5000 }),
          log: () => {},
        },
      )
      // What it is decides what it can: it has been looked at before it is asked.
      await adapter.models(AbortSignal.timeout(5000))
      return { adapter, close: standIn.close, openRequests: standIn.openRequests }
    },
    models: Object.fromEntries(operations.map((operation) => [operation, model])),
    ...more,
  })

const long = newChat('words 4096', { sampling: { maxTokens: 4096 } })

runSuite(
  'the huggingface adapter over a router',
  suite(
    { kind: 'router' },
    ['chat', 'embed'],
    { kind: 'router', models: [{ name: model, operations: ['chat', 'embed'] }] },
    {
      echoes: true,
      callsTools: true,
      long,
      unsupported: [{ parameter: 'dimensions', input: newEmbed(['a'], { dimensions: 3 }) }],
    },
  ),
)

runSuite(
  'the huggingface adapter over a TGI',
  suite(
    { kind: 'tgi' },
    ['chat', 'complete', 'tokenize'],
    {},
    {
      echoes: true,
      callsTools: true,
      long,
      unsupported: [
        { parameter: 'min_p', input: newComplete('Once', { sampling: { minP: 0.1 } }) },
        { parameter: 'logit_bias', input: newComplete('Once', { sampling: { logitBias: { 1: 5 } } }) },
        { parameter: 'suffix', input: newComplete('Once', { suffix: 'end' }) },
        { parameter: 'prompt', input: { ...newComplete(''), prompts: [[1, 2, 3]] } },
        { parameter: 'keep_alive', input: newComplete('Once', { extra: { keep_alive: 1 } }) },
      ],
    },
  ),
)

runSuite(
  'the huggingface adapter over a TEI that embeds two texts at a time',
  suite(
    { kind: 'tei', batchMax: 2 },
    ['embed', 'tokenize'],
    {},
    { unsupported: [{ parameter: 'user', input: newEmbed(['a'], { extra: { user: 'me' } }) }] },
  ),
)

runSuite(
  'the huggingface adapter over a TEI that ranks three texts at a time',
  suite(
    { kind: 'tei', task: 'reranker', batchMax: 3 },
    ['rerank', 'tokenize'],
    {},
    { unsupported: [{ parameter: 'user', input: newRerank('a', ['b'], { extra: { user: 'me' } }) }] },
  ),
)
