import { readFileSync } from 'node:fs'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { reportSchema } from '../../../../src/bench/report/schema.ts'
import { newRecord } from '../new-record.ts'
import { newReport } from '../new-report.ts'

describe('the schema of reports', () => {
  const check = Compile(reportSchema)

  it('is the one that is published', () => {
    const path = new URL('../../../../docs/schemas/bench-report.schema.json', import.meta.url)
    const { $schema: _, ...published } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    expect(published).toEqual(JSON.parse(JSON.stringify(reportSchema)))
  })

  it('holds for a report of something, of failures and of nothing', () => {
    for (const records of [[newRecord({ stamps: [1, 2] })], [newRecord({ outcome: 'empty' })], []]) {
      const report: unknown = JSON.parse(JSON.stringify(newReport(records)))
      expect([...check.Errors(report)]).toEqual([])
    }
  })
})
