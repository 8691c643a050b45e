import { describe, expect, it } from 'vitest'
import { diffDocuments } from '../../../../src/crawler/diff/diff.ts'
import { defaultPolicy } from '../../../../src/crawler/diff/policy.ts'

type Schemas = Readonly<Record<string, unknown>>

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })

/** A document whose one request body is the schema `Root`. */
const documentOf = (schemas: Schemas): object => ({
  openapi: '3.1.0',
  info: { title: 't', version: '1' },
  paths: {
    '/a': {
      post: {
        requestBody: { content: { 'application/json': { schema: reference('Root') } } },
        responses: {},
      },
    },
  },
  components: { schemas },
})

const diff = (base: object, revision: object) =>
  diffDocuments(
    { label: 'base', raw: Buffer.from(JSON.stringify(base)) },
    { label: 'revision', raw: Buffer.from(JSON.stringify(revision)) },
    { policy: defaultPolicy, now: 0 },
  )

const counted = (count: number, make: (at: number) => unknown): Schemas =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [at === 0 ? 'Root' : `S${at}`, make(at)]))

const next = (at: number, last: number) => reference(`S${Math.min(at + 1, last)}`)

/** Nested so deep, and each level meant twice: the last of them stands 2 to the power of its depth times. */
const doubled = (depth: number, leaf: object): Schemas => ({
  ...counted(depth, (at) => ({ type: 'object', properties: { a: next(at, depth), b: next(at, depth) } })),
  [`S${depth}`]: leaf,
})
const chained = (depth: number, leaf: object): Schemas => ({
  ...counted(depth, (at) => next(at, depth)),
  [`S${depth}`]: leaf,
})
const nested = (depth: number, leaf: object): object => {
  let schema = leaf
  for (let at = 0; at < depth; at++) schema = { type: 'array', items: schema }
  return schema
}
/** Unions in unions: multiplied out they are 3 to the power of their number: 729 branches of each side. */
const unions = (count: number, leaf: object): Schemas => ({
  Root: {
    allOf: Array.from({ length: count }, (_, at) => ({
      oneOf: ['x', 'y', 'z'].map((name) => ({
        properties: { [`${name}${at}`]: leaf },
        required: [`${name}${at}`],
      })),
    })),
  },
})
const text = { type: 'string' }
const short = { type: 'string', maxLength: 3 }

describe('hostile documents end, and what is harmless in them is still found', () => {
  it.each<readonly [string, Schemas, Schemas, string]>([
    ['a hundred references in a row', chained(100, text), chained(100, short), 'breaking'],
    ['sixty levels that each double', doubled(60, text), doubled(60, short), 'breaking'],
    ['two hundred nested lists', { Root: nested(200, text) }, { Root: nested(200, short) }, 'breaking'],
    ['a reference to itself', { Root: reference('Root') }, { Root: text }, 'breaking'],
    [
      'an allOf of itself',
      { Root: { allOf: [reference('Root'), text] } },
      { Root: { allOf: [reference('Root'), short] } },
      'breaking',
    ],
    [
      'an anyOf of itself',
      { Root: { anyOf: [reference('Root'), text] } },
      { Root: { anyOf: [reference('Root'), short] } },
      'breaking',
    ],
    [
      'a not of itself',
      { Root: { not: reference('Root') } },
      { Root: { not: reference('Root'), maxLength: 3 } },
      '',
    ],
    ['unions that multiply', unions(6, text), unions(6, short), ''],
    [
      'an expression that backtracks',
      { Root: { type: 'string', pattern: '^(a+)+$' } },
      { Root: { type: 'string', pattern: '^(a+)+$', maxLength: 50 } },
      'breaking',
    ],
    [
      'expressions that multiply',
      { Root: { type: 'string', pattern: `^(${'(a|b)*a'.repeat(8)}${'(a|b)'.repeat(40)})+$` } },
      { Root: { type: 'string', pattern: `^(a|b)*b${'(a|b)'.repeat(60)}$` } },
      '',
    ],
    [
      'five thousand values',
      { Root: { enum: Array.from({ length: 5000 }, (_, at) => `v${at}`) } },
      { Root: { enum: Array.from({ length: 4999 }, (_, at) => `v${at}`) } },
      'breaking',
    ],
  ])('%s', { timeout: 120_000 }, async (_, base, revision, verdict) => {
    const found = await diff(documentOf(base), documentOf(revision))
    expect(found.verdict).toMatch(verdict === '' ? /./ : verdict)
    expect(found.changes.length).toBeLessThan(50)
    expect((await diff(documentOf(revision), documentOf(revision))).changes).toEqual([])
  })

  it('a hundred thousand paths', { timeout: 120_000 }, async () => {
    const paths = (count: number) => ({
      openapi: '3.1.0',
      info: { title: 't', version: '1' },
      paths: Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`/p${at}`, { get: { responses: {} } }]),
      ),
    })
    const found = await diff(paths(100_000), paths(99_999))
    expect(found.changes).toMatchObject([{ id: 'operation-removed', operations: ['GET /p99999'] }])
  })
})
