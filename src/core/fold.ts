import type {
  BackendTimings,
  Choice,
  FinishReason,
  InferenceEvent,
  InferenceResponse,
  Ranked,
  TokenLogprob,
  Usage,
} from './inference.ts'
import type { Tensor } from './tensor.ts'

interface OpenCall {
  id: string
  name: string
  argumentsText: string
}

interface OpenChoice {
  text: string | null
  reasoning: string
  calls: Map<number, OpenCall>
  logprobs: TokenLogprob[]
  finishReason: FinishReason
}

/** Folds events into the response they spell out: `fold(stream)` and `fold([whole])` of the same answer are equal. */
export const createFold = () => {
  let whole: InferenceResponse | undefined
  let model = ''
  let id: string | undefined
  let usage: Usage | undefined
  let timings: BackendTimings | undefined
  let ranking: readonly Ranked[] | undefined
  let tokens: readonly number[] | undefined
  let tokenCount: number | undefined
  let contextLength: number | undefined
  let tensors: Tensor[] | undefined
  // Maps, since the numbers come from a backend: an absurd one would make a list that takes minutes to walk.
  const embeddings = new Map<number, readonly number[]>()
  const choices = new Map<number, OpenChoice>()

  const choice = (index: number): OpenChoice =>
    getOrAdd(choices, index, () => ({
      text: null,
      reasoning: '',
      calls: new Map(),
      logprobs: [],
      finishReason: 'other',
    }))

  const push = (event: InferenceEvent): void => {
    switch (event.type) {
      case 'start':
        model = event.model
        id = event.id
        break
      case 'text-delta': {
        const open = choice(event.index)
        open.text = (open.text ?? '') + event.text
        if (event.logprobs) open.logprobs.push(...event.logprobs)
        break
      }
      case 'reasoning-delta':
        choice(event.index).reasoning += event.text
        break
      case 'tool-call-delta': {
        const { calls } = choice(event.index)
        const call = getOrAdd(calls, event.call, () => ({ id: '', name: '', argumentsText: '' }))
        call.id ||= event.id ?? ''
        call.name ||= event.name ?? ''
        call.argumentsText += event.argumentsText
        break
      }
      case 'embedding':
        embeddings.set(event.index, event.values)
        break
      case 'ranking':
        ranking = event.ranking
        break
      case 'tokens':
        tokens = event.tokens
        tokenCount = event.count
        contextLength = event.contextLength
        break
      case 'tensors':
        tensors ??= []
        for (const tensor of event.tensors) tensors.push(tensor)
        break
      case 'finish':
        choice(event.index).finishReason = event.reason
        break
      case 'usage':
        usage = event.usage
        break
      case 'end':
        timings = event.timings
        break
      case 'whole':
        whole = event.response()
        break
      case 'other':
        break
    }
  }

  const close = ([index, open]: [number, OpenChoice]): Choice => ({
    index,
    text: open.text,
    ...(open.reasoning && { reasoning: open.reasoning }),
    ...(open.calls.size > 0 && { toolCalls: inOrder(open.calls).map(([, call]) => call) }),
    ...(open.logprobs.length > 0 && { logprobs: open.logprobs }),
    finishReason: open.finishReason,
  })

  const result = (): InferenceResponse =>
    whole ?? {
      model,
      ...(id !== undefined && { id }),
      choices: inOrder(choices).map(close),
      ...(embeddings.size > 0 && { embeddings: inOrder(embeddings).map(([, values]) => values) }),
      ...(ranking && { ranking }),
      ...(tokens && { tokens }),
      ...(tokenCount !== undefined && { tokenCount }),
      ...(contextLength !== undefined && { contextLength }),
      ...(tensors && { tensors }),
      ...(usage && { usage }),
      ...(timings && { timings }),
    }

  return { push, result }
}

/** By number, whatever the gaps. */
const inOrder = <T>(map: ReadonlyMap<number, T>): [number, T][] =>
  [...map].sort(([left], [right]) => left - right)

const getOrAdd = <T>(map: Map<number, T>, key: number, make: () => T): T => {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

export const fold = async (events: AsyncIterable<InferenceEvent>): Promise<InferenceResponse> => {
  const folding = createFold()
  for await (const event of events) folding.push(event)
  return folding.result()
}

/** The events a response would have come as: for a client that streams from a backend that does not. */
export function* unfold(response: InferenceResponse): Generator<InferenceEvent> {
  yield { type: 'start', model: response.model, ...(response.id !== undefined && { id: response.id }) }
  for (const { index, text, reasoning, toolCalls, logprobs, finishReason } of response.choices) {
    if (reasoning) yield { type: 'reasoning-delta', index, text: reasoning }
    if (text !== null) yield { type: 'text-delta', index, text, ...(logprobs && { logprobs }) }
    for (const [call, { id, name, argumentsText }] of (toolCalls ?? []).entries())
      yield { type: 'tool-call-delta', index, call, id, name, argumentsText }
    yield { type: 'finish', index, reason: finishReason }
  }
  for (const [index, values] of (response.embeddings ?? []).entries())
    yield { type: 'embedding', index, values }
  if (response.ranking) yield { type: 'ranking', ranking: response.ranking }
  if (response.tokens)
    yield {
      type: 'tokens',
      tokens: response.tokens,
      ...(response.tokenCount !== undefined && { count: response.tokenCount }),
      ...(response.contextLength !== undefined && { contextLength: response.contextLength }),
    }
  if (response.tensors) yield { type: 'tensors', tensors: response.tensors }
  if (response.usage) yield { type: 'usage', usage: response.usage }
  yield { type: 'end', ...(response.timings && { timings: response.timings }) }
}
