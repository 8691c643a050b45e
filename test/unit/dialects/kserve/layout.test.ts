import { describe, expect, it } from 'vitest'
import { layoutOf } from '../../../../src/dialects/kserve/layout.ts'
import { contextLengthOf, factsOfConfig, factsOfMetadata } from '../../../../src/dialects/kserve/model.ts'
import { tensor, vllm } from './configs.ts'

describe('what a model says of itself', () => {
  it('is read from its config', () => {
    expect(factsOfConfig(vllm)).toMatchObject({ backend: 'vllm', batchMax: 0, decoupled: true })
    const batched = factsOfConfig({ max_batch_size: 4, input: [tensor('x', 'FP32', [3])], output: [] })
    expect(batched.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 3], optional: false }])
  })

  it('is read from messages of gRPC, whose numbers are text', () => {
    const facts = factsOfConfig({
      max_batch_size: 0,
      input: [{ name: 'x', data_type: 'TYPE_STRING', dims: ['-1', '2'] }],
    })
    expect(facts.inputs[0]!.shape).toEqual([-1, 2])
  })

  it('is read from its metadata, where nothing says what may be left out', () => {
    const facts = factsOfMetadata({
      platform: 'p',
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [-1] }],
      outputs: [],
    })
    expect(facts).toMatchObject({ backend: 'p', decoupled: false, inputs: [{ name: 'x', optional: true }] })
    expect(facts.batchMax).toBeUndefined()
  })

  it('leaves out what is no tensor', () => {
    expect(
      factsOfConfig({ input: [1, { name: 'x', data_type: 'TYPE_FP8' }, {}], output: 'no' }),
    ).toMatchObject({
      inputs: [],
      outputs: [],
    })
  })

  it('may have a window among its parameters', () => {
    const withWindow = (value: string) =>
      factsOfConfig({ parameters: { max_model_len: { string_value: value } } })
    expect(contextLengthOf(withWindow('8192'))).toBe(8192)
    expect(contextLengthOf(withWindow('many'))).toBeUndefined()
    expect(contextLengthOf(factsOfConfig({}))).toBeUndefined()
  })
})

describe('which tensors mean what', () => {
  const layout = (input: object[], output: object[], names = {}) =>
    layoutOf(factsOfConfig({ input, output }), names)

  it('is known by the names that backends use', () => {
    const { prompt, text, embedding, named } = layoutOf(factsOfConfig(vllm))
    expect([prompt?.name, text?.name, embedding]).toEqual(['text_input', 'text_output', undefined])
    expect(named('stream')?.name).toBe('stream')
    expect(named('temperature')).toBeUndefined()
  })

  it('is known where only one can be meant', () => {
    const odd = layout([tensor('QUESTION', 'STRING'), tensor('n', 'INT32')], [tensor('ANSWER', 'STRING')])
    expect([odd.prompt?.name, odd.text?.name]).toEqual(['QUESTION', 'ANSWER'])
    const two = layout([tensor('A', 'STRING'), tensor('B', 'STRING')], [tensor('V', 'FP16', [8])])
    expect([two.prompt, two.embedding?.name]).toEqual([undefined, 'V'])
  })

  it('is told by the config of mcpd first', () => {
    const told = layout(
      [tensor('A', 'STRING'), tensor('B', 'STRING')],
      [tensor('V', 'FP32', [8]), tensor('W', 'FP32', [4])],
      {
        prompt: 'B',
        embedding: 'W',
      },
    )
    expect([told.prompt?.name, told.embedding?.name]).toEqual(['B', 'W'])
  })

  it('finds the parameters of the LLM API by their prefix', () => {
    const { named } = layout(
      [tensor('text_input', 'STRING'), tensor('sampling_param_max_tokens', 'INT32')],
      [],
    )
    expect(named('max_tokens')?.name).toBe('sampling_param_max_tokens')
  })

  it('has no vectors in a model of texts unless told so', () => {
    const output = [tensor('text_output', 'STRING'), tensor('score', 'FP32')]
    expect(layout([tensor('text_input', 'STRING')], output).embedding).toBeUndefined()
    expect(layout([tensor('text_input', 'STRING')], output, { embedding: 'score' }).embedding?.name).toBe(
      'score',
    )
  })

  it('names the tensors there are when the config of mcpd is wrong', () => {
    expect(() => layout([tensor('A', 'STRING')], [tensor('V', 'FP32')], { embedding: 'sentence' })).toThrow(
      expect.objectContaining({
        code: 'OPERATION_UNSUPPORTED',
        message: 'The model has no tensor "sentence", which the config names as its embedding; it has V.',
      }),
    )
  })
})
