import type { Adapter, AdapterModule } from '../core/adapter.ts'
import { McpdError } from '../core/errors.ts'
import type { InferenceEvent, InferenceRequest } from '../core/inference.ts'

/** The adapter that the host suite runs: the model of a request says what it does. */

interface Options {
  readonly greeting?: string
}

/** What became of the requests of this process. */
const counts = { aborted: 0, left: 0, sent: 0 }

const text = (value: string): InferenceEvent => ({ type: 'text-delta', index: 0, text: value })

/** Models that were loaded, fetched and removed in this process. */
const managed: string[] = []

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function* say(request: InferenceRequest, greeting: string): AsyncGenerator<InferenceEvent> {
  const { model, signal, trace } = request
  switch (model) {
    case 'warn':
      trace.warnings.push('second')
      return yield text('warned')
    case 'request': {
      const { signal: _, trace: __, ...sent } = request
      return yield text(JSON.stringify(sent))
    }
    case 'counts':
      return yield text(JSON.stringify(counts))
    case 'endless':
      for (;;) {
        signal.throwIfAborted()
        counts.sent += 1
        yield text('x'.repeat(10_000))
        await turn()
      }
    default:
      return yield text(greeting)
  }
}

async function* infer(request: InferenceRequest, greeting: string): AsyncGenerator<InferenceEvent> {
  const { model, signal, trace } = request
  if (model === 'refuse')
    throw new McpdError('RATE_LIMITED', 'Slowly.', { retryAfterSeconds: 7, suggestions: ['Wait.'] })
  if (model === 'bug') throw new TypeError('a secret detail')
  if (model === 'whole') {
    const choices = [{ index: 0, text: 'all', finishReason: 'stop' as const }]
    yield {
      type: 'whole',
      usage: { inputTokens: 1, outputTokens: 2 },
      response: () => ({ model, choices }),
    }
    return
  }
  if (model === 'warn') trace.warnings.push('first')
  let isOver = false
  try {
    if (model === 'headless') yield text('no start')
    yield { type: 'start', model }
    yield* say(request, greeting)
    if (model === 'twice') yield { type: 'start', model }
    yield { type: 'finish', index: 0, reason: 'stop' }
    if (model !== 'endless-end') yield { type: 'end' }
    isOver = true
  } finally {
    if (signal.aborted) counts.aborted += 1
    else if (!isOver) counts.left += 1
  }
}

const create = ({ greeting = 'hello' }: Options): Adapter => {
  let closed = false
  return {
    specVersion: 1,
    operations: ['chat'],
    uses: ['POST /chat'],
    infer: (request) => {
      if (closed) throw new McpdError('BACKEND_UNAVAILABLE', 'The adapter is closed.')
      return infer(request, greeting)
    },
    models: async () => [{ name: 'plain', operations: ['chat'], contextLength: 4096 }],
    health: async () => ({ ok: true, version: '1' }),
    validate: ({ model }) => (model === 'invalid' ? 'That is invalid.' : undefined),
    metrics: async () => ({ requests_sent: counts.sent }),
    manage: {
      load: async (model, signal, keepAlive) => {
        signal.throwIfAborted()
        if (model === 'unknown') throw new McpdError('MODEL_NOT_FOUND', 'There is no such model.')
        managed.push(`load ${model} ${keepAlive}`)
      },
      async *pull(model, signal) {
        yield { status: 'pulling', totalBytes: 2, completedBytes: 1 }
        await turn()
        signal.throwIfAborted()
        if (model === 'broken') throw new McpdError('BACKEND_ERROR', 'It broke off.')
        managed.push(`pull ${model}`)
        yield { status: 'success' }
      },
      remove: async (model) => void managed.push(`remove ${model}`),
    },
    describe: async (model) => ({ dialect: 'fixture', body: { model, managed: managed.splice(0) } }),
    close: async () => {
      closed = true
    },
  }
}

const fixture: AdapterModule<Options> = {
  type: 'host-fixture',
  description: 'What the host suite runs.',
  host: 'module',
  options: {
    type: 'object',
    properties: { greeting: { type: 'string' } },
    additionalProperties: false,
  },
  create,
}

export default fixture
