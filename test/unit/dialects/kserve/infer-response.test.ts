import { describe, expect, it } from 'vitest'
import { decodeInferResponse, encodeInferResponse } from '../../../../src/dialects/kserve/infer-response.ts'
import { everyTensor, newInput } from './infer.ts'

const response = { model: 'm', choices: [], tensors: everyTensor }

describe('the answer of infer', () => {
  it('comes back as it was', () => {
    const { body, jsonLength } = encodeInferResponse(response, {
      model: 'm',
      version: '1',
      id: '7',
      input: newInput([]),
    })
    const decoded = decodeInferResponse(body, jsonLength)
    expect(decoded).toMatchObject({ model: 'm', id: '7' })
    expect(decoded.tensors?.map(({ name }) => name)).toEqual(everyTensor.map(({ name }) => name))
    expect(decoded.tensors?.filter(({ data }) => data)).toEqual(
      everyTensor.filter(({ name, data }) => data && name !== 'u64' && name !== 'i64'),
    )
  })

  it('has bytes for the outputs that are wanted so, or all', () => {
    const tensors = [
      { name: 'a', datatype: 'INT8', shape: [1], data: [1] },
      { name: 'b', datatype: 'INT8', shape: [1], data: [2] },
    ] as const
    const encode = (input: ReturnType<typeof newInput>) => {
      const { body, jsonLength } = encodeInferResponse({ ...response, tensors }, { model: 'm', input })
      return body.subarray(jsonLength ?? body.length)
    }
    expect(encode(newInput([], { outputs: [{ name: 'b', parameters: { binary_data: true } }] }))).toEqual(
      Buffer.from([2]),
    )
    expect(encode(newInput([], { parameters: { binary_data_output: true } }))).toEqual(Buffer.from([1, 2]))
    expect(
      encode(
        newInput([], {
          parameters: { binary_data_output: true },
          outputs: [{ name: 'b', parameters: { binary_data: false } }],
        }),
      ),
    ).toEqual(Buffer.from([1]))
  })

  it.each<[string, string, RegExp]>([
    ['no JSON', 'nonsense', /no JSON object/],
    ['no object', '[]', /no JSON object/],
    ['an error', '{"error":"out of memory"}', /The backend failed: out of memory/],
    ['no outputs', '{"model_name":"m"}', /outputs is no list/],
    ['a wrong shape', '{"outputs":[{"name":"x","datatype":"INT8","shape":[2],"data":[1]}]}', /1 values/],
    [
      'too many bytes announced',
      '{"outputs":[{"name":"x","datatype":"INT8","shape":[2],"parameters":{"binary_data_size":2}}]}',
      /0 bytes/,
    ],
  ])('is BACKEND_ERROR when it is %s', (_, text, words) => {
    expect(() => decodeInferResponse(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'BACKEND_ERROR', message: expect.stringMatching(words) }),
    )
  })
})
