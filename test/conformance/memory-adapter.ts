import { setImmediate } from 'node:timers/promises'
import type { Adapter } from '../../src/core/adapter.ts'
import { McpdError } from '../../src/core/errors.ts'
import { unfold } from '../../src/core/fold.ts'
import type {
  ChatInput,
  Choice,
  InferenceEvent,
  InferenceRequest,
  InferenceResponse,
  Operation,
} from '../../src/core/inference.ts'

export const memoryModel = 'memory/echo:1'

/** A backend without a network: it echoes, counts and spells, and knows how many requests it works on. */
export const createMemoryAdapter = (operations: readonly Operation[]) => {
  let open = 0
  let closed = false

  const adapter: Adapter = {
    specVersion: 1,
    operations,
    uses: [],
    models: async () => [{ name: memoryModel, operations }],
    health: async () => ({ ok: true }),
    close: async () => {
      closed = true
    },
    async *infer(request) {
      refuse(request, operations, closed)
      open += 1
      try {
        for (let token = 0; token < tokenCount(request); token += 1) {
          await setImmediate()
          request.signal.throwIfAborted()
          if (closed) throw new McpdError('BACKEND_UNAVAILABLE', 'The adapter was closed.')
          if (token === 0 && request.stream) yield* opening(request)
        }
        const response = respond(request)
        if (request.stream) yield* [...unfold(response)].slice(1)
        else
          yield { type: 'whole', response: () => response, ...(response.usage && { usage: response.usage }) }
      } finally {
        open -= 1
      }
    },
  }
  return { adapter, openRequests: () => open, close: async () => {} }
}

const refuse = (
  { input, model, signal, trace }: InferenceRequest,
  operations: readonly Operation[],
  closed: boolean,
) => {
  signal.throwIfAborted()
  if (closed) throw new McpdError('BACKEND_UNAVAILABLE', 'The adapter is closed.')
  if (!operations.includes(input.operation))
    throw new McpdError('OPERATION_UNSUPPORTED', `No ${input.operation} here.`)
  if (model !== memoryModel) throw new McpdError('MODEL_NOT_FOUND', `No model ${model} here.`)
  if (!('sampling' in input)) return
  if (input.sampling.topK !== undefined) trace.warnings.push('topK is not supported and was left out.')
  if (input.sampling.minP !== undefined)
    throw new McpdError('BAD_REQUEST', 'This parameter is not supported.', { param: 'minP' })
}

/** Turns of the event loop an answer takes; a long one goes on until it is aborted, left or closed. */
const tokenCount = ({ input }: InferenceRequest): number =>
  'sampling' in input && (input.sampling.maxTokens ?? 0) > 1000 ? Infinity : 3

/** Content comes first, so that a stream can be interrupted after it. */
function* opening({ model, input }: InferenceRequest): Generator<InferenceEvent> {
  yield { type: 'start', model }
  if ('sampling' in input) yield { type: 'text-delta', index: 0, text: '' }
  if (tokenCount({ input } as InferenceRequest) > 1000) yield { type: 'text-delta', index: 0, text: 'one ' }
}

const respond = ({ input, model }: InferenceRequest): InferenceResponse => {
  switch (input.operation) {
    case 'chat':
      return { model, choices: repeated(input.choices, (index) => chatChoice(input, index)), usage }
    case 'complete':
      return {
        model,
        choices: input.prompts.flatMap((prompt, at) =>
          repeated(input.choices, (index) => ({
            index: at * (input.choices ?? 1) + index,
            text: `${String(prompt)} And so on.`,
            finishReason: 'length',
          })),
        ),
        usage,
      }
    case 'embed':
      return {
        model,
        choices: [],
        embeddings: input.inputs.map((text) => [text.length, Number(text[0] === 'A'), 0.5]),
      }
    case 'tokenize':
      return { model, choices: [], tokens: codesOf(input.text ?? ''), contextLength: 512 }
    case 'rerank': {
      const wanted = new Set(codesOf(input.query))
      const ranking = input.documents
        .map((text, index) => ({ index, score: codesOf(text).filter((code) => wanted.has(code)).length }))
        .toSorted((left, right) => right.score - left.score)
      return { model, choices: [], ranking: ranking.slice(0, input.topN) }
    }
    case 'infer': {
      const stray = input.inputs.find(({ name }) => name !== 'text_input')
      if (stray) throw new McpdError('BAD_REQUEST', `There is no input ${stray.name}.`)
      return { model, choices: [], tensors: input.inputs }
    }
    default:
      throw new McpdError('OPERATION_UNSUPPORTED', 'No such operation.')
  }
}

const usage = { inputTokens: 7, outputTokens: 3, cachedTokens: 2, reasoningTokens: 1 }

const repeated = (count = 1, make: (index: number) => Choice): Choice[] =>
  Array.from({ length: count }, (_, index) => make(index))

const codesOf = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0)

const chatChoice = ({ messages, tools, toolChoice }: ChatInput, index: number): Choice => {
  const [tool] = tools ?? []
  if (tool && toolChoice === 'required') {
    const call = { id: `call-${index}`, name: tool.name, argumentsText: '{"city":"Basel"}' }
    return { index, text: null, toolCalls: [call], finishReason: 'tool-calls' }
  }
  const content = messages.at(-1)?.content
  return { index, text: typeof content === 'string' ? content : '', reasoning: 'Echo.', finishReason: 'stop' }
}
