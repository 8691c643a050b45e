import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, it } from 'vitest'
import { newChat, newComplete, newEmbed, newInfer, newRequest } from '../../../../src/conformance/request.ts'
import { sidecarDocument } from '../../../../src/daemon/hosts/sidecar-schemas.ts'

const written: unknown = JSON.parse(
  readFileSync(new URL('../../../../docs/schemas/sidecar.json', import.meta.url), 'utf8'),
)

it('docs/schemas/sidecar.json is what the daemon checks by; `node tools/sidecar-schema.mjs` writes it', () => {
  expect(written).toEqual(JSON.parse(JSON.stringify(sidecarDocument)))
})

const ajv = new Ajv2020({ strict: false }).addSchema({ ...(written as object), $id: 'sidecar' })

it.each([
  newChat('Hi', { tools: [{ name: 'f', parameters: {} }], toolChoice: { name: 'f' }, extra: { a: 1 } }),
  newChat('Hi', {
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      {
        role: 'assistant',
        content: null,
        toolCalls: [{ id: '1', name: 'f', argumentsText: '{' }],
      },
    ],
    responseFormat: { type: 'json-schema', name: 'x', schema: {} },
  }),
  newComplete('Hi'),
  newEmbed(['a', 'b'], { dimensions: 3 }),
  { operation: 'tokenize' as const, text: 'Hi' },
  newInfer('Hi'),
])('describes the requests that are sent: %j', (input) => {
  const { signal: _, trace: __, ...sent } = newRequest({ model: 'm', input, stream: true })
  const check = ajv.compile({ $ref: 'sidecar#/$defs/InferRequest' })
  expect(check(JSON.parse(JSON.stringify(sent))), JSON.stringify(check.errors)).toBe(true)
})
