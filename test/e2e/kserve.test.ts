import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startOpenAiStandIn, type OpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTritonStandIn, type TritonStandIn } from '../../fixtures/triton-stand-in.ts'
import { createClient } from '../../src/client/client.ts'
import { createSseDecoder } from '../../src/core/sse.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

let triton: TritonStandIn
let openai: OpenAiStandIn
let mcpd: TestDaemon
beforeAll(async () => {
  triton = await startTritonStandIn({ grpc: true, unloaded: ['ensemble'] })
  openai = await startOpenAiStandIn({ models: ['org/talker', 'stand-in-embed'] })
  mcpd = await startTestDaemon(
    [
      'backends:',
      `  - { name: triton, adapter: triton, url: "${triton.url}" }`,
      `  - { name: wire, adapter: triton, protocol: grpc, url: "${triton.grpcUrl}" }`,
      `  - { name: openai, adapter: openai, url: "${openai.url}", models: [org/talker] }`,
      `  - { name: vectors, adapter: openai, url: "${openai.url}", models: [{ name: stand-in-embed, operations: [embed], embeddingDimensions: 8 }] }`,
    ].join('\n'),
  )
  await Promise.all(mcpd.daemon.registry.backends.map((backend) => backend.changed()))
})
afterAll(async () => {
  await mcpd.close()
  await Promise.all([triton.close(), openai.close()])
})

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  mcpd.fetch(path, { method: 'POST', body: JSON.stringify(body), headers })
const native = (path: string, body: object) => post(path, body, { 'content-type': 'application/json' })
const json = async (response: Response) => (await response.json()) as Record<string, unknown>
const events = async (response: Response) =>
  createSseDecoder()
    .push(Buffer.from(await response.text()))
    .map(({ data }) => JSON.parse(data!) as Record<string, unknown>)

