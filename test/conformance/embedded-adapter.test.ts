import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat } from '../../src/conformance/request.ts'
import { demoModelName, writeDemoModel } from '../../src/daemon/adapters/embedded/demo-model.ts'
import { hostInSidecar } from '../../src/daemon/hosts/sidecar.ts'
import { runSuite } from './run-suite.ts'

let directory = ''

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mcpd-embedded-'))
  await writeDemoModel(join(directory, 'demo.gguf'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const make = async () => {
  const adapter = hostInSidecar(
    { type: 'embedded' },
    // Fewer places than the suite stops requests: one that is not freed blocks the next.
    { model: join(directory, 'demo.gguf'), parallel: 2 },
    {
      name: 'demo',
      connect: () => {
        throw new Error('The embedded runtime connects to nothing.')
      },
      log: () => undefined,
    },
  )
  await adapter.ready
  return { adapter, close: async () => {} }
}

runSuite(
  'the embedded adapter in its sidecar',
  adapterSuite({
    make,
    models: {
      chat: demoModelName,
      complete: demoModelName,
      embed: demoModelName,
      tokenize: demoModelName,
    },
    callsTools: true,
    // The model ends its sentences soon; a grammar does not let it.
    long: newChat('Count.', {
      sampling: { temperature: 1, seed: 1, maxTokens: 1900 },
      responseFormat: {
        type: 'json-schema',
        name: 'numbers',
        schema: { type: 'array', items: { enum: [1, 2] }, minItems: 600 },
      },
    }),
    unsupported: [
      { parameter: 'logit_bias', input: newChat('Hello.', { sampling: { logitBias: { 1: 1 } } }) },
      { parameter: 'reasoning_effort', input: newChat('Hello.', { reasoningEffort: 'high' }) },
      { parameter: 'no_such_member', input: newChat('Hello.', { extra: { no_such_member: true } }) },
    ],
    stepMs: 20_000,
  }),
)
