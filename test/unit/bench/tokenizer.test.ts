import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countTokens } from '../../../src/bench/report/tokens.ts'
import type { Target } from '../../../src/bench/target.ts'
import { countTexts, hasTokenizer } from '../../../src/bench/tokenizer.ts'
import { newRecord } from './new-record.ts'

const bodyOf = async (request: IncomingMessage): Promise<Record<string, string>> => {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return JSON.parse(text) as Record<string, string>
}

/** One token a letter; as vLLM, as llama.cpp and as mcpd answer, and one that cannot. */
const server = createServer((request, response) => {
  void bodyOf(request).then(({ prompt = '', content = '', text = '' }) => {
    const answers: Record<string, object> = {
      '/vllm': { count: prompt.length, max_model_len: 4096 },
      '/llama.cpp': { tokens: content.split('') },
      '/mcpd': { output: { tokens: [], count: text.length } },
    }
    const answer = answers[request.url ?? '']
    response.statusCode = answer ? 200 : 404
    response.end(JSON.stringify(answer ?? {}))
  })
})
let origin = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const target = (path: string, form: 'server' | 'daemon' = 'server'): Target => ({
  label: path,
  url: `${origin}/v1`,
  wire: 'openai-chat',
  model: 'm',
  stream: true,
  streamUsage: true,
  extra: {},
  tokenizer: { url: origin + path, form },
})
const { signal } = new AbortController()

describe('the tokenizer of a target', () => {
  it.each([
    ['/vllm', 'server'],
    ['/llama.cpp', 'server'],
    ['/mcpd', 'daemon'],
  ] as const)('counts texts as %s does, and drops them', async (path, form) => {
    const records = ['four', ''].map((text) => newRecord({ stamps: [1, 2], text }))
    expect(await hasTokenizer(target(path, form), signal)).toBe(true)
    await countTexts(records, [target(path, form)], signal)
    expect(records.map(({ tokenizerTokens, text }) => [tokenizerTokens, text])).toEqual([
      [4, undefined],
      [0, undefined],
    ])
    expect(countTokens(records)).toMatchObject({ output: 4, source: 'tokenizer' })
  })

  it('leaves what it cannot count to the events', async () => {
    const records = [newRecord({ stamps: [1, 2], text: 'four' }), newRecord({ stamps: [1], text: 'six' })]
    expect(await hasTokenizer(target('/none'), signal)).toBe(false)
    await countTexts(records.slice(0, 1), [target('/none')], signal)
    await countTexts(records.slice(1), [target('/vllm')], signal)
    expect(countTokens(records)).toMatchObject({ output: 2 + 3, source: 'mixed' })
  })

  it('asks nothing when the run was interrupted, and keeps no text', async () => {
    const records = [newRecord({ stamps: [1], text: 'four' })]
    await countTexts(records, [target('/vllm')], AbortSignal.abort())
    expect(records[0]).not.toHaveProperty('text')
    expect(countTokens(records)).toMatchObject({ output: 1, source: 'events' })
  })
})
