import type { Layout } from '../../../../src/dialects/kserve/layout.ts'
import { layoutOf } from '../../../../src/dialects/kserve/layout.ts'
import { factsOfConfig } from '../../../../src/dialects/kserve/model.ts'

/** Configs of models, as Triton tells them. */

export const tensor = (name: string, type: string, dims: readonly number[] = [1], optional = false) => ({
  name,
  data_type: `TYPE_${type}`,
  dims,
  ...(optional && { optional }),
})

export const vllm = {
  backend: 'vllm',
  max_batch_size: 0,
  model_transaction_policy: { decoupled: true },
  input: [
    tensor('text_input', 'STRING'),
    tensor('stream', 'BOOL', [1], true),
    tensor('sampling_parameters', 'STRING', [1], true),
    tensor('exclude_input_in_output', 'BOOL', [1], true),
    tensor('return_finish_reason', 'BOOL', [1], true),
    tensor('return_num_input_tokens', 'BOOL', [1], true),
    tensor('return_num_output_tokens', 'BOOL', [1], true),
  ],
  output: [tensor('text_output', 'STRING', [-1]), tensor('finish_reason', 'STRING', [-1])],
}

export const tensorrt = {
  backend: 'ensemble',
  max_batch_size: 0,
  input: [
    tensor('text_input', 'STRING', [-1]),
    tensor('max_tokens', 'INT32', [-1]),
    tensor('stop_words', 'STRING', [-1], true),
    tensor('temperature', 'FP32', [1], true),
    tensor('seed', 'UINT64', [1], true),
    tensor('guided_decoding_guide_type', 'STRING', [1], true),
    tensor('guided_decoding_guide', 'STRING', [1], true),
  ],
  output: [tensor('text_output', 'STRING', [-1])],
}

export const layout = (config: object, names = {}): Layout => layoutOf(factsOfConfig({ ...config }), names)
