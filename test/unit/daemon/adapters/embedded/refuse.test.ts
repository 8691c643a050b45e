import { describe, expect, it } from 'vitest'
import { newChat, newComplete, newEmbed } from '../../../../../src/conformance/request.ts'
import type { Input } from '../../../../../src/core/inference.ts'
import { harmless, refuse } from '../../../../../src/daemon/adapters/embedded/refuse.ts'

const tools = [{ name: 'clock' }]
const image = { type: 'image', url: 'data:,' } as const

describe('refuse', () => {
  it.each<[string, Input]>([
    ['n', newChat('Hi', { choices: 2 })],
    ['n', newComplete('Hi', { choices: 2 })],
    ['logprobs', newChat('Hi', { topLogprobs: 0 })],
    ['logprobs', newComplete('Hi', { topLogprobs: 3 })],
    ['logit_bias', newChat('Hi', { sampling: { logitBias: { 1: 2 } } })],
    ['suffix', newComplete('Hi', { suffix: 'end' })],
    ['image', newChat('Hi', { messages: [{ role: 'user', content: [image] }] })],
    ['response_format', newChat('Hi', { tools, responseFormat: { type: 'json' } })],
    ['max_tokens', newChat('Hi', { sampling: { maxTokens: 0 } })],
    ['temperature', newChat('Hi', { sampling: { temperature: -1 } })],
    ['top_p', newChat('Hi', { sampling: { topP: 0 } })],
    ['stop', newChat('Hi', { sampling: { stop: ['a', ''] } })],
    ['no messages', newChat('Hi', { messages: [] })],
    ['no prompt', newComplete('Hi', { prompts: [] })],
    ['empty', newEmbed(['a', ''])],
    ['no input', newEmbed([])],
    ['image', { operation: 'tokenize', messages: [{ role: 'user', content: [image] }] }],
  ])('names %s', (name, input) => {
    expect(refuse(input)).toContain(name)
  })

  it.each<[string, Input]>([
    ['a plain chat', newChat('Hi')],
    ['tools', newChat('Hi', { tools, choices: 1 })],
    [
      'JSON beside tools that may not be called',
      newChat('Hi', { tools, toolChoice: 'none', responseFormat: { type: 'json' } }),
    ],
    ['an empty suffix', newComplete('Hi', { suffix: '' })],
    ['tokens', newEmbed(['a'])],
    ['a text to count', { operation: 'tokenize', text: '' }],
  ])('takes %s', (_, input) => {
    expect(refuse(input)).toBeUndefined()
  })
})

describe('harmless', () => {
  it('warns by name of what is left out', () => {
    const messages = [{ role: 'user', content: 'Hi', name: 'Ann' }] as const
    const warnings = harmless(newChat('Hi', { messages, reasoningEffort: 'low', extra: { store: true } }))
    expect(warnings).toHaveLength(3)
    for (const name of ['store', 'reasoning_effort', 'name']) expect(warnings.join()).toContain(name)
  })

  it('says nothing of a plain request', () => {
    expect(harmless(newChat('Hi'))).toEqual([])
    expect(harmless({ operation: 'tokenize', text: 'Hi' })).toEqual([])
  })
})
