import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { diffDocuments } from '../../../../src/crawler/diff/diff.ts'
import { defaultPolicy, type Policy } from '../../../../src/crawler/diff/policy.ts'
import { exitCodeOf } from '../../../../src/crawler/diff/report/exit.ts'
import { type Format, formatReports } from '../../../../src/crawler/diff/report/format.ts'
import { reportSchema } from '../../../../src/crawler/diff/report/report.ts'
import { rules } from '../../../../src/crawler/diff/rules/catalogue.ts'

const now = Date.parse('2026-11-22')
const odd = 'a"<b>&\n@x|`y`'

const document = (schema: object) =>
  Buffer.from(
    JSON.stringify(
      {
        openapi: '3.1.0',
        info: { title: 't', version: '1' },
        paths: {
          '/a': {
            post: {
              tags: ['main'],
              requestBody: { content: { 'application/json': { schema } } },
              responses: {
                200: {
                  description: 'd',
                  content: { 'application/json': { schema: { $ref: '#/components/schemas/Gone' } } },
                },
              },
            },
          },
        },
      },
      undefined,
      1,
    ),
  )

const base = document({
  type: 'object',
  properties: { [odd]: { type: 'string' }, b: { type: 'string', default: 'x' } },
})
const revision = document({
  type: 'object',
  properties: { [odd]: { type: 'string', maxLength: 3 }, b: { type: 'string', default: 'y' }, c: {} },
})

/** Where the change stands in the revision. */
const line =
  revision
    .toString()
    .split('\n')
    .findIndex((each) => each.includes('"maxLength"')) + 1

const report = (policy: Partial<Policy> = {}) =>
  diffDocuments(
    { label: 'old.json', raw: base },
    { label: 'main:new.json', raw: revision },
    { policy: { ...defaultPolicy, ...policy }, now },
  )

const written = async (format: Format): Promise<string> =>
  formatReports([await report()], ['other'], format, { colour: false, all: true })

describe('a report', () => {
  it('says what changed, where, and with what proof', async () => {
    const { verdict, counts, changes, health } = await report()
    expect(verdict).toBe('breaking')
    expect(counts).toEqual({ breaking: 1, risky: 1, safe: 1, acknowledged: 0 })
    expect(changes[0]).toMatchObject({
      id: 'request-max-length-set',
      severity: 'breaking',
      operation: 'POST /a',
      tags: ['main'],
      before: null,
      after: 3,
      revisionLocation: { file: 'main:new.json', line },
      witness: { validIn: 'base' },
    })
    expect(String(changes[0]?.witness?.value).length).toBeGreaterThan(3)
    expect(health.map(({ document: side, id }) => `${side} ${id}`)).toEqual([
      'base dangling-reference',
      'revision dangling-reference',
    ])
  })

  it('is of the published shape', async () => {
    const schema = JSON.parse(readFileSync('docs/schemas/diff.json', 'utf8')) as object
    expect(schema).toEqual(JSON.parse(JSON.stringify(reportSchema)))
    const ajv = new Ajv2020({ strict: false })
    expect(ajv.validate(schema, JSON.parse(JSON.stringify(await report())))).toBe(true)
    expect(ajv.validate(schema, { verdict: 'fine' })).toBe(false)
  })

  it('fails on what it was asked to fail on', async () => {
    const found = await report()
    const risky = await report({
      overrides: [{ rule: 'request-max-length-*', severity: 'risky', reason: 'nobody is that long' }],
    })
    expect(['breaking', 'risky', 'none'].map((on) => exitCodeOf([found], on as 'risky'))).toEqual([1, 1, 0])
    expect(['breaking', 'risky', 'none'].map((on) => exitCodeOf([risky], on as 'risky'))).toEqual([0, 1, 0])
    expect(risky.changes.find(({ id }) => id === 'request-max-length-set')?.because).toBe(
      'nobody is that long',
    )
  })

  it('counts what was acknowledged apart, as long as that holds', async () => {
    const fingerprint = (await report()).changes[0]?.fingerprint ?? ''
    const acknowledgements = (until: string) => [{ fingerprint, reason: 'agreed', until }]
    expect(await report({ acknowledgements: acknowledgements('2027-01-01') })).toMatchObject({
      verdict: 'risky',
      counts: { breaking: 0, acknowledged: 1 },
    })
    expect(await report({ acknowledgements: acknowledgements('2026-01-01') })).toMatchObject({
      verdict: 'breaking',
    })
  })

  it('lets off by path and by tag what touches nothing else', async () => {
    for (const override of [{ path: '/a' }, { path: 'POST *' }, { tag: 'main' }])
      expect(
        await report({ overrides: [{ ...override, severity: 'none', reason: 'a draft' }] }),
      ).toMatchObject({ verdict: 'none' })
    for (const override of [{ path: '/b' }, { tag: 'x' }, { rule: 'response-*' }])
      expect(
        await report({ overrides: [{ ...override, severity: 'none', reason: 'another' }] }),
      ).toMatchObject({ verdict: 'breaking' })
  })
})

