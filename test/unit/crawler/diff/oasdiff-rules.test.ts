import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { diffDocuments } from '../../../../src/crawler/diff/diff.ts'
import { defaultPolicy } from '../../../../src/crawler/diff/policy.ts'
import { corpus } from '../../../harness/corpus.ts'

interface Row {
  readonly change: string
  readonly reverse?: string
  readonly openapi?: string
  readonly base: object
  readonly revision: object
  readonly components?: object
}

interface Pair {
  /** Of the rule. */
  readonly id: string
  readonly documents: readonly [object, object]
}

const folder = corpus('oasdiff')
const file = fileURLToPath(new URL('../../../../fixtures/specs/oasdiff-rules.yaml', import.meta.url))
const rows = parse(readFileSync(file, 'utf8')) as {
  readonly schemas: readonly Row[]
  readonly parameters: readonly Row[]
}

const levels = new Map(
  folder === undefined
    ? []
    : (JSON.parse(readFileSync(join(folder, 'rules.json'), 'utf8')) as { id: string; level: string }[]).map(
        ({ id, level }) => [id, level] as const,
      ),
)

const documentOf = (operation: object, { openapi = '3.1.0', components = {} }: Row): object => ({
  openapi,
  info: { title: 'A rule', version: '1.0.0' },
  paths: { '/a': { post: { responses: { 200: { description: 'd' } }, ...operation } } },
  components: { schemas: components },
})

const content = (schema: object) => ({ content: { 'application/json': { schema } } })
const inProperty = (schema: object) => ({ type: 'object', properties: { p: schema } })

const places: Readonly<Record<string, (schema: object) => object>> = {
  'request-body': (schema) => ({ requestBody: { required: true, ...content(schema) } }),
  'request-property': (schema) => ({ requestBody: { required: true, ...content(inProperty(schema)) } }),
  'response-body': (schema) => ({ responses: { 200: { description: 'd', ...content(schema) } } }),
  'response-property': (schema) => ({
    responses: { 200: { description: 'd', ...content(inProperty(schema)) } },
  }),
}
const parameterPlaces: typeof places = {
  'request-parameter': (schema) => ({ parameters: [{ name: 'q', in: 'query', schema }] }),
  'request-parameter-property': (schema) => ({
    parameters: [{ name: 'q', in: 'query', schema: inProperty(schema) }],
  }),
}

const pairsOf = (row: Row, all: typeof places): readonly Pair[] =>
  Object.entries(all).flatMap(([prefix, operationOf]) => {
    const [a, b] = [row.base, row.revision].map((schema) => documentOf(operationOf(schema), row)) as [
      object,
      object,
    ]
    return [
      { id: `${prefix}-${row.change}`, documents: [a, b] as const },
      ...(row.reverse === undefined ? [] : [{ id: `${prefix}-${row.reverse}`, documents: [b, a] as const }]),
    ]
  })

/** Rules that say neither breaking nor not are no measure. */
const pairs = [
  ...rows.schemas.flatMap((row) => pairsOf(row, places)),
  ...rows.parameters.flatMap((row) => pairsOf(row, parameterPlaces)),
].filter(({ id }) => levels.get(id) === 'ERR' || levels.get(id) === 'INFO')

const verdictOf = async ({ documents }: Pair): Promise<string> => {
  const [base, revision] = documents.map((document, at) => ({
    label: String(at),
    raw: Buffer.from(JSON.stringify(document)),
  })) as [{ label: string; raw: Buffer }, { label: string; raw: Buffer }]
  const policy = { ...defaultPolicy, profile: 'oasdiff' } as const
  return (await diffDocuments(base, revision, { policy, now: Date.parse('2026-11-22'), witnesses: false }))
    .verdict
}

describe.skipIf(folder === undefined)("oasdiff's rules (corpus/oasdiff)", () => {
  it('judge own pairs as they say, under its profile', { timeout: 60_000 }, async () => {
    const wrong: string[] = []
    for (const pair of pairs)
      if ((levels.get(pair.id) === 'ERR') !== ((await verdictOf(pair)) === 'breaking')) wrong.push(pair.id)
    console.info(`oasdiff rules: ${pairs.length - wrong.length} of ${pairs.length} own pairs right`)
    expect(wrong).toEqual([])
  })
})
