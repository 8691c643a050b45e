import { describe, expect, it } from 'vitest'
import { ask } from '../../../../src/crawler/outside/ask.ts'
import { validationFindings } from '../../../../src/crawler/outside/validation.ts'
import type { Json } from '../../../../src/openapi/json.ts'
import { loadDocument } from '../../../../src/openapi/load.ts'
import { openSpec } from '../../../../src/openapi/spec.ts'
import { serve } from '../../../harness/http-server.ts'

const signal = AbortSignal.timeout(120_000)

const findingsIn = (document: Json) => {
  const spec = openSpec(loadDocument(Buffer.from(JSON.stringify(document)), 'x.json'))
  return validationFindings(document, spec.health(), signal)
}

const documentOf = (more: Readonly<Record<string, Json>> = {}, openapi = '3.0.3') => ({
  openapi,
  info: { title: 't', version: '1' },
  paths: { '/a': { get: { responses: { 200: { description: 'd' } } } } },
  ...more,
})

describe('validation by swagger-parser', () => {
  it.each(['3.0.3', '3.1.0'])('finds nothing in a document of %s that is one', async (version) => {
    expect(await findingsIn(documentOf({}, version))).toEqual([])
  })

  it('names the place, through references too', async () => {
    const document = documentOf({
      paths: {
        '/a': {
          parameters: [{ $ref: '#/components/parameters/P' }],
          get: { responses: { 200: {} } },
        },
      },
      components: { parameters: { P: { name: 'p', in: 'quer', schema: { type: 'string' } } } },
    })
    const findings = await findingsIn(document)
    expect(findings.map(({ id, level }) => `${id} ${level}`)).toEqual([
      'validation warning',
      'validation warning',
    ])
    expect(findings.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/components/parameters/P/in',
      '/paths/~1a/get/responses/200',
    ])
  })

  it.each([
    ['3.2', documentOf({}, '3.2.0'), /does not read version 3\.2\.0/],
    [
      'a reference that leads nowhere',
      documentOf({ components: { schemas: { A: { $ref: '#/components/schemas/Gone' } } } }),
      /references that lead nowhere/,
    ],
  ] as const)('says that it did not happen: %s', async (_, document, message) => {
    const [only, ...others] = await findingsIn(document)
    expect(only).toMatchObject({ id: 'validation', level: 'info' })
    expect(only?.message).toMatch(message)
    expect(others).toEqual([])
  })
})

describe('the process for foreign code', () => {
  it('is stopped when it takes too long', async () => {
    const schemas: Record<string, Json> = { S60: { type: 'string' } }
    for (let at = 0; at < 60; at++) {
      const next = { $ref: `#/components/schemas/S${at + 1}` }
      schemas[`S${at}`] = { type: 'object', properties: { a: next, b: next } }
    }
    const question = { task: 'validate', document: documentOf({ components: { schemas } }) } as const
    expect(await ask(question, { timeoutMs: 1500, memoryMaxMb: 512 }, signal)).toEqual({
      kind: 'unable',
      why: 'it took more than 1.5 s',
    })
  })

  it('connects to nobody, even if what it runs would', async () => {
    const { url, requests } = await serve((_, response) => void response.end('{}'))
    const question = {
      task: 'diff',
      base: documentOf({ 'x-other': { $ref: `${url}/other.json` } }),
      revision: documentOf(),
    } as const
    expect(await ask(question, { timeoutMs: 60_000, memoryMaxMb: 512 }, signal)).toMatchObject({
      kind: 'unable',
    })
    expect(requests).toEqual([])
  })
})
