import assert from 'node:assert/strict'
import { isMcpdError } from '../core/errors.ts'
import { tensorFault } from '../core/tensor.ts'
import type { Choice, InferenceResponse, Input, Tool } from '../core/inference.ts'
import {
  type AdapterCheck,
  type AdapterSuiteOptions,
  type Answer,
  mainOperation,
  needs,
  type Session,
} from './adapter-session.ts'
import { newChat, newComplete, newEmbed, newInfer, newInput, newRerank, repeatable } from './request.ts'

const generating = ['chat', 'complete'] as const

/** What an adapter answers, and that it answers the same streamed and whole. */
export const answerChecks = (options: AdapterSuiteOptions): readonly AdapterCheck[] => [
  ...generating.flatMap((operation) => generatingChecks(options, operation)),
  {
    name: 'chat: tool calls are equal streamed and unary',
    skipped: needs(options, 'chat') ?? (options.callsTools ? undefined : 'the model calls no tools'),
    body: async ({ ask }) => {
      const input = newChat('What is the weather in Basel?', {
        tools: [weatherTool],
        toolChoice: 'required',
        sampling: { ...repeatable, maxTokens: 128 },
      })
      const [unary, streamed] = [await ask(input), await ask(input, { stream: true })]
      assert.ok(unary.response.choices[0]?.toolCalls?.length, 'the model called no tool')
      requireEqual(streamed.response, unary.response)
    },
  },
  {
    name: 'chat: odd text goes through',
    skipped: needs(options, 'chat'),
    body: async ({ ask }) => {
      for (const stream of [false, true]) {
        const { response } = await ask(newChat(oddText, { sampling: { maxTokens: 256 } }), { stream })
        if (options.echoes) assert.equal(response.choices[0]?.text, oddText, 'the text came back changed')
      }
    },
  },
  {
    name: 'broken text and a thousand stop strings are answered or refused as the client’s fault',
    skipped: needs(options, 'chat', 'complete'),
    body: async (session) => {
      const stop = Array.from({ length: 1000 }, (_, index) => `\u2603${index}\u{1F600}`)
      const sampling = { ...repeatable, stop }
      const main = mainOperation(session.models)
      await answeredOrRefused(session, newInput(main, 'half a pair: \ud83d, a null: \u0000'))
      await answeredOrRefused(
        session,
        main === 'chat' ? newChat('Go on.', { sampling }) : newComplete('Go on.', { sampling }),
      )
      await session.requireFree()
    },
  },
  {
    name: 'eight requests at once each get their own answer',
    body: async ({ ask, models }) => {
      const inputs = Array.from({ length: 8 }, (_, index) =>
        newInput(mainOperation(models), `Number ${index}, ${'word '.repeat(index)}please.`),
      )
      const alone: Answer[] = []
      if (options.deterministic !== false) for (const input of inputs) alone.push(await ask(input))
      const together = await Promise.all(
        inputs.map((input, index) => ask(input, { stream: index % 2 === 1 && 'sampling' in input })),
      )
      for (const [index, answer] of alone.entries())
        requireEqual((together[index] ?? answer).response, answer.response)
    },
  },
]

const generatingChecks = (
  options: AdapterSuiteOptions,
  operation: (typeof generating)[number],
): readonly AdapterCheck[] => {
  const skipped = needs(options, operation)
  const varies = options.deterministic === false ? 'answers vary' : undefined
  const input = newInput(operation, 'Say hello to the world.')
  const both = { ...input, choices: 2 } as Input
  return [
    {
      name: `${operation}: a streamed answer follows the event grammar`,
      skipped,
      body: async ({ ask }) => void (await ask(input, { stream: true })),
    },
    {
      name: `${operation}: a unary answer follows the event grammar`,
      skipped,
      body: async ({ ask }) => void (await ask(input)),
    },
    {
      name: `${operation}: streamed and unary answers are equal`,
      skipped: skipped ?? varies,
      body: async ({ ask }) => {
        const unary = await ask(input)
        const streamed = await ask(input, { stream: true })
        requireEqual(streamed.response, unary.response)
      },
    },
    {
      name: `${operation}: two choices are given, refused or warned of`,
      skipped,
      body: async (session) => {
        for (const stream of [false, true]) {
          const answer = await answeredOrRefused(session, both, stream)
          const count = answer?.response.choices.length
          assert.ok(
            count === undefined || count === 2 || answer?.warnings.length,
            `asked for two choices, got ${count} and no warning`,
          )
        }
      },
    },
  ]
}

