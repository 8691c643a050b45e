import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadGrpcService } from '../../../../src/daemon/grpc-channel.ts'
import {
  decodeInferMessage,
  encodeInferMessage,
  statusOfCode,
} from '../../../../src/dialects/kserve/grpc-messages.ts'
import { tensorBytes } from '../../../../src/dialects/kserve/tensor-bytes.ts'
import { everyTensor, newInput } from './infer.ts'

const protoFile = fileURLToPath(new URL('../../../../src/dialects/kserve/inference.proto', import.meta.url))
const methods = await loadGrpcService(protoFile, 'inference.GRPCInferenceService')
const { requestSerialize, responseSerialize, requestDeserialize, responseDeserialize } =
  methods['ModelInfer']!

const received = (message: object) =>
  responseDeserialize(responseSerialize(message)) as Record<string, unknown>

describe('messages of gRPC', () => {
  it('carry a request with its version, parameters and raw bytes', () => {
    const input = newInput(everyTensor, {
      outputs: [{ name: 'y', parameters: { classification: 2, binary_data: true } }],
      parameters: { a: true, b: 'text', c: 3, d: 0.5 },
    })
    const sent = requestDeserialize(requestSerialize(encodeInferMessage('m:2', input, 'id')))
    expect(sent).toMatchObject({
      model_name: 'm',
      model_version: '2',
      id: 'id',
      parameters: {
        a: { bool_param: true },
        b: { string_param: 'text' },
        c: { int64_param: '3' },
        d: { double_param: 0.5 },
      },
      outputs: [{ name: 'y', parameters: { classification: { int64_param: '2' } } }],
      raw_input_contents: everyTensor.map(tensorBytes),
    })
  })

  it('give back tensors of every datatype', () => {
    const message = received({
      model_name: 'm',
      parameters: { triton_final_response: { bool_param: true } },
      outputs: everyTensor.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
      raw_output_contents: everyTensor.map(tensorBytes),
    })
    expect(decodeInferMessage(message)).toEqual({
      model: 'm',
      parameters: { triton_final_response: true },
      tensors: everyTensor,
    })
  })

  it('give bytes to those who want them', () => {
    const message = received({
      outputs: [{ name: 'x', datatype: 'INT8', shape: [1] }],
      raw_output_contents: [Buffer.from([5])],
    })
    expect(
      decodeInferMessage(message, [{ name: 'x', parameters: { binary_data: true } }]).tensors[0],
    ).toMatchObject({ base64: 'BQ==' })
    expect(decodeInferMessage(message, [], true).tensors[0]).toMatchObject({ base64: 'BQ==' })
  })

  it('may have values instead of bytes, as MLServer sends them', () => {
    const message = received({
      outputs: [
        { name: 't', datatype: 'BYTES', shape: [1], contents: { bytes_contents: [Buffer.from('ü')] } },
        { name: 'n', datatype: 'INT64', shape: [2], contents: { int64_contents: ['9007199254740993', '2'] } },
        { name: 'f', datatype: 'FP32', shape: [1], contents: { fp32_contents: [0.5] } },
      ],
    })
    expect(decodeInferMessage(message).tensors.map(({ data }) => data)).toEqual([
      ['ü'],
      ['9007199254740993', 2],
      [0.5],
    ])
  })

  it('are BACKEND_ERROR when they are not what they say', () => {
    const wrong = received({
      outputs: [{ name: 'x', datatype: 'FP32', shape: [3], contents: { fp32_contents: [1] } }],
    })
    expect(() => decodeInferMessage(wrong)).toThrow(/1 values, but its shape \[3\]/)
    expect(() => decodeInferMessage(received({ outputs: [{ datatype: 'FP32' }] }))).toThrow(
      /no name or datatype/,
    )
  })

  it('fail with codes that stand for a status', () => {
    expect([3, 5, 7, 12, 13, 14, 99].map(statusOfCode)).toEqual([400, 404, 403, 501, 500, 503, 500])
  })
})
