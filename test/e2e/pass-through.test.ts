import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenAiStandIn, startOpenAiStandIn } from '../../fixtures/openai-stand-in.ts'
import { startTestDaemon, type TestDaemon } from '../harness/daemon.ts'

/** What an OpenAI client and an OpenAI backend say to each other goes through byte for byte, but for four edits. */

let backend: OpenAiStandIn
let mcpd: TestDaemon
beforeAll(async () => {
  backend = await startOpenAiStandIn({ reasoning: true })
  mcpd = await startTestDaemon(`backends: [{ name: vllm, adapter: openai, url: "${backend.url}" }]`)
})
afterAll(async () => {
  await mcpd.close()
  await backend.close()
})

const post = (path: string, body: string, to: { fetch: typeof fetch; url: string } = mcpd) =>
  to.fetch(to.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })

const received = (): string => String(backend.requests.at(-1)?.body)

/** The backend's own answer to what it was just sent. */
const direct = async (path: string): Promise<string> => {
  const answer = await fetch(backend.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: received(),
  })
  return answer.text()
}

/** Ids and times differ from answer to answer. */
const steady = (text: string): string => text.replaceAll(/"(id|created)":("[^"]*"|\d+)/g, '"$1":0')

describe('a unary request', () => {
  const body = String.raw`{ "mcpd": {},  "unknown_member" : 1.50e0, "messages":[{"role":"user","content":"\u00fcber"}], "model":"vllm/stand-in" , "seed": 12345678901 }`

  it('arrives as it was sent, but for model and mcpd', async () => {
    const answer = await post('/v1/chat/completions', body)
    expect(answer.status).toBe(200)
    expect(received()).toBe(
      body.replace('"mcpd": {},  ', '').replace('"model":"vllm/stand-in"', '"model":"stand-in"'),
    )
    expect(steady(await answer.text())).toBe(steady(await direct('/chat/completions')))
  })

  it('carries no header of the client to the backend', async () => {
    await mcpd.fetch('/v1/models', { headers: { cookie: 'a=b' } })
    const answer = await mcpd.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer mine',
        cookie: 'a=b',
        'x-mine': '1',
      },
      body,
    })
    await answer.text()
    const { headers } = backend.requests.at(-1)!
    expect(headers).not.toHaveProperty('authorization')
    expect(headers).not.toHaveProperty('cookie')
    expect(headers).not.toHaveProperty('x-mine')
    expect(headers.host).toBe(new URL(backend.url).host)
  })
})

describe('a stream', () => {
  const stream = (options: string): string =>
    `{"model":"vllm/stand-in","messages":[{"role":"user","content":"one two three"}],"stream":true${options}}`

  it('asks for usage on its own account and takes the usage chunk out again', async () => {
    const answer = await post('/v1/chat/completions', stream(''))
    const text = await answer.text()
    expect(JSON.parse(received())).toMatchObject({ stream_options: { include_usage: true } })
    expect(text).not.toContain('"choices":[]')
    const upstream = await direct('/chat/completions')
    const frames = upstream.split('\n\n').filter((frame) => !frame.includes('"choices":[]'))
    expect(steady(text)).toBe(steady(frames.join('\n\n')))
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('is untouched for a client that asks for usage itself', async () => {
    const answer = await post('/v1/chat/completions', stream(',"stream_options":{"include_usage":true}'))
    const text = await answer.text()
    expect(received()).toBe(
      stream(',"stream_options":{"include_usage":true}').replace('vllm/stand-in', 'stand-in'),
    )
    expect(steady(text)).toBe(steady(await direct('/chat/completions')))
  })

  it('counts its tokens all the same', async () => {
    await (await post('/v1/chat/completions', stream(''))).text()
    const page = await (await mcpd.fetch('/metrics')).text()
    const [, count] = /mcpd_tokens_total\{[^}]*operation="chat",direction="output"\} (\d+)/.exec(page) ?? []
    expect(Number(count)).toBeGreaterThan(0)
  })
})

describe('an error of the backend', () => {
  it('keeps its status and its bytes', async () => {
    // The daemon thinks that the model is there; the backend knows better.
    const alone = await startTestDaemon(
      `backends: [{ name: vllm, adapter: openai, url: "${backend.url}", models: [gone] }]`,
    )
    try {
      const answer = await post(
        '/v1/chat/completions',
        '{"model":"gone","messages":[{"role":"user","content":""}]}',
        alone,
      )
      expect(answer.status).toBe(404)
      expect(await answer.text()).toBe(await direct('/chat/completions'))
    } finally {
      await alone.close()
    }
  })
})

describe('the other surfaces over the same backend', () => {
  it('embeds, completes and tokenizes', async () => {
    const embeddings = await post(
      '/v1/embeddings',
      '{"model":"stand-in","input":["a","b"],"encoding_format":"base64"}',
    )
    expect(steady(await embeddings.text())).toBe(steady(await direct('/embeddings')))
    const completion = await post(
      '/v1/completions',
      '{"model":"stand-in/tiny:1b","prompt":"x","max_tokens":3}',
    )
    expect(await completion.json()).toMatchObject({ object: 'text_completion' })
    const tokens = await post('/mcp/v1/vllm/stand-in/tokenize', '{"text":"a b c"}')
    expect(await tokens.json()).toMatchObject({
      backend: 'vllm',
      output: { count: expect.any(Number) as number },
    })
  })

  it('takes model names with slashes raw or encoded, and backends in place of adapters', async () => {
    const body = '{"messages":[{"role":"user","content":"hello"}]}'
    for (const path of ['openai/stand-in/tiny:1b', 'vllm/stand-in%2Ftiny:1b', 'vllm/stand-in%2Ftiny%3A1b']) {
      const answer = await post(`/mcp/v1/${path}/chat`, body)
      expect(await answer.json()).toMatchObject({
        adapter: 'openai',
        backend: 'vllm',
        model: 'stand-in/tiny:1b',
        output: { role: 'assistant' },
      })
    }
  })

  it('folds a native stream to the native answer', async () => {
    const body = { messages: [{ role: 'user', content: 'one two three' }] }
    const whole = (await (await post('/mcp/v1/vllm/stand-in/chat', JSON.stringify(body))).json()) as {
      output: { content: string; reasoning: string }
      usage: object
      finishReason: string
    }
    const events = (
      await (await post('/mcp/v1/vllm/stand-in/chat', JSON.stringify({ ...body, stream: true }))).text()
    )
      .split('\n\n')
      .filter(Boolean)
      .map((block) => /^event: (.*)\ndata: (.*)$/.exec(block)!)
      .map(([, type, data]) => ({ type, ...(JSON.parse(data!) as { text?: string; reason?: string }) }))
    const textOf = (type: string) =>
      events
        .filter((event) => event.type === type)
        .map(({ text }) => text)
        .join('')
    expect(events[0]).toMatchObject({ type: 'start', backend: 'vllm', model: 'stand-in' })
    expect(textOf('text-delta')).toBe(whole.output.content)
    expect(textOf('reasoning-delta')).toBe(whole.output.reasoning)
    expect(events.find(({ type }) => type === 'finish')).toMatchObject({ reason: whole.finishReason })
    expect(events.find(({ type }) => type === 'usage')).toMatchObject(whole.usage)
    expect(events.at(-1)?.type).toBe('end')
  })
})
