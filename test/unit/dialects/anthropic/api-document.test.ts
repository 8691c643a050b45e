import SwaggerParser from '@apidevtools/swagger-parser'
import { describe, expect, it } from 'vitest'
import anthropic from '../../../../src/daemon/adapters/anthropic/index.ts'
import { createTransport } from '../../../../src/daemon/transport.ts'
import { anthropicApi } from '../../../../src/dialects/anthropic/api-document.ts'

describe('the document of what the adapter anthropic relies on', () => {
  it('is valid', async () => {
    await expect(SwaggerParser.validate(structuredClone(anthropicApi) as never)).resolves.toBeDefined()
  })

  it('has the operations that the adapter says it uses', async () => {
    const adapter = anthropic.create(
      { url: 'http://127.0.0.1:1' },
      {
        name: 'test',
        connect: (url) => createTransport(url, { connectionsMax: 1, connectTimeoutMs: 1000 }),
        log: () => undefined,
      },
    )
    const operations = Object.entries(anthropicApi.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(operations.toSorted()).toEqual(adapter.uses.toSorted())
    await adapter.close()
  })
})