describe('formats', () => {
  it('text shows places and proofs, and specs seen once', async () => {
    const text = await written('text')
    expect(text).toMatch(/^old\.json → main:new\.json: breaking$/m)
    expect(text).toMatch(new RegExp(`old\\.json:\\d+:\\d+ → main:new\\.json:${line}:\\d+`))
    expect(text).toContain('was valid and is not')
    expect(text).toContain('other: first version, nothing to compare')
  })

  it('json of several reports holds them all', async () => {
    expect(JSON.parse(await written('json'))).toMatchObject({
      specs: [{ verdict: 'breaking' }],
      firsts: ['other'],
    })
  })

  it('markdown and html let no text of a document become markup', async () => {
    const [markdown, html] = [await written('markdown'), await written('html')]
    expect(markdown).not.toMatch(/(?<!\\)<b>|[^`]@x/)
    expect(html).not.toContain('<b>')
    expect(html).not.toMatch(/<script|https?:\/\//)
  })

  it('junit escapes, and fails what breaks', async () => {
    const xml = await written('junit')
    expect(xml).toContain('failures="1"')
    expect(xml).not.toContain('<b>')
    expect(xml.match(/<testcase/g)).toHaveLength(3)
  })

  it('github annotations are one line each', async () => {
    const lines = (await written('github')).split('\n')
    expect(lines[0]).toMatch(
      new RegExp(`^::error file=new\\.json,line=${line},col=\\d+,title=request-max-length-set::`),
    )
    expect(lines).toHaveLength(3)
  })

  it('sarif names its rules, places and fingerprints', async () => {
    const { runs } = JSON.parse(await written('sarif')) as {
      runs: {
        tool: { driver: { rules: { id: string }[] } }
        results: { ruleId: string; level: string; locations: object[]; partialFingerprints?: object }[]
      }[]
    }
    const [run] = runs
    const ids = new Set(run?.tool.driver.rules.map(({ id }) => id))
    expect(run?.results.every(({ ruleId }) => ids.has(ruleId))).toBe(true)
    expect(run?.results[0]).toMatchObject({
      level: 'error',
      locations: [
        { physicalLocation: { artifactLocation: { uri: 'new.json' }, region: { startLine: line } } },
      ],
    })
  })
})

describe('rules', () => {
  it('have ids of their own, and say why', () => {
    const kinds = rules.map(({ id, fact, direction }) => `${id} ${fact} ${direction}`)
    expect(new Set(kinds).size).toBe(kinds.length)
    for (const { id, explanation } of rules) {
      expect(id).toMatch(/^[a-z][a-z0-9-]+$/)
      expect(explanation.length).toBeGreaterThan(10)
    }
  })

  it('of request and response mirror each other', () => {
    const opposite = { breaking: 'safe', safe: 'breaking', risky: 'risky', none: 'none' } as const
    const byId = new Map(rules.map((rule) => [rule.id, rule]))
    for (const rule of rules) {
      const twin = rule.id.startsWith('request-')
        ? byId.get(rule.id.replace('request-', 'response-'))
        : undefined
      if (
        !twin ||
        rule.area !== 'schema' ||
        (rule.action !== 'narrow' && rule.action !== 'widen') ||
        rule.policy ||
        twin.policy
      )
        continue
      expect(`${twin.id} ${twin.severity}`).toBe(`${twin.id} ${opposite[rule.severity]}`)
    }
  })
})
