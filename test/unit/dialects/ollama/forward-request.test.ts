import { describe, expect, it } from 'vitest'
import { forwardRequest, type ForwardOptions } from '../../../../src/dialects/ollama/forward-request.ts'

const forward = (text: string, options: Partial<ForwardOptions> = {}): string => {
  const body = JSON.parse(text) as Record<string, unknown>
  const frame = { dialect: 'ollama/chat', bytes: Buffer.from(text), body }
  return forwardRequest(frame, { model: 'm', stream: true, ...options }).toString()
}

describe('forwardRequest', () => {
  it('changes nothing where nothing has to change', () => {
    const text = '{ "model":"m",\n "options":{"num_ctx":1e3}, "novelty":[1.0, "\\u00e9"] }'
    expect(forward(text)).toBe(text)
  })

  it('puts the backend’s name for the model, and takes mcpd’s own member out', () => {
    expect(forward('{"model":"gpu/m","mcpd":{"a":1},"x":1}')).toBe('{"model":"m","x":1}')
  })

  it('leaves a name without its default tag as the client wrote it', () => {
    expect(forward('{"model":"m"}', { model: 'm:latest' })).toBe('{"model":"m"}')
  })

  it('says how it is to answer where the client did not say it, or said otherwise', () => {
    expect(forward('{"model":"m"}', { stream: false })).toBe('{"stream":false,"model":"m"}')
    expect(forward('{"model":"m","stream":false}', { stream: true })).toBe('{"model":"m","stream":true}')
    expect(forward('{"model":"m","stream":false}', { stream: false })).toBe('{"model":"m","stream":false}')
  })

  it.each([
    ['{"model":"m"}', '{"options":{"num_ctx":512},"model":"m"}'],
    ['{"model":"m","options":null}', '{"model":"m","options":{"num_ctx":512}}'],
    ['{"model":"m","options":{"seed":1}}', '{"model":"m","options":{"num_ctx":512,"seed":1}}'],
    ['{"model":"m","options":{"num_ctx":99}}', '{"model":"m","options":{"num_ctx":512}}'],
  ])('pins the context: %s', (text, pinned) => {
    expect(forward(text, { numCtx: 512 })).toBe(pinned)
  })

  it('says how long the model stays only where the client did not', () => {
    expect(forward('{"model":"m"}', { keepAlive: '1h' })).toBe('{"keep_alive":"1h","model":"m"}')
    expect(forward('{"model":"m","keep_alive":0}', { keepAlive: '1h' })).toBe('{"model":"m","keep_alive":0}')
  })

  it.each([
    '{"model":"m","model":"other"}',
    '{"model":"m","MODEL":"other"}',
    '{"model":"m","Stream":false}',
    // Ollama's parser takes these two for s and k.
    '{"model":"m","\u017ftream":false}',
    '{"model":"m","\u212aeep_alive":0}',
    '{"model":"m","options":{"num_ctx":1},"Options":{}}',
  ])('refuses a twin of a member that it looks at: %s', (text) => {
    expect(() => forward(text)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })
})
