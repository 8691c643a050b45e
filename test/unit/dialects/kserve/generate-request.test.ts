import { describe, expect, it } from 'vitest'
import {
  encodePrompt,
  type Prompt,
  promptBody,
  promptTensors,
  shapeFor,
} from '../../../../src/dialects/kserve/generate-request.ts'
import { layout, tensor, tensorrt, vllm } from './configs.ts'

const prompt = (more: Partial<Prompt> = {}): Prompt => ({
  text: 'Hi',
  sampling: {},
  stream: false,
  extra: {},
  ...more,
})
const sampling = { temperature: 0.5, maxTokens: 7, stop: ['.'], seed: 3, minP: 0.1 }

describe('a prompt', () => {
  it('is put where the vLLM backend takes it', () => {
    const encoded = encodePrompt(prompt({ sampling, extra: { ignore_eos: true, user: 'me' } }), layout(vllm))
    const { sampling_parameters: json, ...body } = promptBody(encoded) as { sampling_parameters: string }
    expect(body).toEqual({
      text_input: 'Hi',
      stream: false,
      exclude_input_in_output: true,
      return_finish_reason: true,
      return_num_input_tokens: true,
      return_num_output_tokens: true,
    })
    expect(JSON.parse(json)).toEqual({
      temperature: 0.5,
      max_tokens: 7,
      stop: ['.'],
      seed: 3,
      min_p: 0.1,
      ignore_eos: true,
    })
    expect(encoded).toMatchObject({ dropped: ['user'], set: [], tellsFinish: true })
  })

  it('is put where the TensorRT-LLM backend takes it', () => {
    const encoded = encodePrompt(prompt({ sampling }), layout(tensorrt))
    expect(promptBody(encoded)).toEqual({
      text_input: 'Hi',
      max_tokens: 7,
      stop_words: ['.'],
      temperature: 0.5,
      seed: 3,
    })
    expect(encoded).toMatchObject({ dropped: ['min_p'], tellsFinish: false })
  })

  it('has a limit, in words, where the model must have one', () => {
    const encoded = encodePrompt(prompt(), layout(tensorrt))
    expect(promptBody(encoded)).toMatchObject({ max_tokens: 512 })
    expect(encoded.set).toEqual([expect.stringContaining('max_tokens is 512')])
  })

  it('asks for JSON where there is an input for it, and is refused elsewhere', () => {
    const json = prompt({ responseFormat: { type: 'json-schema', name: 'x', schema: { type: 'object' } } })
    expect(promptBody(encodePrompt(json, layout(tensorrt)))).toMatchObject({
      guided_decoding_guide_type: 'json_schema',
      guided_decoding_guide: '{"type":"object"}',
    })
    expect(() => encodePrompt(json, layout(vllm))).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })

  it('is echoed where the model can, and not in a stream', () => {
    const echo = (stream: boolean) => encodePrompt(prompt({ echo: true, stream }), layout(vllm))
    expect(promptBody(echo(false))).toMatchObject({ exclude_input_in_output: false })
    expect(echo(false).dropped).toEqual([])
    expect(promptBody(echo(true))).toMatchObject({ exclude_input_in_output: true })
    expect(echo(true).dropped).toEqual(['echo'])
    expect(encodePrompt(prompt({ echo: true }), layout(tensorrt)).dropped).toEqual(['echo'])
  })

  it('gives parameters to a model that reads them, and inputs by their own names', () => {
    const config = {
      input: [tensor('Q', 'STRING'), tensor('mood', 'STRING', [1], true)],
      output: [tensor('A', 'STRING')],
    }
    const encoded = encodePrompt(prompt({ sampling, extra: { mood: 'gay', tone: 1 } }), layout(config), {
      requestParameters: ['temperature'],
    })
    expect(promptBody(encoded)).toEqual({ Q: 'Hi', mood: 'gay', parameters: { temperature: 0.5 } })
    expect(encoded.dropped).toEqual(['min_p', 'max_tokens', 'stop', 'seed', 'tone'])
  })

  it('is refused when the model must have what nobody gave', () => {
    const config = { input: [tensor('text_input', 'STRING'), tensor('lora', 'STRING')], output: [] }
    expect(() => encodePrompt(prompt(), layout(config))).toThrow(/must have lora/)
  })

  it('is tensors of the shapes and datatypes of the model', () => {
    expect(
      promptTensors(encodePrompt(prompt({ sampling: { maxTokens: 7, stop: ['a', 'b'] } }), layout(tensorrt))),
    ).toEqual([
      { name: 'text_input', datatype: 'BYTES', shape: [1], data: ['Hi'] },
      { name: 'max_tokens', datatype: 'INT32', shape: [1], data: [7] },
      { name: 'stop_words', datatype: 'BYTES', shape: [2], data: ['a', 'b'] },
    ])
    const half = encodePrompt(prompt({ sampling: { maxTokens: 7.5 } }), layout(tensorrt))
    expect(() => promptTensors(half)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', message: 'The tensor max_tokens[0] is no INT32.' }),
    )
  })
})

it.each<[number[], number, 'first' | 'last', number[]]>([
  [[1], 1, 'last', [1]],
  [[-1], 3, 'last', [3]],
  [[-1, -1], 3, 'last', [1, 3]],
  [[-1, 1], 3, 'first', [3, 1]],
  [[-1, -1], 3, 'first', [3, 1]],
  [[2, -1], 6, 'last', [2, 3]],
  [[], 1, 'last', []],
])('a shape %j for %i values along the %s is %j', (shape, count, along, expected) => {
  expect(shapeFor(shape, count, along)).toEqual(expected)
})
