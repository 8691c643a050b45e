import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { adapterModules } from '../../../src/daemon/adapter-code.ts'
import { renderTable, rows, type Seen, withTable } from '../../runtimes/table.ts'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const seen = JSON.parse(read('test/runtimes/seen.json')) as Seen[]
const page = read('docs/runtimes.md')
/** The formatter pads cells and lines. */
const plain = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/\| (:?-+)/g, '| ---')

describe('the table of docs/runtimes.md', () => {
  it('is what was seen', () => {
    expect(plain(page)).toContain(plain(renderTable(seen)))
    expect(plain(withTable(page, renderTable(seen)))).toBe(plain(page))
  })

  it('says that nothing is real which no test has seen', () => {
    expect(renderTable([])).not.toContain('real 0')
    const [first] = rows
    const one = [{ suite: first!.suite!, version: '1', date: '2026-01-01', operations: ['chat'] }] as const
    expect(renderTable(one).split('\n')[2]).toContain('| real 1 2026-01-01 | transcribed | transcribed |')
  })

  it('has a row for every adapter, and names suites that there are', () => {
    const adapters = adapterModules.map(({ type }) => type).filter((type) => type !== 'grpc')
    expect([...new Set(rows.map(({ adapter }) => adapter))].toSorted()).toEqual(adapters.toSorted())
    expect(seen.filter(({ suite }) => !rows.some((row) => row.suite === suite))).toEqual([])
  })
})
