import { describe, expect, it } from 'vitest'
import { decodeInfer, encodeInfer } from '../../../../src/dialects/kserve/infer-request.ts'
import { everyTensor, newInput } from './infer.ts'

const bodyOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const tensor = { name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] }

describe('the body of infer', () => {
  it('comes back as it was, with bytes for what JSON cannot hold', () => {
    const input = newInput(everyTensor, { outputs: [{ name: 'y' }], parameters: { priority: 1 } })
    const { body, jsonLength } = encodeInfer(input, input.outputs, 'id-1')
    const json = JSON.parse(body.subarray(0, jsonLength).toString()) as {
      inputs: { name: string; data?: unknown }[]
    }
    expect(json.inputs.filter(({ data }) => data === undefined).map(({ name }) => name)).toEqual([
      'u64',
      'i64',
      'f16',
      'b16',
    ])
    const { input: decoded, id } = decodeInfer(body, jsonLength)
    expect(id).toBe('id-1')
    expect({ ...decoded, inputs: [] }).toEqual({ ...input, inputs: [] })
    // What went as bytes is bytes.
    const [u64] = decoded.inputs.filter(({ name }) => name === 'u64')
    expect(Buffer.from(u64!.base64!, 'base64').readBigUInt64LE()).toBe(2n ** 64n - 1n)
    expect(decoded.inputs.filter(({ data }) => data)).toEqual(
      everyTensor.filter(({ name, data }) => data && name !== 'u64' && name !== 'i64'),
    )
  })

  it('is plain JSON where that can hold everything', () => {
    const { body, jsonLength } = encodeInfer(newInput([{ ...tensor, datatype: 'INT32' }]), undefined)
    expect(jsonLength).toBeUndefined()
    expect(JSON.parse(body.toString())).toEqual({ inputs: [tensor] })
  })

  it('may be nested', () => {
    const nested = {
      ...tensor,
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    }
    expect(decodeInfer(bodyOf({ inputs: [nested] })).input.inputs[0]!.data).toEqual([1, 2, 3, 4])
  })

  it.each<[string, unknown, RegExp]>([
    ['is no object', [], /no JSON object/],
    ['has no inputs', {}, /Inputs is no list/],
    ['has an input that is no object', { inputs: [1] }, /is no object/],
    ['has a nameless input', { inputs: [{ ...tensor, name: '' }] }, /has no name/],
    ['has an unknown datatype', { inputs: [{ ...tensor, datatype: 'FP8' }] }, /datatype "FP8"/],
    ['has no shape', { inputs: [{ ...tensor, shape: undefined }] }, /has no shape/],
    ['has a negative shape', { inputs: [{ ...tensor, shape: [-1] }] }, /has no shape/],
    ['has a shape of other values', { inputs: [{ ...tensor, shape: [3] }] }, /2 values, but its shape \[3\]/],
    ['has a value of another type', { inputs: [{ ...tensor, data: [1, 'b'] }] }, /x\[1\] is no INT32/],
    [
      'has bytes that are not there',
      { inputs: [{ ...tensor, data: undefined, parameters: { binary_data_size: 8 } }] },
      /0 bytes, but 2 values of INT32 take 8/,
    ],
    [
      'says that its bytes are fewer than none',
      { inputs: [{ ...tensor, parameters: { binary_data_size: -8 } }] },
      /no binary_data_size/,
    ],
    ['has outputs without a name', { inputs: [tensor], outputs: [{}] }, /outputs\[0\] has no name/],
    ['has outputs that are no list', { inputs: [tensor], outputs: 1 }, /outputs is no list/],
  ])('is refused when it %s', (_, body, words) => {
    expect(() => decodeInfer(bodyOf(body))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(words) }),
    )
  })

  it('is refused when bytes are left over, or the header is wrong', () => {
    const body = bodyOf({ inputs: [tensor] })
    const more = Buffer.concat([body, Buffer.alloc(3)])
    expect(() => decodeInfer(more, body.length)).toThrow(/3 bytes follow the JSON/)
    expect(() => decodeInfer(body, body.length + 1)).toThrow(/fewer than its header/)
    expect(() => decodeInfer(body, 0)).toThrow(/without JSON/)
    expect(() => decodeInfer(body, 5)).toThrow(/no JSON object/)
  })
})
