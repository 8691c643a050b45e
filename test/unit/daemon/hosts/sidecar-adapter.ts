import { connect } from 'node:net'
import { Type } from 'typebox'
import type { Adapter, AdapterModule } from '../../../../src/core/adapter.ts'
import { McpdError } from '../../../../src/core/errors.ts'
import type { InferenceEvent, InferenceRequest } from '../../../../src/core/inference.ts'

/** An adapter for the tests of its host: the model's name says what happens. */
interface Options {
  /** Port of the test, which is told of the start, and whose connection shows when this process is gone. */
  readonly port: number
  /** Whether to wait for a word from the test before being ready. */
  readonly gated?: boolean
  readonly fail?: 'create' | 'health' | 'exit'
  readonly secret?: string
}

let aborted = 0
let sent = 0

const text = (value: string): InferenceEvent => ({ type: 'text-delta', index: 0, text: value })

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = () => {
      aborted++
      reject(signal.reason as Error)
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })

async function* infer(request: InferenceRequest): AsyncGenerator<InferenceEvent> {
  const { model, signal, trace } = request
  if (model === 'warn') trace.warnings.push('first')
  if (model === 'refuse')
    throw new McpdError('RATE_LIMITED', 'Slowly.', { retryAfterSeconds: 7, suggestions: ['Wait.'] })
  if (model === 'bug') throw new TypeError('a secret detail')
  if (model === 'whole') {
    const response = { model, choices: [{ index: 0, text: 'all', finishReason: 'stop' as const }] }
    yield { type: 'whole', usage: { inputTokens: 1, outputTokens: 2 }, response: () => response }
    return
  }
  const frame = { dialect: 'test', bytes: Buffer.from('raw') }
  yield { type: 'start', model, frame }
  yield { type: 'other', frame }
  if (model === 'warn') trace.warnings.push('second')
  if (model === 'counts') yield text(JSON.stringify({ aborted, sent, argv: process.argv, pid: process.pid }))
  else if (model === 'request') yield text(JSON.stringify({ ...request, signal: undefined }))
  else if (model === 'flood')
    for (;;) {
      signal.throwIfAborted()
      sent++
      yield text('x'.repeat(10_000))
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  else yield text('hello')
  if (model === 'wait') await untilAborted(signal)
  if (model === 'crash') process.abort()
  if (model === 'hang') {
    // What was written goes out first.
    await new Promise((resolve) => setImmediate(resolve))
    for (;;);
  }
  yield { type: 'finish', index: 0, reason: 'stop' }
  yield { type: 'end' }
}

const create = ({ port, gated, fail }: Options): Adapter => {
  const test = connect(port, '127.0.0.1')
  test.write(process.argv[process.argv.indexOf('--socket') + 1] ?? '')
  const word = gated ? new Promise((resolve) => test.once('data', resolve)) : undefined
  if (fail === 'exit') test.once('connect', () => process.exit(3))
  if (fail === 'create')
    throw new McpdError('CONFIG_INVALID', 'The model is no model.', { suggestions: ['Name one.'] })
  return {
    specVersion: 1,
    operations: ['chat'],
    uses: ['POST /chat'],
    infer,
    models: () => Promise.resolve([{ name: 'demo', operations: ['chat'] }]),
    health: async () => {
      await word
      if (fail === 'exit') await new Promise(() => undefined)
      if (fail === 'health') throw new McpdError('RUNTIME_MISSING', 'There is no runtime.')
      return { ok: true, version: '1' }
    },
    validate: ({ model }) => (model === 'invalid' ? 'That is invalid.' : undefined),
    close: () => Promise.resolve(),
  }
}

const module: AdapterModule<Options> = {
  type: 'test',
  description: 'A test.',
  host: 'sidecar',
  options: Type.Object({}),
  create,
}

export default module
