import assert from 'node:assert/strict'
import {
  type FinishReason,
  type InferenceEvent,
  type InferenceRequest,
  type InferenceResponse,
  isContent,
  type Operation,
  type Usage,
} from '../core/inference.ts'

const finishReasons: readonly FinishReason[] = ['stop', 'length', 'tool-calls', 'content-filter', 'other']

/** Which events carry output of an operation. */
const outputs: Readonly<Record<Operation, readonly InferenceEvent['type'][]>> = {
  chat: ['text-delta', 'reasoning-delta', 'tool-call-delta', 'finish'],
  complete: ['text-delta', 'reasoning-delta', 'finish'],
  embed: ['embedding'],
  rerank: ['ranking'],
  tokenize: ['tokens'],
  infer: ['tensors'],
}

/**
 * The order in which an adapter's events must come: one `whole`; or one `start`, deltas, a `finish` for every
 * choice, at most one `usage` and one `end`. `other` events may stand anywhere before the end.
 * `push` and `close` throw an AssertionError at the first event out of place.
 */
export const createGrammar = ({ input: { operation } }: Pick<InferenceRequest, 'input'>) => {
  const seen: string[] = []
  const open = new Set<number>()
  const finished = new Set<number>()
  const calls = new Set<string>()
  let outputCount = 0
  let state: 'before' | 'between' | 'after' = 'before'
  let usages = 0

  const expect = (condition: boolean, reason: string): void =>
    assert.ok(condition, `${reason} (events: ${seen.join(', ')})`)

  const pushOutput = (event: InferenceEvent & { readonly index?: number }): void => {
    expect(outputs[operation].includes(event.type), `${event.type} does not belong to ${operation}`)
    if (isContent(event)) outputCount += 1
    const { index = 0 } = event
    expect(isCount(index), `index ${index} of ${event.type} is no whole number from 0 on`)
    if (event.type === 'finish') {
      expect(finishReasons.includes(event.reason), `unknown finish reason ${event.reason}`)
      expect(!finished.has(index), `choice ${index} finished twice`)
      finished.add(index)
    } else if (operation === 'chat' || operation === 'complete') {
      expect(!finished.has(index) || !isContent(event), `choice ${index} went on after its finish`)
      open.add(index)
    }
    if (event.type === 'tool-call-delta') pushCall(event)
  }

  const pushCall = ({
    index,
    call,
    id,
    name,
  }: InferenceEvent & { readonly type: 'tool-call-delta' }): void => {
    const key = `${index}/${call}`
    if (!calls.has(key)) expect(!!id && !!name, `the first fragment of tool call ${key} has no id or name`)
    calls.add(key)
  }

  const push = (event: InferenceEvent): void => {
    seen.push(event.type)
    expect(state !== 'after', `${event.type} after the end`)
    switch (event.type) {
      case 'other':
        return
      case 'whole':
        expect(state === 'before', 'a whole event stands alone')
        requireResponse(event.response(), operation)
        if (event.usage) requireUsage(event.usage)
        state = 'after'
        return
      case 'start':
        expect(state === 'before', 'a second start event')
        expect(typeof event.model === 'string' && event.model !== '', 'the start event names no model')
        state = 'between'
        return
      default:
        expect(state === 'between', `${event.type} before the start`)
    }
    if (event.type === 'usage') {
      requireUsage(event.usage)
      usages += 1
      expect(usages === 1, 'a second usage event')
    } else if (event.type === 'end') {
      state = 'after'
      for (const index of open) expect(finished.has(index), `choice ${index} never finished`)
      expect(outputCount > 0 || finished.size > 0, `a stream without any output of ${operation}`)
    } else pushOutput(event)
  }

  const close = (): void => expect(state === 'after', 'the events ended without an end or whole event')

  return { push, close }
}

/** Throws unless the response has what the operation promises. */
export const requireResponse = (response: InferenceResponse, operation: Operation): void => {
  if (response.usage) requireUsage(response.usage)
  if (operation === 'embed') return assert.ok(response.embeddings?.length, 'a response without embeddings')
  if (operation === 'rerank') return assert.ok(response.ranking?.length, 'a response without a ranking')
  if (operation === 'tokenize') return assert.ok(response.tokens, 'a response without tokens')
  if (operation === 'infer') return assert.ok(response.tensors, 'a response without tensors')
  assert.ok(response.choices.length > 0, 'a response without choices')
  const indexes = response.choices.map(({ index }) => index)
  assert.ok(indexes.every(isCount), `choice indexes must be whole numbers: ${indexes.join(', ')}`)
  assert.equal(new Set(indexes).size, indexes.length, `choice indexes repeat: ${indexes.join(', ')}`)
  for (const { finishReason } of response.choices)
    assert.ok(finishReasons.includes(finishReason), `unknown finish reason ${finishReason}`)
}

const requireUsage = (usage: Usage): void => {
  const { inputTokens, outputTokens, cachedTokens = 0, reasoningTokens = 0 } = usage
  assert.ok(
    [inputTokens, outputTokens, cachedTokens, reasoningTokens].every(isCount),
    `usage counts must be whole numbers from 0 on: ${JSON.stringify(usage)}`,
  )
  assert.ok(cachedTokens <= inputTokens, `more cached tokens than input tokens: ${JSON.stringify(usage)}`)
  assert.ok(
    reasoningTokens <= outputTokens,
    `more reasoning tokens than output tokens: ${JSON.stringify(usage)}`,
  )
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
