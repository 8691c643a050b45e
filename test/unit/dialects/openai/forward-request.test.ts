import { describe, expect, it } from 'vitest'
import { forwardRequest } from '../../../../src/dialects/openai/forward-request.ts'

const forward = (text: string, options: { stream?: boolean; streamUsage?: boolean; model?: string } = {}) => {
  const frame = {
    dialect: 'openai',
    bytes: Buffer.from(text),
    body: JSON.parse(text) as Record<string, unknown>,
  }
  const { bytes, usageInjected } = forwardRequest(frame, {
    model: 'gpu',
    stream: false,
    streamUsage: true,
    ...options,
  })
  return [bytes.toString(), usageInjected]
}

describe('forwardRequest', () => {
  it('changes the model, takes mcpd’s own member out, and nothing else', () => {
    expect(
      forward('{ "model" : "a/b",\n "mcpd":{"context":"x"}, "temperature":0.70, "x":"\\u0041" }'),
    ).toEqual(['{ "model" : "gpu",\n "temperature":0.70, "x":"\\u0041" }', false])
  })

  it('leaves the bytes alone when there is nothing to change', () => {
    const text = '{"model":"gpu","messages":[]}'
    expect(forward(text)).toEqual([text, false])
  })

  it('asks a stream for its usage when the client did not', () => {
    expect(forward('{"model":"gpu","stream":true}', { stream: true })).toEqual([
      '{"stream_options":{"include_usage":true},"model":"gpu","stream":true}',
      true,
    ])
    expect(
      forward('{"model":"gpu","stream":true,"stream_options":{"include_usage":false,"x":1}}', {
        stream: true,
      }),
    ).toEqual(['{"model":"gpu","stream":true,"stream_options":{"include_usage":true,"x":1}}', true])
  })

  it('does not when the client did, or the backend must not be asked', () => {
    const asked = '{"model":"gpu","stream":true,"stream_options":{"include_usage":true}}'
    expect(forward(asked, { stream: true })).toEqual([asked, false])
    const plain = '{"model":"gpu","stream":true}'
    expect(forward(plain, { stream: true, streamUsage: false })).toEqual([plain, false])
    expect(forward('{"model":"gpu","stream":null}')).toEqual(['{"model":"gpu","stream":null}', false])
  })

  it('adds a model where the path named it, and makes stream what the request is', () => {
    expect(forward('{"messages":[],"stream":true}')).toEqual([
      '{"model":"gpu","messages":[],"stream":false}',
      false,
    ])
  })

  it.each([
    '{"model":"a","model":"b"}',
    '{"model":"gpu","stream":false,"stream":true}',
    '{"model":"gpu","mcpd":1,"mcpd":2}',
  ])('refuses %s', (text) =>
    expect(() => forward(text, { stream: text.includes('true') })).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }),
    ),
  )
})
