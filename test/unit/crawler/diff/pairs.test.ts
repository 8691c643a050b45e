import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { diffDocuments } from '../../../../src/crawler/diff/diff.ts'
import { defaultPolicy, type Switches } from '../../../../src/crawler/diff/policy.ts'

/** A pair in short: what both sides have is written once, here. */
interface Pair {
  readonly name: string
  readonly verdict: string
  readonly openapi?: readonly [string, string]
  readonly components?: readonly [object, object]
  readonly request?: readonly [object, object]
  readonly response?: readonly [object, object]
  readonly parameters?: readonly [object, object]
  readonly responses?: readonly [object, object]
  readonly paths?: readonly [object, object]
  readonly document?: readonly [object, object]
  readonly switches?: Partial<Switches>
  /** How many changes there are. */
  readonly findings?: number
  /** Ids of health findings of the revision. */
  readonly health?: readonly string[]
}

const folder = fileURLToPath(new URL('../../../../fixtures/specs/pairs/', import.meta.url))
const now = Date.parse('2026-11-22')

const content = (schema: object) => ({ 'application/json': { schema } })

const documentOf = (pair: Pair, side: 0 | 1): object => {
  if (pair.document) return pair.document[side]
  const operation = {
    ...(pair.parameters && { parameters: pair.parameters[side] }),
    ...(pair.request && { requestBody: { required: true, content: content(pair.request[side]) } }),
    responses: pair.responses?.[side] ?? {
      200: { description: 'ok', ...(pair.response && { content: content(pair.response[side]) }) },
    },
  }
  return {
    openapi: pair.openapi?.[side] ?? '3.1.0',
    info: { title: 'A pair', version: '1' },
    paths: pair.paths?.[side] ?? { '/things': { post: operation } },
    ...(pair.components && { components: { schemas: pair.components[side] } }),
  }
}

const report = (pair: Pair) =>
  diffDocuments(
    { label: 'base', raw: Buffer.from(JSON.stringify(documentOf(pair, 0))) },
    { label: 'revision', raw: Buffer.from(JSON.stringify(documentOf(pair, 1))) },
    { policy: { ...defaultPolicy, switches: { ...defaultPolicy.switches, ...pair.switches } }, now },
  )

describe.each(readdirSync(folder).toSorted())('%s', (file) => {
  const pairs = parse(readFileSync(folder + file, 'utf8')) as readonly Pair[]

  it.each(pairs)('$name: $verdict', async (pair) => {
    const found = await report(pair)
    expect({ verdict: found.verdict, messages: found.changes.map(({ message }) => message) }).toMatchObject({
      verdict: pair.verdict,
    })
    if (pair.verdict === 'none') expect(found.changes).toEqual([])
    if (pair.findings !== undefined) expect(found.changes).toHaveLength(pair.findings)
    const health = found.health.filter(({ document }) => document === 'revision').map(({ id }) => id)
    for (const id of pair.health ?? []) expect(health).toContain(id)
  })
})
