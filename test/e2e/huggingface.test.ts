import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HuggingFaceStandIn, startHuggingFaceStandIn } from '../../fixtures/huggingface-stand-in.ts'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { createClient } from '../../src/client/index.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

/** Everything that Hugging Face has, behind one daemon. Every answer is held against /openapi.json on the way. */

let router: HuggingFaceStandIn
let tgi: HuggingFaceStandIn
let embedder: HuggingFaceStandIn
let reranker: HuggingFaceStandIn
let vllm: OpenAiStandIn
let mcpd: TestDaemon
beforeAll(async () => {
  router = await startHuggingFaceStandIn({ kind: 'router', model: 'org/big', apiKey: 'hf_x' })
  tgi = await startHuggingFaceStandIn({ model: 'org/small' })
  embedder = await startHuggingFaceStandIn({ kind: 'tei', model: 'org/embed', batchMax: 2 })
  reranker = await startHuggingFaceStandIn({
    kind: 'tei',
    model: 'org/rerank',
    task: 'reranker',
    batchMax: 2,
  })
  vllm = await startOpenAiStandIn({ models: ['judge'] })
  mcpd = await startTestDaemon(
    `
backends:
  - { name: hub, adapter: huggingface, url: "${router.url}/v1", apiKey: "\${env:HF_TOKEN}" }
  - { name: tgi, adapter: huggingface, url: "${tgi.url}" }
  - { name: tei, adapter: huggingface, url: "${embedder.url}" }
  - { name: ranker, adapter: huggingface, url: "${reranker.url}" }
  - { name: vllm, adapter: openai, url: "${vllm.url}" }`,
    {},
    { HF_TOKEN: 'hf_x' },
  )
})
afterAll(async () => {
  await mcpd.close()
  await Promise.all([router, tgi, embedder, reranker, vllm].map((standIn) => standIn.close()))
})

const client = () =>
  new OpenAI({ baseURL: `${mcpd.url}/v1`, apiKey: 'none', fetch: mcpd.fetch, maxRetries: 0 })
const post = async (
  path: string,
  body: object,
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const answer = await mcpd.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

it.each(['org/big', 'org/big:groq', 'hub/org/big:cheapest', 'tgi/org/small'])(
  'chats with %s',
  async (model) => {
    const messages = [{ role: 'user' as const, content: 'Hello there!' }]
    const whole = await client().chat.completions.create({ model, messages })
    expect(whole.choices[0]!.message.content).toBe('Hello there!')
    let text = ''
    for await (const { choices } of await client().chat.completions.create({ model, messages, stream: true }))
      text += choices[0]?.delta.content ?? ''
    expect(text).toBe('Hello there!')
  },
)

it('sends the name of the provider on', () => {
  const sent = router.requests.map(({ body }) => /^\{"model":"([^"]*)"/.exec(body.toString())?.[1])
  expect(sent).toContain('org/big:groq')
  expect(sent).toContain('org/big:cheapest')
})

it('continues texts and embeds them in parts', async () => {
  const { choices, usage } = await client().completions.create({
    model: 'org/small',
    prompt: 'Once',
    max_tokens: 3,
  })
  expect([choices[0]!.text, usage!.completion_tokens]).toEqual(['the quick brown', 3])
  const input = ['a', 'b', 'c', 'd', 'e']
  const { data } = await client().embeddings.create({ model: 'org/embed', input, encoding_format: 'float' })
  expect(data.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
  expect(embedder.requests.filter(({ path }) => path === '/embed')).toHaveLength(3)
})

describe('rerank', () => {
  const query = 'how deep is the sea'
  const documents = ['a cat', 'the sea is deep', { text: 'how deep is the sea' }]

  it.each(['/v1/rerank', '/v2/rerank', '/rerank'])('answers at %s, by any backend that can', async (path) => {
    for (const model of ['org/rerank', 'judge']) {
      const { status, body } = await post(path, { model, query, documents, top_n: 2 })
      expect([status, (body['results'] as { index: number }[]).map(({ index }) => index)]).toEqual([
        200,
        [2, 1],
      ])
    }
  })

  it('gives documents back where they are wanted', async () => {
    const asked = { model: 'org/rerank', query, documents, top_n: 1, return_documents: true }
    const { body } = await post('/v1/rerank', asked)
    expect(body['results']).toMatchObject([{ index: 2, document: { text: 'how deep is the sea' } }])
  })

  it('passes through byte for byte where the backend has the route', async () => {
    const sent = '{"model":"judge", "query":"q","documents":["q"],"truncate_prompt_tokens":9}'
    const headers = { 'content-type': 'application/json' }
    await (await mcpd.fetch('/v1/rerank', { method: 'POST', headers, body: sent })).json()
    expect(vllm.requests.at(-1)!.body.toString()).toBe(sent)
  })

  it('is an operation of the native API and of the client', async () => {
    const { body } = await post('/mcp/v1/huggingface/org%2Frerank/rerank', { query, documents })
    expect(body['output']).toMatchObject({ ranking: [{ index: 2 }, { index: 1 }, { index: 0 }] })
    await using mine = createClient({ url: mcpd.url })
    const { output } = await mine.rerank({ model: 'ranker/org/rerank', query, documents: ['x', query] })
    expect(output.ranking.map(({ index }) => index)).toEqual([1, 0])
  })

  it.each([
    ['what cannot rank', { model: 'org/small', query, documents }, 422],
    ['no documents', { model: 'org/rerank', query, documents: [] }, 400],
    ['an unknown model', { model: 'none', query, documents }, 404],
  ])('refuses %s', async (_, body, status) => {
    expect((await post('/v1/rerank', body)).status).toBe(status)
  })
})

it('describes what it relies on', async () => {
  for (const type of ['huggingface', 'anthropic']) {
    const answer = await mcpd.fetch(`/mcp/v1/adapters/${type}/openapi.json`)
    expect(await answer.json()).toMatchObject({ openapi: '3.1.0' })
  }
})
