import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newInput, newRequest } from '../../src/conformance/request.ts'
import { createGrammar } from '../../src/conformance/event-grammar.ts'
import { createFold, unfold } from '../../src/core/fold.ts'
import type { Choice, FinishReason, InferenceEvent, InferenceResponse } from '../../src/core/inference.ts'

/** Leaves a member out now and then: with exact optional types an absent one is not `undefined`. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const withoutUndefined = (value: object) =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))

const text = fc.string({ unit: 'binary' })
const filled = fc.string({ unit: 'binary', minLength: 1 })
const finishReason = fc.constantFrom<FinishReason>('stop', 'length', 'tool-calls', 'content-filter', 'other')
const logprob = fc.record({ token: text, logprob: fc.double({ max: 0, noNaN: true }) })
const call = fc.record({ id: filled, name: filled, argumentsText: text })

const said = fc.record({ text, logprobs: maybe(fc.array(logprob, { minLength: 1 })) })
const unsaid = fc.record({ text: fc.constant(null) })
const choiceBody = fc.tuple(
  fc.oneof(said, unsaid),
  fc.record({ reasoning: maybe(filled), toolCalls: maybe(fc.array(call, { minLength: 1 })), finishReason }),
)
const choices = fc
  .array(choiceBody, { maxLength: 4 })
  .map((bodies) =>
    bodies.map(([one, other], index) => withoutUndefined({ index, ...one, ...other }) as Choice),
  )

const answer = fc
  .record({
    model: filled,
    id: maybe(filled),
    choices,
    usage: maybe(fc.record({ inputTokens: fc.nat(), outputTokens: fc.nat() })),
    timings: maybe(fc.record({ promptMs: fc.nat() })),
  })
  .map((value) => withoutUndefined(value) as InferenceResponse)

const vectors = fc
  .record({
    model: filled,
    choices: fc.constant([]),
    embeddings: fc.array(fc.array(fc.double({ noNaN: true })), { minLength: 1 }),
  })
  .map((value): InferenceResponse => value)

const tokens = fc
  .record({
    model: filled,
    choices: fc.constant([]),
    tokens: fc.array(fc.nat()),
    contextLength: maybe(fc.nat()),
  })
  .map((value) => withoutUndefined(value) as InferenceResponse)

const tensors = fc
  .array(fc.record({ name: filled, values: fc.array(fc.integer({ min: -5, max: 5 })) }))
  .map((made): InferenceResponse => ({
    model: 'any',
    choices: [],
    tensors: made.map(({ name, values }) => ({
      name,
      datatype: 'INT32',
      shape: [values.length],
      data: values,
    })),
  }))

const rankings = fc
  .array(fc.record({ index: fc.nat(), score: fc.double({ noNaN: true }) }), { minLength: 1 })
  .map((ranking): InferenceResponse => ({ model: 'any', choices: [], ranking }))

const folded = (events: Iterable<InferenceEvent>): InferenceResponse => {
  const folding = createFold()
  for (const event of events) folding.push(event)
  return folding.result()
}

/** Cuts every delta in two at a place of its own. */
const cut = function* (events: Iterable<InferenceEvent>, at: number): Generator<InferenceEvent> {
  for (const event of events)
    if (event.type === 'text-delta' || event.type === 'reasoning-delta') {
      const { text: whole, ...rest } = event
      yield { ...rest, text: whole.slice(0, at % (whole.length + 1)) }
      yield { type: event.type, index: event.index, text: whole.slice(at % (whole.length + 1)) }
    } else if (event.type === 'tool-call-delta') {
      const { argumentsText: whole, ...rest } = event
      yield { ...rest, argumentsText: whole.slice(0, at % (whole.length + 1)) }
      yield {
        type: event.type,
        index: event.index,
        call: event.call,
        argumentsText: whole.slice(at % (whole.length + 1)),
      }
    } else yield event
}

describe('fold and unfold', () => {
  it('fold(unfold(response)) is the response', () => {
    fc.assert(
      fc.property(fc.oneof(answer, vectors, rankings, tokens, tensors), (response) => {
        expect(folded(unfold(response))).toEqual(response)
      }),
    )
  })

  it('does not care where deltas were cut', () => {
    fc.assert(
      fc.property(answer, fc.nat(), (response, at) => {
        expect(folded(cut(unfold(response), at))).toEqual(response)
      }),
    )
  })

  it('unfolds to events that follow the grammar', () => {
    const follows = (
      response: InferenceResponse,
      operation: 'chat' | 'embed' | 'rerank' | 'tokenize' | 'infer',
    ): void => {
      const grammar = createGrammar(newRequest({ model: 'any', input: newInput(operation, 'Hello.') }))
      for (const event of unfold(response)) grammar.push(event)
      grammar.close()
    }
    const answered = answer.filter(({ choices: made }) => made.length > 0)
    fc.assert(fc.property(answered, (response) => follows(response, 'chat')))
    fc.assert(fc.property(vectors, (response) => follows(response, 'embed')))
    fc.assert(fc.property(rankings, (response) => follows(response, 'rerank')))
    fc.assert(fc.property(tokens, (response) => follows(response, 'tokenize')))
    fc.assert(fc.property(tensors, (response) => follows(response, 'infer')))
  })
})
