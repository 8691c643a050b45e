import type {
  BackendTimings,
  Choice,
  FinishReason,
  InferenceEvent,
  InferenceResponse,
  TokenLogprob,
  Usage,
} from './inference.ts'

interface OpenChoice {
  text: string | null
  reasoning: string
  calls: { id: string; name: string; argumentsText: string }[]
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
  let tokens: readonly number[] | undefined
  let contextLength: number | undefined
  const embeddings: (readonly number[])[] = []
  const choices: OpenChoice[] = []

  const choice = (index: number): OpenChoice =>
    (choices[index] ??= { text: null, reasoning: '', calls: [], logprobs: [], finishReason: 'other' })

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
        const call = (choice(event.index).calls[event.call] ??= { id: '', name: '', argumentsText: '' })
        call.id ||= event.id ?? ''
        call.name ||= event.name ?? ''
        call.argumentsText += event.argumentsText
        break
      }
      case 'embedding':
        embeddings[event.index] = event.values
        break
      case 'tokens':
        tokens = event.tokens
        contextLength = event.contextLength
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

  const close = (open: OpenChoice, index: number): Choice => ({
    index,
    text: open.text,
    ...(open.reasoning && { reasoning: open.reasoning }),
    // A backend may leave holes in the numbering of its calls.
    ...(open.calls.length > 0 && { toolCalls: open.calls.filter(Boolean) }),
    ...(open.logprobs.length > 0 && { logprobs: open.logprobs }),
    finishReason: open.finishReason,
  })

  const result = (): InferenceResponse =>
    whole ?? {
      model,
      ...(id !== undefined && { id }),
      choices: choices.map(close).filter(Boolean),
      ...(embeddings.length > 0 && { embeddings }),
      ...(tokens && { tokens }),
      ...(contextLength !== undefined && { contextLength }),
      ...(usage && { usage }),
      ...(timings && { timings }),
    }

  return { push, result }
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
  if (response.tokens)
    yield {
      type: 'tokens',
      tokens: response.tokens,
      ...(response.contextLength !== undefined && { contextLength: response.contextLength }),
    }
  if (response.usage) yield { type: 'usage', usage: response.usage }
  yield { type: 'end', ...(response.timings && { timings: response.timings }) }
}
