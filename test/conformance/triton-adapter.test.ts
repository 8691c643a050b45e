import { startTritonStandIn } from '../../fixtures/triton-stand-in.ts'
import { adapterSuite } from '../../src/conformance/adapter-suite.ts'
import { newChat, newComplete, newEmbed, newInfer } from '../../src/conformance/request.ts'
import triton from '../../src/daemon/adapters/triton/index.ts'
import { createTransport } from '../../src/daemon/transport.ts'
import { runSuite } from './run-suite.ts'

const suite = (protocol: 'http' | 'grpc') =>
  adapterSuite({
    make: async () => {
      const standIn = await startTritonStandIn({ tokenDelayMs: 1, grpc: protocol === 'grpc' })
      const adapter = triton.create(
        { protocol, url: protocol === 'grpc' ? standIn.grpcUrl : standIn.url },
        {
          name: 'stand-in',
          connect: (url) => createTransport(url, { connectionsMax: 16, connectTimeoutMs: 5000 }),
          log: () => {},
        },
      )
      return { adapter, close: standIn.close, openRequests: standIn.openRequests }
    },
    models: { chat: 'stand-in', complete: 'stand-in', embed: 'embedder', infer: 'identity' },
    echoes: true,
    long: newChat('words 4096', { sampling: { maxTokens: 4096 } }),
    tensors: newInfer('', {
      inputs: [
        { name: 'text', datatype: 'BYTES', shape: [2], data: ['a', 'ü'] },
        { name: 'big', datatype: 'INT64', shape: [2], data: ['-9223372036854775808', 1] },
        { name: 'half', datatype: 'FP16', shape: [1], base64: 'ADw=' },
        { name: 'single', datatype: 'FP32', shape: [2, 1], data: [0.5, -1] },
        { name: 'flag', datatype: 'BOOL', shape: [1], data: [true] },
      ],
    }),
    unsupported: [
      { parameter: 'parallel_tool_calls', input: newChat('Hello.', { parallelToolCalls: false }) },
      { parameter: 'tools', input: newChat('Hello.', { tools: [{ name: 'weather' }] }) },
      { parameter: 'service_tier', input: newChat('Hello.', { extra: { service_tier: 'flex' } }) },
      { parameter: 'logprobs', input: newComplete('Once', { topLogprobs: 1 }) },
      { parameter: 'response_format', input: newChat('Hello.', { responseFormat: { type: 'json' } }) },
      { parameter: 'prompt', input: { ...newComplete(''), prompts: [[1, 2, 3]] } },
      { parameter: 'dimensions', input: newEmbed(['Hello.'], { dimensions: 3 }) },
    ],
  })

runSuite('the triton adapter over HTTP', suite('http'))
runSuite('the triton adapter over gRPC', suite('grpc'))
