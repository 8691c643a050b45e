import SwaggerParser from '@apidevtools/swagger-parser'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { synthesise } from '../../../../src/crawler/sources/openapi-kserve.ts'
import { crawling } from '../../../harness/crawl.ts'
import { serve } from '../../../harness/http-server.ts'

const model = {
  name: 'resnet',
  platform: 'onnxruntime_onnx',
  inputs: [
    { name: 'image', datatype: 'FP32', shape: [-1, 3, 224, 224], isOptional: false },
    { name: 'tag', datatype: 'BYTES', shape: [1], isOptional: true },
  ],
  outputs: [{ name: 'class', datatype: 'INT64', shape: [-1, 1], isOptional: false }],
  decoupled: false,
  batchMax: 8,
}
const server = { name: 'triton', version: '2.50.0', extensions: ['classification'] }

describe('the document of a server that publishes none', () => {
  const document = synthesise(server, [model, { ...model, name: 'llm', decoupled: true }]) as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>>
    components: object
  }

  it('is valid', async () => {
    await expect(SwaggerParser.validate(structuredClone(document) as never)).resolves.toBeDefined()
  })

  it('has the paths of each model; a decoupled one only streams', () => {
    expect(Object.keys(document.paths)).toEqual([
      '/v2',
      '/v2/health/live',
      '/v2/health/ready',
      '/v2/models/resnet',
      '/v2/models/resnet/ready',
      '/v2/models/resnet/infer',
      '/v2/models/resnet/generate',
      '/v2/models/resnet/generate_stream',
      '/v2/models/llm',
      '/v2/models/llm/ready',
      '/v2/models/llm/generate',
      '/v2/models/llm/generate_stream',
    ])
  })

  it('knows the tensors of a model', () => {
    const schema =
      document.paths['/v2/models/resnet/infer']?.['post']?.requestBody?.content['application/json']?.schema
    const validate = new Ajv2020({ strict: false }).compile({ ...schema, components: document.components })
    const image = { name: 'image', datatype: 'FP32', shape: [2, 3, 224, 224], data: [0.5] }
    expect(validate({ inputs: [image] })).toBe(true)
    expect(validate({ inputs: [{ name: 'tag', datatype: 'BYTES', shape: [1], data: ['x'] }, image] })).toBe(
      true,
    )
    expect(validate({ inputs: [] })).toBe(false)
    expect(validate({ inputs: [{ ...image, datatype: 'FP64' }] })).toBe(false)
    expect(validate({ inputs: [{ ...image, shape: [2, 3, 224] }] })).toBe(false)
    expect(validate({ inputs: [{ ...image, shape: [9, 3, 224, 224] }] })).toBe(false)
    expect(validate({ inputs: [{ ...image, name: 'other' }] })).toBe(false)
  })
})

it('a server of the protocol is read by what it says of itself', async () => {
  const bodies: Record<string, unknown> = {
    'GET /v2': { name: 'triton', version: '2.50.0', extensions: ['statistics'] },
    'POST /v2/repository/index': [
      { name: 'resnet', version: '1', state: 'READY' },
      { name: 'resnet', version: '2', state: 'READY' },
    ],
    'GET /v2/models/resnet': {
      name: 'resnet',
      versions: ['1', '2'],
      platform: 'onnx',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'class', datatype: 'INT64', shape: [-1] }],
    },
    'GET /v2/models/resnet/config': { max_batch_size: 4, input: [{ name: 'image', optional: false }] },
  }
  const { url } = await serve((request, response) => {
    const body = bodies[`${request.method} ${request.url}`]
    if (body === undefined) response.writeHead(404).end()
    else response.end(JSON.stringify(body))
  })
  const { crawl } = crawling()
  expect(await crawl({ kind: 'url', url })).toMatchObject({
    outcome: 'first',
    version: { operations: 8, apiVersion: '2.50.0' },
  })
  expect(await crawl({ kind: 'url', url })).toMatchObject({ outcome: 'unchanged' })
})