describe('the KServe surface', () => {
  it('says what it is and that it is well', async () => {
    expect(await json(await mcpd.fetch('/v2'))).toMatchObject({ name: 'mcpd' })
    for (const path of ['/v2/health/live', '/v2/health/ready', '/v2/models/org/talker/ready'])
      expect((await mcpd.fetch(path)).status, path).toBe(200)
  })

  it('lists models, those that are not loaded too', async () => {
    const index = (await (await post('/v2/repository/index', {})).json()) as Record<string, unknown>[]
    expect(index).toContainEqual(expect.objectContaining({ name: 'identity', state: 'READY' }))
    expect(index).toContainEqual(expect.objectContaining({ name: 'ensemble', state: 'UNAVAILABLE' }))
    const ready = (await (await post('/v2/repository/index', { ready: true })).json()) as { name: string }[]
    expect(ready.map(({ name }) => name)).not.toContain('ensemble')
  })

  it('tells the tensors of a model', async () => {
    expect(await json(await mcpd.fetch('/v2/models/embedder/versions/1'))).toMatchObject({
      name: 'embedder',
      platform: 'python',
      inputs: [{ name: 'TEXT', datatype: 'BYTES', shape: [-1, 1] }],
    })
    expect(await json(await mcpd.fetch('/v2/models/org/talker'))).toMatchObject({
      platform: 'openai',
      inputs: [{ name: 'text_input', datatype: 'BYTES' }],
      outputs: [{ name: 'text_output', datatype: 'BYTES' }],
    })
    expect(await json(await mcpd.fetch('/v2/models/stand-in-embed'))).toMatchObject({
      outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, 8] }],
    })
  })

  it('generates over a backend of another dialect, whole and piece by piece', async () => {
    const body = { id: 'mine', text_input: 'words 3', parameters: { temperature: 0, max_tokens: 8 } }
    const whole = await json(await post('/v2/models/org/talker/generate', body))
    expect(whole).toMatchObject({
      id: 'mine',
      model_name: 'org/talker',
      text_output: 'the quick brown',
      details: { finish_reason: 'eos_token' },
      num_output_tokens: 3,
    })
    const pieces = await events(await post('/v2/models/org/talker/generate_stream', body))
    expect(pieces.map(({ text_output: text }) => text).join('')).toBe('the quick brown')
    expect(pieces.at(-1)).toMatchObject({ details: { finish_reason: 'eos_token' }, num_output_tokens: 3 })
    expect(JSON.parse(openai.requests.at(-1)!.body.toString())).toMatchObject({
      max_tokens: 8,
      temperature: 0,
    })
  })

  it('passes what goes to a Triton through byte for byte', async () => {
    const body = { text_input: 'words 2', unheard_of: 1, parameters: { max_tokens: 4, odd: true } }
    const answered = await json(await post('/v2/models/stand-in/generate', body))
    // An echo, since nobody asked for none: it is Triton's own answer.
    expect(answered).toMatchObject({ model_version: '1', text_output: expect.stringMatching(/^words 2/) })
    expect(triton.requests.at(-1)!.body.toString()).toBe(JSON.stringify(body))
    const streamed = await events(
      await post('/v2/models/stand-in/generate_stream', { text_input: 'words 2', stream: true }),
    )
    expect(streamed.every((event) => event['model_version'] === '1')).toBe(true)
    expect(streamed.map(({ text_output: text }) => text).join('')).toBe('the quick')
  })

  const tensors = {
    inputs: [
      { name: 'text', datatype: 'BYTES', shape: [2, 1].slice(0, 1), data: ['a', 'b'] },
      {
        name: 'single',
        datatype: 'FP32',
        shape: [2, 2],
        data: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
  }

  it.each(['triton/identity', 'wire/identity'])('gives tensors to %s', async (model) => {
    const answered = await json(await post(`/v2/models/${model}/infer`, tensors))
    expect(answered['outputs']).toEqual([
      expect.objectContaining({ name: 'text', shape: [2], data: ['a', 'b'] }),
      expect.objectContaining({ name: 'single', shape: [2, 2], data: [1, 2, 3, 4] }),
    ])
  })

  it.each(['triton/identity', 'wire/identity'])(
    'takes and gives bytes behind the JSON for %s',
    async (model) => {
      const floats = Buffer.from(new Float32Array([0.5, -2]).buffer)
      const head = Buffer.from(
        JSON.stringify({
          id: '7',
          inputs: [{ name: 'single', datatype: 'FP32', shape: [2, 1], parameters: { binary_data_size: 8 } }],
          outputs: [{ name: 'single', parameters: { binary_data: true } }],
        }),
      )
      const response = await mcpd.fetch(`/v2/models/${model}/infer`, {
        method: 'POST',
        body: Buffer.concat([head, floats]),
        headers: { 'inference-header-content-length': String(head.length) },
      })
      expect(response.headers.get('content-type')).toBe('application/octet-stream')
      const length = Number(response.headers.get('inference-header-content-length'))
      const bytes = Buffer.from(await response.arrayBuffer())
      expect(JSON.parse(bytes.subarray(0, length).toString())).toMatchObject({ id: '7', model_name: model })
      expect(bytes.subarray(length)).toEqual(floats)
    },
  )

  it('makes text of tensors for a model that knows no others', async () => {
    const text = (data: string[]) => ({
      inputs: [
        { name: 'text_input', datatype: 'BYTES', shape: [data.length], data },
        { name: 'max_tokens', datatype: 'INT32', shape: [1], data: [2] },
      ],
    })
    const said = await json(await post('/v2/models/org/talker/infer', text(['words 5'])))
    expect(said['outputs']).toContainEqual(
      expect.objectContaining({ name: 'text_output', data: ['the quick'] }),
    )
    const [vectors] = (await json(await post('/v2/models/stand-in-embed/infer', text(['a', 'b']))))[
      'outputs'
    ] as {
      shape: number[]
    }[]
    expect(vectors).toMatchObject({ name: 'embedding', shape: [2, 8] })
  })

  it.each<[string, string, object, number, RegExp]>([
    ['an unknown model', 'nobody/infer', tensors, 404, /nobody/],
    ['an unknown version', 'identity/versions/7/infer', tensors, 404, /no version 7/],
    ['no text', 'stand-in/generate', { prompt: 'Hi' }, 400, /text_input/],
    ['a model that is not loaded', 'ensemble/generate', { text_input: 'Hi' }, 422, /cannot complete/],
    [
      'a shape that is not that of the values',
      'identity/infer',
      { inputs: [{ name: 'text', datatype: 'BYTES', shape: [3], data: ['a'] }] },
      400,
      /1 values, but its shape \[3\]/,
    ],
    [
      'a datatype that there is not',
      'identity/infer',
      { inputs: [{ name: 'text', datatype: 'FP8', shape: [1], data: ['a'] }] },
      400,
      /datatype/,
    ],
    [
      'another datatype than the model has',
      'identity/infer',
      { inputs: [{ name: 'text', datatype: 'FP32', shape: [1], data: [1] }] },
      400,
      /expects 'BYTES'/,
    ],
    [
      'an output that the model does not have',
      'identity/infer',
      { ...tensors, outputs: [{ name: 'no' }] },
      400,
      /'no'/,
    ],
    ['tensors for a model of texts that streams', 'triton/stand-in/infer', tensors, 400, /text_input/],
    ['tensors for a model of texts', 'org/talker/infer', tensors, 400, /text_input/],
  ])('refuses %s', async (_, path, body, status, words) => {
    const response = await post(`/v2/models/${path}`, body)
    const { error } = await json(response)
    expect([response.status, error]).toEqual([status, expect.stringMatching(words)])
  })

  it('refuses a header that is wrong about the body', async () => {
    const response = await post('/v2/models/identity/infer', tensors, {
      'inference-header-content-length': '99999',
    })
    expect([response.status, await json(response)]).toEqual([
      400,
      { error: expect.stringContaining('fewer than its header says') },
    ])
  })
})

