import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { type DescribedAdapter, editorSchema } from '../../../src/cli/config-schema.ts'
import { describeAdapters } from '../../../src/daemon/check.ts'

// As it arrives from the daemon's program.
const adapters = JSON.parse(JSON.stringify(describeAdapters())) as readonly DescribedAdapter[]
const schema = editorSchema(adapters)
const validate = new Ajv({ strict: false }).compile(schema)

describe('editorSchema', () => {
  it('is JSON Schema of draft 7', () => {
    expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#')
    expect(new Ajv({ strict: false }).validateSchema(schema)).toBe(true)
  })

  it.each([
    [{}],
    [{ listen: { port: 1, apiKey: '${env:K}' }, timeouts: { queue: '${env:WAIT}' } }],
    [{ backends: [{ name: 'a', adapter: 'openai', url: '${env:URL}', streamUsage: false, concurrency: 2 }] }],
    [{ backends: [{ name: 'a', adapter: 'embedded', model: 'm.gguf', breaker: { failures: 1 } }] }],
  ])('takes %j', (config) => {
    expect(validate(config), JSON.stringify(validate.errors)).toBe(true)
  })

  it.each([
    ['an unknown setting', { listne: {} }],
    ['a key that is written out', { listen: { apiKey: 'sk-1' } }],
    ['a wrong unit', { timeouts: { queue: '5 s' } }],
    ['an unknown adapter', { backends: [{ name: 'a', adapter: 'nothing' }] }],
    [
      'an option of another adapter',
      { backends: [{ name: 'a', adapter: 'embedded', model: 'm', url: 'http://x' }] },
    ],
    ['a backend without what its adapter needs', { backends: [{ name: 'a', adapter: 'openai' }] }],
  ])('refuses %s', (_, config) => {
    expect(validate(config)).toBe(false)
  })
})
