import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { buildApiDocument } from '../../../src/dialects/api-document.ts'

const operationsOf = (document: { readonly paths: Readonly<Record<string, object>> }): string[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )

describe('the document of what an adapter relies on', () => {
  it('has the schemas with a name as components, and what they refer to', () => {
    const Item = Type.Object({ a: Type.String() }, { $id: 'Item' })
    const document = buildApiDocument({
      title: 't',
      version: '1',
      error: Type.Object({ why: Type.Ref('Item#') }, { $id: 'Why' }),
      operations: [{ operation: 'GET /x', operationId: 'x', summary: 'x', response: Item }],
    })
    expect(Object.keys(document.components.schemas)).toEqual(['Item', 'Why'])
    expect(JSON.stringify(document.components.schemas['Why'])).toContain('#/components/schemas/Item')
    expect(operationsOf(document)).toEqual(['GET /x'])
  })
})
