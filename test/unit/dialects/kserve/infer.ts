import type { InferInput } from '../../../../src/core/inference.ts'
import type { Tensor } from '../../../../src/core/tensor.ts'

/** One tensor of every datatype, with values at the edge of what it holds. */
export const everyTensor: readonly Tensor[] = [
  { name: 'bool', datatype: 'BOOL', shape: [2], data: [true, false] },
  { name: 'u8', datatype: 'UINT8', shape: [2], data: [0, 255] },
  { name: 'u16', datatype: 'UINT16', shape: [1], data: [65_535] },
  { name: 'u32', datatype: 'UINT32', shape: [1], data: [4_294_967_295] },
  { name: 'u64', datatype: 'UINT64', shape: [2], data: ['18446744073709551615', 7] },
  { name: 'i8', datatype: 'INT8', shape: [2], data: [-128, 127] },
  { name: 'i16', datatype: 'INT16', shape: [1], data: [-32_768] },
  { name: 'i32', datatype: 'INT32', shape: [1], data: [-2_147_483_648] },
  { name: 'i64', datatype: 'INT64', shape: [2], data: ['-9223372036854775808', -1] },
  { name: 'f16', datatype: 'FP16', shape: [1], base64: 'ADw=' },
  { name: 'b16', datatype: 'BF16', shape: [1], base64: 'gD8=' },
  { name: 'f32', datatype: 'FP32', shape: [2, 2], data: [0.5, -1, 0, 1024] },
  { name: 'f64', datatype: 'FP64', shape: [], data: [0.1] },
  { name: 'text', datatype: 'BYTES', shape: [3], data: ['', 'ü', '\u{1F680}'] },
  { name: 'none', datatype: 'FP32', shape: [0, 4], data: [] },
]

export const newInput = (inputs: readonly Tensor[], more: Partial<InferInput> = {}): InferInput => ({
  operation: 'infer',
  inputs,
  extra: {},
  ...more,
})
