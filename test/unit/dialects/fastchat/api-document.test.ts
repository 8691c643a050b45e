import SwaggerParser from '@apidevtools/swagger-parser'
import { describe, expect, it } from 'vitest'
import fastchat from '../../../../src/daemon/adapters/fastchat/index.ts'
import { createTransport } from '../../../../src/daemon/transport.ts'
import { fastchatApi } from '../../../../src/dialects/fastchat/api-document.ts'

describe('the document of what the adapter fastchat relies on', () => {
  it('is valid', async () => {
    await expect(SwaggerParser.validate(structuredClone(fastchatApi) as never)).resolves.toBeDefined()
  })

  it('has the operations that the adapter says it uses', async () => {
    const adapter = fastchat.create(
      { url: 'http://127.0.0.1:1' },
      {
        name: 'test',
        connect: (url) => createTransport(url, { connectionsMax: 1, connectTimeoutMs: 1000 }),
        log: () => undefined,
      },
    )
    const operations = Object.entries(fastchatApi.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(operations.toSorted()).toEqual(adapter.uses.toSorted())
    await adapter.close()
  })
})
