import { describe, expect, it } from 'vitest'
import { newChat, newRequest } from '../../../src/conformance/request.ts'
import {
  compose,
  type Guard,
  type InferenceEvent,
  type InferenceResponse,
  isContent,
} from '../../../src/core/inference.ts'

const request = newRequest({ model: 'any', input: newChat('Hello.') })
const response: InferenceResponse = { model: 'any', choices: [] }

describe('compose', () => {
  it('makes the first guard the outermost', async () => {
    const order: string[] = []
    const noting =
      (name: string): Guard =>
      (next) =>
        async function* (passed) {
          order.push(`before ${name}`)
          yield* next(passed)
          order.push(`after ${name}`)
        }
    const invoke = compose([noting('outer'), noting('inner')], async function* () {
      order.push('invoke')
      yield { type: 'end' }
    })
    expect(await Array.fromAsync(invoke(request))).toEqual([{ type: 'end' }])
    expect(order).toEqual(['before outer', 'before inner', 'invoke', 'after inner', 'after outer'])
  })

  it('is the invocation itself without guards', () => {
    const invoke = async function* (): AsyncGenerator<InferenceEvent> {}
    expect(compose([], invoke)).toBe(invoke)
  })
})

describe('isContent', () => {
  const content: InferenceEvent[] = [
    { type: 'text-delta', index: 0, text: 'a' },
    { type: 'reasoning-delta', index: 0, text: 'a' },
    { type: 'tool-call-delta', index: 0, call: 0, argumentsText: '' },
    { type: 'embedding', index: 0, values: [] },
    { type: 'tokens', tokens: [] },
    { type: 'whole', response: () => response },
  ]
  const silence: InferenceEvent[] = [
    { type: 'start', model: 'any' },
    { type: 'text-delta', index: 0, text: '' },
    { type: 'reasoning-delta', index: 0, text: '' },
    { type: 'finish', index: 0, reason: 'stop' },
    { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } },
    { type: 'other', frame: { dialect: 'any', bytes: Buffer.alloc(0) } },
    { type: 'end' },
  ]

  it.each(content)('says that $type is output', (event) => {
    expect(isContent(event)).toBe(true)
  })

  it.each(silence)('says that an empty or accompanying $type is none', (event) => {
    expect(isContent(event)).toBe(false)
  })
})
