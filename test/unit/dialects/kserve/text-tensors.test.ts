import { describe, expect, it } from 'vitest'
import { textFormats, textInput, textTensors } from '../../../../src/dialects/kserve/text-tensors.ts'
import { newInput } from './infer.ts'

const text = (...data: string[]) =>
  ({ name: 'text_input', datatype: 'BYTES', shape: [data.length], data }) as const

describe('tensors for models of texts', () => {
  it('are a text with its parameters', () => {
    const limit = { name: 'max_tokens', datatype: 'INT32', shape: [1], data: [3] } as const
    expect(textInput(newInput([text('Hi'), limit], { parameters: { seed: 1 } }), 'complete')).toEqual({
      operation: 'complete',
      prompts: ['Hi'],
      sampling: { maxTokens: 3, seed: 1 },
      extra: {},
    })
  })

  it('are texts to embed, in order', () => {
    expect(textInput(newInput([text('a', 'b')]), 'embed')).toMatchObject({ inputs: ['a', 'b'] })
  })

  it('are refused when they are no text, or several to go on with', () => {
    const number = { name: 'text_input', datatype: 'INT8', shape: [1], data: [1] } as const
    expect(() => textInput(newInput([number]), 'complete')).toThrow(/text_input/)
    expect(() => textInput(newInput([text('a', 'b')]), 'complete')).toThrow(/one text at a time/)
  })

  it('come back as what the model does', () => {
    const choices = [{ index: 0, text: 'a', finishReason: 'stop' as const }]
    expect(textTensors({ model: 'm', choices })).toMatchObject([
      { name: 'text_output', data: ['a'] },
      { data: ['stop'] },
    ])
    expect(textTensors({ model: 'm', choices: [], embeddings: [[1, 2]] })).toEqual([
      { name: 'embedding', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
    ])
    expect(textFormats(['chat', 'complete']).outputs[0]?.name).toBe('text_output')
    expect(textFormats(['embed'], 8).outputs[0]?.shape).toEqual([-1, 8])
    expect(textFormats(['chat'])).toEqual({ inputs: [], outputs: [] })
  })
})
