import { describe, expect, it } from 'vitest'
import { diffDocuments } from '../../../../src/crawler/diff/diff.ts'
import { defaultPolicy } from '../../../../src/crawler/diff/policy.ts'
import { secondOpinion } from '../../../../src/crawler/outside/second-opinion.ts'

interface Parts {
  readonly openapi?: string
  readonly required?: readonly string[]
  readonly maxLength?: number
  readonly schemas?: object
}

const documentOf = ({ openapi = '3.0.3', required = [], maxLength, schemas = {} }: Parts) => ({
  openapi,
  info: { title: 't', version: '1' },
  paths: {
    '/a/{x}': {
      get: {
        parameters: [
          { name: 'x', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'q', in: 'query', schema: { type: 'string', ...(maxLength && { maxLength }) } },
        ],
        responses: {
          200: {
            description: 'd',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  properties: { a: { type: 'string' } },
                  ...(required.length > 0 && { required }),
                },
              },
            },
          },
        },
      },
    },
  },
  components: { schemas },
})

const opinionOn = async (before: Parts, after: Parts) => {
  const [base, revision] = [before, after].map((each, at) => ({
    label: `${at}.json`,
    raw: Buffer.from(JSON.stringify(documentOf(each))),
  })) as [{ label: string; raw: Buffer }, { label: string; raw: Buffer }]
  const report = await diffDocuments(base, revision, { policy: defaultPolicy, now: 0 })
  return secondOpinion(base, revision, report, AbortSignal.timeout(60_000))
}

describe('the second opinion', () => {
  it('agrees where both see the same', async () => {
    expect(await opinionOn({ required: ['a'] }, {})).toMatchObject({
      verdict: 'breaking',
      agrees: true,
      detail: 'response.body.scope.add',
      onlyMcpd: [],
      onlyTool: [],
    })
  })

  it('disagrees about what it does not look at', async () => {
    expect(await opinionOn({}, { maxLength: 3 })).toMatchObject({
      verdict: 'not breaking',
      agrees: false,
      onlyMcpd: ['GET /a/{x}'],
    })
  })

  it.each([
    ['another version', { openapi: '3.1.0' }, /reads Swagger 2\.0 and OpenAPI 3\.0, and this is 3\.1/],
    ['a document that is not valid', { schemas: { A: { type: 'strng' } } }, /./],
    ['a reference to a file', { schemas: { A: { $ref: '/etc/hostname' } } }, /leads out of the document/],
    [
      'a reference to another host, in an example',
      { schemas: { A: { example: { $ref: 'http://127.0.0.1:1/x' } } } },
      /leads out of the document/,
    ],
  ] as const)('is unable to read %s', async (_, parts, detail) => {
    const opinion = await opinionOn(parts, { ...parts, maxLength: 3 })
    expect(opinion).toMatchObject({ verdict: 'unable', agrees: null, onlyMcpd: [] })
    expect(opinion.detail).toMatch(detail)
  })
})