describe('raw tensors on the native surface', () => {
  const inputs = [{ name: 'big', datatype: 'INT64', shape: [2], data: ['9007199254740993', 1] }] as const

  it.each(['triton', 'wire'])('come back whole and as events from %s', async (backend) => {
    await using client = createClient({ url: mcpd.url })
    const { output } = await client.infer({ model: `${backend}/identity`, inputs })
    expect(output.tensors).toEqual([
      { name: 'big', datatype: 'INT64', shape: [2], data: ['9007199254740993', 1] },
    ])
    const response = await native(`/mcp/v1/${backend}/identity/infer`, { inputs, stream: true })
    const told = createSseDecoder().push(Buffer.from(await response.text()))
    expect(told.map(({ event }) => event)).toEqual(['start', 'tensors', 'end'])
  })

  it('come piece by piece from a model that streams, over gRPC', async () => {
    const asked = [{ name: 'QUESTION', datatype: 'BYTES', shape: [1], data: ['words 3'] }]
    const response = await native('/mcp/v1/wire/python-llm/infer', { inputs: asked, stream: true })
    const told = createSseDecoder().push(Buffer.from(await response.text()))
    expect(told.map(({ event }) => event)).toEqual([
      'start',
      'tensors',
      'tensors',
      'tensors',
      'tensors',
      'end',
    ])
  })

  it('are refused by an adapter that has none, and where they are not what they say', async () => {
    const refused = await native('/mcp/v1/openai/org/talker/infer', { inputs })
    expect([refused.status, await json(refused)]).toEqual([
      422,
      expect.objectContaining({ code: 'OPERATION_UNSUPPORTED' }),
    ])
    const wrong = await native('/mcp/v1/triton/identity/infer', { inputs: [{ ...inputs[0], shape: [3] }] })
    expect([wrong.status, await json(wrong)]).toEqual([
      400,
      expect.objectContaining({ code: 'BAD_REQUEST', param: 'inputs[0]' }),
    ])
  })

  it('has a document of what the adapter relies on', async () => {
    const document = await json(await mcpd.fetch('/mcp/v1/adapters/triton/openapi.json'))
    expect(document['paths']).toHaveProperty('/v2/models/{model}/infer')
  })
})
