import { describe, expect, it } from 'vitest'
import { newChat, newRerank } from '../../../../src/conformance/request.ts'
import { bodyOf, wholeOf } from '../../../../src/dialects/openai/exchange.ts'
import { newRequest } from '../../../harness/request.ts'

const frameOf = (dialect: string, text: string) => ({
  dialect,
  bytes: Buffer.from(text),
  body: JSON.parse(text) as Record<string, unknown>,
})

describe('the body of a request', () => {
  it('is the client’s own where it speaks the dialect', () => {
    const text = '{"model":"x", "messages":[],"stream":true}'
    const { body, usageInjected } = bodyOf(newRequest({ model: 'm', frame: frameOf('openai', text) }), {})
    expect(body.toString()).toBe(
      '{"stream_options":{"include_usage":true},"model":"m", "messages":[],"stream":true}',
    )
    expect(usageInjected).toBe(true)
  })

  it('is made of the input elsewhere, without words of another dialect', () => {
    const request = newRequest({
      stream: false,
      frame: frameOf('anthropic', '{}'),
      input: newChat('Hi', { sampling: {}, extra: { metadata: { user_id: 'me' }, container: 'c' } }),
    })
    expect(JSON.parse(bodyOf(request, {}).body.toString())).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
    })
    expect(request.trace.warnings.join(' ')).toMatch(/'metadata.user_id'.*'container'/)
  })

  it('keeps what a client of no dialect of ours added', () => {
    const input = newRerank('q', ['a'], { extra: { truncate_prompt_tokens: 3 } })
    const { body } = bodyOf(newRequest({ stream: false, input }), {})
    expect(JSON.parse(body.toString())).toMatchObject({ query: 'q', truncate_prompt_tokens: 3 })
  })
})

describe('a whole answer', () => {
  it('has its bytes, its usage and what they say', () => {
    const body = { model: 'm', results: [{ index: 0, relevance_score: 1 }], usage: { total_tokens: 5 } }
    const bytes = Buffer.from(JSON.stringify(body))
    const whole = wholeOf('rerank', body, bytes)
    expect(whole).toMatchObject({ frame: { bytes }, usage: { inputTokens: 5 } })
    expect(whole.response().ranking).toEqual([{ index: 0, score: 1 }])
  })

  it.each([
    ['rerank', { results: [] }],
    ['chat', { choices: [] }],
    ['embed', {}],
    ['chat', { error: { message: 'Boom' } }],
  ] as const)('of %s is none as %j', (operation, body) => {
    expect(() => wholeOf(operation, body, Buffer.alloc(0))).toThrow(/malformed|Boom/)
  })
})
