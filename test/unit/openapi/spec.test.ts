import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/openapi/json.ts'
import { loadDocument } from '../../../src/openapi/load.ts'
import { openSpec } from '../../../src/openapi/spec.ts'

const open = (document: Json, indent?: number) =>
  openSpec(loadDocument(Buffer.from(JSON.stringify(document, undefined, indent)), 'spec'))

const info = { title: 't', version: '1' }

describe('a spec', () => {
  it('of 3.0 becomes 3.1, with every rewrite named', () => {
    const { document, rewrites } = open({
      openapi: '3.0.3',
      info,
      paths: {},
      components: {
        schemas: {
          A: { type: 'string', nullable: true, example: 'x' },
          B: { type: 'number', minimum: 1, exclusiveMinimum: true },
          C: { $ref: '#/components/schemas/A', maxLength: 3 },
          D: { type: 'string', format: 'byte' },
        },
      },
    })
    expect(document['components']).toEqual({
      schemas: {
        A: { type: ['string', 'null'], examples: ['x'] },
        B: { type: 'number', exclusiveMinimum: 1 },
        C: { $ref: '#/components/schemas/A' },
        D: { type: 'string', contentEncoding: 'base64' },
      },
    })
    expect(rewrites.map(({ rule, kind }) => `${rule} ${kind}`).toSorted()).toEqual([
      'drop-reference-sibling exact',
      'example-to-examples exact',
      'exclusive-flag-to-bound exact',
      'format-to-content exact',
      'nullable-to-type exact',
    ])
    expect(rewrites.find(({ rule }) => rule === 'nullable-to-type')).toMatchObject({
      pointer: '/components/schemas/A/nullable',
      from: 'string',
      to: ['string', 'null'],
    })
  })

  it('leaves data alone: examples, defaults, enums, and properties named like keywords', () => {
    const schema = {
      type: 'object',
      properties: { nullable: { type: 'boolean' }, example: { type: 'string' }, $ref: { type: 'string' } },
      default: { nullable: true, $ref: '#/nowhere' },
      enum: [{ nullable: true }],
    }
    const example = { nullable: true, type: 'string', $ref: '#/nowhere' }
    const paths = {
      '/a': {
        get: {
          responses: { 200: { description: 'd', content: { 'application/json': { schema, example } } } },
        },
      },
    }
    const spec = open({ openapi: '3.0.0', info, paths })
    expect(spec.document['paths']).toEqual(paths)
    expect(spec.health()).toEqual([])
  })

  it('of 2.0 moves body parameters and the references to them, and knows where they came from', () => {
    const spec = open(
      {
        swagger: '2.0',
        info,
        host: 'api.example.org',
        basePath: '/v1',
        schemes: ['https'],
        consumes: ['application/json'],
        parameters: { Thing: { name: 'thing', in: 'body', schema: { $ref: '#/definitions/Thing' } } },
        paths: {
          '/a': {
            post: {
              parameters: [
                { $ref: '#/parameters/Thing' },
                { name: 'q', in: 'query', type: 'array', items: { type: 'string' }, collectionFormat: 'tsv' },
              ],
              responses: { 200: { description: 'd', schema: { type: 'file' } } },
            },
          },
        },
        definitions: { Thing: { type: 'object', discriminator: 'kind' } },
      },
      1,
    )
    expect(spec.document).toMatchObject({
      openapi: '3.1.1',
      servers: [{ url: 'https://api.example.org/v1' }],
      paths: {
        '/a': {
          post: {
            parameters: [{ name: 'q', schema: { type: 'array' } }],
            requestBody: { $ref: '#/components/requestBodies/Thing' },
            responses: {
              200: { content: { '*/*': { schema: { contentMediaType: 'application/octet-stream' } } } },
            },
          },
        },
      },
      components: {
        requestBodies: {
          Thing: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
        },
        schemas: { Thing: { discriminator: { propertyName: 'kind' } } },
      },
    })
    expect(spec.health().map(({ id }) => id)).toEqual(['lossy-rewrite'])
    expect(spec.locate(['/components/schemas/Thing']).get('/components/schemas/Thing')?.pointer).toBe(
      '/definitions/Thing',
    )
  })

  it('reads what a reference names by the kind that the reference gives it', () => {
    const { document } = open({
      openapi: '3.0.0',
      info,
      paths: {
        '/a': {
          get: {
            responses: {
              200: { description: 'd', content: { 'application/json': { schema: { $ref: '#/x-files/A' } } } },
            },
          },
        },
      },
      'x-files': { A: { type: 'string', nullable: true } },
    })
    expect(document['x-files']).toEqual({ A: { type: ['string', 'null'] } })
  })

  it('says what is wrong and goes on', () => {
    const spec = open({
      openapi: '3.1.0',
      info,
      paths: {
        '/a': {
          get: {
            operationId: 'x',
            responses: {
              200: {
                description: 'd',
                content: { 'text/plain ': { schema: { $ref: '#/components/schemas/Gone' } } },
              },
            },
          },
        },
        '/b': { get: { operationId: 'x', responses: { 200: { $ref: 'https://example.org/other.yaml' } } } },
      },
      components: { schemas: { A: { type: 'strng', nullable: true } } },
    })
    expect(
      spec
        .health()
        .map(({ id, pointer }) => `${id} ${pointer.split('/').at(-1)}`)
        .toSorted(),
    ).toEqual([
      'dangling-reference $ref',
      'dialect-error nullable',
      'dialect-error type',
      'duplicate-operation-id operationId',
      'external-reference $ref',
      'odd-name text~1plain ',
    ])
  })

  it('follows references to references, and not in circles', () => {
    const spec = open({
      openapi: '3.1.0',
      components: {
        schemas: {
          A: { $ref: '#/components/schemas/B' },
          B: { type: 'string' },
          C: { $ref: '#/components/schemas/C' },
        },
      },
    })
    expect(spec.follow({ $ref: '#/components/schemas/A' }, '')).toEqual({
      value: { type: 'string' },
      pointer: '/components/schemas/B',
    })
    expect(spec.follow({ $ref: '#/components/schemas/C' }, '')).toBeUndefined()
  })

  it('without a known version is read as 3.1, which is a finding', () => {
    expect(open({ openapi: '4.0.0' }).health()).toMatchObject([{ id: 'unsupported-version', level: 'error' }])
  })
})
