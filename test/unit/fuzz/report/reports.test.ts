import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { fileFormats, formatFile } from '../../../../src/fuzz/report/format.ts'
import { reportOf } from '../../../../src/fuzz/report/json.ts'
import {
  readReproduction,
  reproductionName,
  reproductionOf,
} from '../../../../src/fuzz/report/reproduction.ts'
import { reportSchema } from '../../../../src/fuzz/report/schema.ts'
import { formatText } from '../../../../src/fuzz/report/text.ts'
import { newExchange, newFinding, newResult } from './new-result.ts'

const file = (format: (typeof fileFormats)[number], result = newResult()): string =>
  formatFile(result, format, '1.0')

describe('every form of the report', () => {
  it.each(fileFormats)('%s holds the finding and no secret', (format) => {
    const text = file(format)
    expect(text).toContain('GET /pets/{id}')
    expect(text).toContain('not_a_server_error')
    expect(text).not.toContain('hunter2')
  })

  it('as text says what, how to see it again, and what was not reached', () => {
    const text = formatText(newResult(), {
      colour: false,
      files: new Map([['0a1b2c3d4e5f', 'found/one.json']]),
    })
    expect(text).toContain('Pets & more 1.0 at http://127.0.0.1:9: 1 finding')
    expect(text).toContain("curl 'http://127.0.0.1:9/pets/7")
    expect(text).toContain('mcpd fuzz replay found/one.json')
    expect(text).toContain('not reached  DELETE /pets/{id}: no id was ever seen')
    expect(text).toContain('left out  POST /admin/stop: stops the server')
    expect(text).toContain('25000 requests in 10.0 s (2500/s), seed 42; the time was over.')
  })

  it('as text says that nothing was found', () => {
    expect(formatText(newResult({ findings: [], known: [] }), { colour: false })).toContain('nothing found')
  })
})

describe('the JSON report', () => {
  it('has the published shape', () => {
    const { $schema: _, ...published } = JSON.parse(readFileSync('docs/schemas/fuzz.json', 'utf8')) as Record<
      string,
      unknown
    >
    expect(published).toEqual(JSON.parse(JSON.stringify(reportSchema)))
    const validate = new Ajv2020({ strict: false }).compile(reportSchema)
    expect(validate(JSON.parse(JSON.stringify(reportOf(newResult())))), JSON.stringify(validate.errors)).toBe(
      true,
    )
  })

  it('names of each finding what a program asks for', () => {
    expect(reportOf(newResult())).toMatchObject({
      findings: [
        {
          check: 'not_a_server_error',
          operation: 'GET /pets/{id}',
          status: 500,
          fingerprint: '0a1b2c3d4e5f',
          requestIds: ['req-9', 'req-8'],
          code: 100,
        },
      ],
      requests: 25_000,
      seed: 42,
    })
  })

  it('keeps a connection that failed apart from an answer', () => {
    const { response: _, ...dropped } = newExchange({ failure: { kind: 'dropped', message: 'closed' } })
    const [finding] = reportOf(
      newResult({ findings: [newFinding({ status: 0, exchange: dropped })] }),
    ).findings
    expect(finding?.exchange).toMatchObject({ failure: { kind: 'dropped' } })
    expect(finding?.exchange).not.toHaveProperty('response')
  })
})

describe('the JUnit report', () => {
  it('fails for findings, skips what is known or was not attempted, and passes the rest', () => {
    const text = file('junit')
    expect(text).toContain('tests="4" failures="1"')
    expect(text).toContain('skipped="2"')
    expect(text).toContain('<testcase classname="GET /health" name="12 requests"/>')
    expect(text).toContain('message="The server failed with &quot;&lt;boom&gt;&quot;."')
    // oxlint-disable-next-line no-control-regex -- XML has no place for them
    expect(text).not.toMatch(/[\u0000-\u0008]/)
  })
})

describe('the SARIF report', () => {
  it('has a rule per check and suppresses what is known', () => {
    const { runs } = JSON.parse(file('sarif')) as {
      runs: [
        {
          tool: { driver: { rules: { id: string }[] } }
          results: { ruleId: string; suppressions?: object[] }[]
        },
      ]
    }
    const [run] = runs
    const rules = run.tool.driver.rules.map(({ id }) => id)
    expect(run.results.every(({ ruleId }) => rules.includes(ruleId))).toBe(true)
    expect(run.results.map(({ suppressions }) => suppressions?.length ?? 0)).toEqual([0, 1])
  })
})

describe('the HAR', () => {
  it('has the exchanges in the order they were made, and their query', () => {
    const { log } = JSON.parse(file('har')) as {
      log: { entries: { request: { method: string; queryString: object[] } }[] }
    }
    expect(log.entries.map(({ request }) => request.method)).toEqual(['POST', 'GET'])
    expect(log.entries[1]?.request.queryString).toEqual([{ name: 'tag', value: 'a&b' }])
  })
})

describe('the page', () => {
  it('shows text of the target as text', () => {
    const page = file('html')
    expect(page).toContain('&lt;boom&gt;')
    expect(page).not.toContain('<boom>')
    expect(page).not.toContain('<script')
  })
})

describe('a finding to be replayed', () => {
  it('is read as it was written, without credentials', () => {
    const result = newResult()
    const written = JSON.stringify(reproductionOf(result, newFinding()))
    expect(written).not.toContain('hunter2')
    expect(readReproduction(written, 'file')).toEqual(JSON.parse(written))
    expect(readReproduction(written, 'file').exchanges.map(({ operation }) => operation)).toEqual([
      'POST /pets',
      'GET /pets/{id}',
    ])
  })

  const whole = reproductionOf(newResult(), newFinding())
  it.each([
    ['what is no JSON', '{', 'no JSON'],
    ['what is nothing', '{}', 'no finding of mcpd fuzz'],
    ['another version', '{"mcpdFuzz":2}', 'no finding of mcpd fuzz'],
    ['a check that there is not', JSON.stringify({ ...whole, check: 'nothing' }), 'check'],
    ['no steps', JSON.stringify({ ...whole, scenario: { kind: 'x', steps: [] } }), 'steps'],
  ])('refuses %s', (_, text, message) => {
    expect(() => readReproduction(text, 'f.json')).toThrow(message)
  })

  it('has a name that any file system takes', () => {
    expect(reproductionName(newFinding({ operation: 'GET /a/{b}/../c:d' }))).toBe(
      'get-a-b-c-d-not_a_server_error-0a1b2c3d4e5f.json',
    )
  })
})