/** Embeddings, rankings and tokens: answers that are numbers. */
export const numberChecks = (options: AdapterSuiteOptions): readonly AdapterCheck[] => [
  {
    name: 'embed: one vector per input, in order, all of one length',
    skipped: needs(options, 'embed'),
    body: async ({ ask }) => {
      const texts = ['A cat sat.', 'The sea is deep and very wide.', 'Three.']
      const forward = vectorsOf(await ask(newEmbed(texts)))
      assert.equal(forward.length, texts.length, 'as many vectors as inputs')
      const lengths = new Set(forward.map((vector) => vector.length))
      assert.equal(lengths.size, 1, `vectors of different lengths: ${[...lengths].join(', ')}`)
      assert.ok(forward.flat().every(Number.isFinite), 'a vector holds something that is no finite number')
      const backward = vectorsOf(await ask(newEmbed(texts.toReversed()))).toReversed()
      for (const [index, vector] of forward.entries())
        assert.ok(isNear(vector, backward[index] ?? []), `input ${index} got another input’s vector`)
    },
  },
  {
    name: 'rerank: each document once, best first, whatever their order',
    skipped: needs(options, 'rerank'),
    body: async ({ ask }) => {
      const texts = ['A cat sat.', 'The sea is deep and very wide.', 'Three.', 'How deep is the sea?']
      const query = 'How deep is the sea?'
      const ranking = rankingOf(await ask(newRerank(query, texts)))
      assert.deepEqual(
        ranking.map(({ index }) => index).toSorted((left, right) => left - right),
        texts.map((_, index) => index),
        'not each document once',
      )
      const scores = ranking.map(({ score }) => score)
      assert.ok(scores.every(Number.isFinite), 'a score is no finite number')
      assert.deepEqual(
        scores,
        scores.toSorted((left, right) => right - left),
        'not the best first',
      )
      const best = rankingOf(await ask(newRerank(query, texts.toReversed(), { topN: 2 })))
      assert.deepEqual(
        best.map(({ index }) => texts.length - 1 - index),
        ranking.slice(0, 2).map(({ index }) => index),
        'other documents are best when they come in another order',
      )
    },
  },
  {
    name: 'tokenize: the same text gives the same whole numbers',
    skipped: needs(options, 'tokenize'),
    body: async ({ ask }) => {
      const input: Input = { operation: 'tokenize', text: 'Say hello to the world.' }
      const { tokens = [], tokenCount = tokens.length, contextLength } = (await ask(input)).response
      assert.ok(tokenCount > 0, 'a text without tokens')
      assert.ok(
        tokens.every((token) => Number.isSafeInteger(token) && token >= 0),
        'tokens are whole numbers',
      )
      assert.ok(contextLength === undefined || contextLength > 0, `a context length of ${contextLength}`)
      assert.deepEqual((await ask(input)).response.tokens, tokens, 'another answer to the same text')
    },
  },
]

/** Raw tensors, in and out. */
export const tensorChecks = (options: AdapterSuiteOptions): readonly AdapterCheck[] => {
  const { tensors } = options
  const skipped = needs(options, 'infer') ?? (tensors ? undefined : 'no tensors were given')
  const input = tensors ?? newInfer('Hello.')
  return [
    {
      name: 'infer: tensors that are what they say, the same for the same',
      skipped,
      body: async ({ ask }) => {
        const { tensors: first = [] } = (await ask(input)).response
        for (const tensor of first) assert.equal(tensorFault(tensor), undefined)
        if (options.deterministic === false) return
        const { tensors: second } = (await ask(input, { stream: true })).response
        assert.deepEqual(second, first, 'another answer to the same tensors')
      },
    },
    {
      name: 'infer: an input that the model does not have is refused as BAD_REQUEST',
      skipped,
      body: async ({ refusal }) => {
        const stray = { name: 'mcpd_no_such_input', datatype: 'FP32', shape: [1], data: [1] } as const
        const { code } = await refusal({ ...input, inputs: [...input.inputs, stray] })
        assert.equal(code, 'BAD_REQUEST', `refused with ${code}`)
      },
    },
  ]
}

const weatherTool: Tool = {
  name: 'weather',
  description: 'Says what the weather is like.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

/** Combining marks, emoji of several code points, right-to-left, separators and characters JSON escapes. */
const oddText = 'e\u0301 \u{1F469}\u200D\u{1F680} \u202Eabc\u202C \u2028 \\ " \t \u{10FFFD} 汉字'

const clientFaults: readonly string[] = ['BAD_REQUEST', 'REQUEST_TOO_LARGE', 'OPERATION_UNSUPPORTED']

/** The answer, or undefined if the request was refused as the client's fault; anything else fails. */
const answeredOrRefused = async (
  { askOrRefusal }: Session,
  input: Input,
  stream = false,
): Promise<Answer | undefined> => {
  const outcome = await askOrRefusal(input, { stream })
  if (!isMcpdError(outcome)) return outcome
  assert.ok(clientFaults.includes(outcome.code), `refused with ${outcome.code}: ${outcome.message}`)
  return undefined
}

const rankingOf = ({ response }: Answer) => response.ranking ?? []

const vectorsOf = ({ response }: Answer): readonly (readonly number[])[] => response.embeddings ?? []

/** Batches of another shape round differently. */
const isNear = (left: readonly number[], right: readonly number[]): boolean =>
  left.length === right.length &&
  left.every((value, index) => Math.abs(value - (right[index] ?? Number.NaN)) < 1e-3)

/** Equal but for what rightly differs between two answers: ids, and an absent text against an empty one. */
const requireEqual = (actual: InferenceResponse, expected: InferenceResponse): void => {
  assert.equal(actual.model, expected.model, 'another model name')
  assert.deepEqual(
    actual.choices.map(comparable),
    expected.choices.map(comparable),
    'the choices differ between two answers to the same request',
  )
  assert.deepEqual(actual.embeddings, expected.embeddings, 'the embeddings differ')
  assert.deepEqual(actual.ranking, expected.ranking, 'the rankings differ')
  assert.deepEqual(actual.tokens, expected.tokens, 'the tokens differ')
  if (actual.usage && expected.usage)
    assert.deepEqual(
      { inputTokens: actual.usage.inputTokens, outputTokens: actual.usage.outputTokens },
      { inputTokens: expected.usage.inputTokens, outputTokens: expected.usage.outputTokens },
      'the usage differs between two answers to the same request',
    )
}

const comparable = ({ index, text, reasoning, toolCalls, finishReason }: Choice) => ({
  index,
  text: text ?? '',
  reasoning: reasoning ?? '',
  toolCalls: (toolCalls ?? []).map(({ name, argumentsText }) => ({ name, argumentsText })),
  finishReason,
})
