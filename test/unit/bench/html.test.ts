import { describe, expect, it } from 'vitest'
import { linear, logarithmic, tail } from '../../../src/bench/html/scale.ts'
import { renderHtml } from '../../../src/bench/html/page.ts'
import { renderCsv } from '../../../src/bench/render/csv.ts'
import { renderJunit } from '../../../src/bench/render/junit.ts'
import { renderMarkdown } from '../../../src/bench/render/markdown.ts'
import { renderTable } from '../../../src/bench/render/table.ts'
import { newReport } from './new-report.ts'
import { newRecord } from './new-record.ts'

const busy = Array.from({ length: 150 }, (_, index) =>
  newRecord({
    index,
    scheduledMs: index * 10,
    issuedMs: index * 10 + 1,
    connectedMs: index * 10 + 2,
    headMs: index * 10 + 5,
    stamps: [index * 10 + 30, index * 10 + 50, index * 10 + 75],
    firstOutputMs: index * 10 + 30,
    outputTokens: 3,
    endedMs: index * 10 + 80,
    ...(index % 10 === 0 && { outcome: 'truncated' as const, message: 'It <b>broke</b> & ended.' }),
  }),
)

describe('scales', () => {
  it('put even marks inside of their range', () => {
    const scale = linear(0, 97, 0, 970)
    expect(scale.ticks).toEqual([0, 20, 40, 60, 80])
    expect(scale(97)).toBe(970)
    expect(linear(5, 5, 0, 10)(5)).toBe(0)
  })

  it('give every power of ten the same room', () => {
    const scale = logarithmic(1, 10_000, 0, 400)
    expect(scale.ticks).toEqual([1, 10, 100, 1000, 10_000])
    expect(scale(100)).toBeCloseTo(200)
    expect(scale(0)).toBeLessThan(0)
  })

  it('give every nine of a tail the same room', () => {
    const scale = tail(0.999, 0, 300)
    expect([0, 0.9, 0.99, 0.999].map((share) => Math.round(scale(share)))).toEqual([0, 100, 200, 300])
    expect(scale.ticks).toEqual([0, 0.5, 0.9, 0.99, 0.999])
  })
})

describe('the page', () => {
  const page = renderHtml(newReport(busy, { label: 'a <model> & "more"' }))

  it('needs nothing from elsewhere', () => {
    expect(page).not.toMatch(/<(link|img|iframe)|src=|@import|url\(|https?:\/\/(?!test\.invalid)/)
    expect(page.length).toBeLessThan(1_000_000)
  })

  it('takes no text for markup', () => {
    expect(page).not.toContain('<model>')
    expect(page).not.toContain('<b>broke')
    expect(page).toContain('a &#60;model&#62; &#38; &#34;more&#34;')
  })

  it('has every panel', () => {
    for (const title of [
      'Over time',
      'Distribution',
      'All latencies',
      'Failures',
      'The slowest requests',
      'How far this client can be trusted',
      'Definitions',
    ])
      expect(page).toContain(title)
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('is a page as well when nothing came of the run', () => {
    const empty = renderHtml(newReport([]))
    expect(empty).toContain('</html>')
    expect(empty).not.toMatch(/NaN|undefined|Infinity/)
    const failed = renderHtml(newReport([newRecord({ outcome: 'connect' })]))
    expect(failed).not.toMatch(/NaN|undefined|Infinity/)
  })
})

describe('the other outputs', () => {
  const report = newReport(busy, { label: 'a,"b"|c' })

  it('fit into 80 columns on a terminal', () => {
    const lines = renderTable(report).split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.join('\n')).toMatch(/15 failed \(10 %\): truncated 15/)
  })

  it('are CSV that keeps its columns', () => {
    const [head = '', row = ''] = renderCsv(report).split('\n')
    expect(head.split(',').length).toBe(row.replaceAll(/"(?:[^"]|"")*"/g, 'x').split(',').length)
    expect(row).toContain('"a,""b""|c"')
  })

  it('are Markdown and JUnit that say what failed', () => {
    expect(renderMarkdown(report)).toContain('**FAIL** error rate: 10 %')
    expect(renderMarkdown(report)).toContain('a,"b"\\|c')
    const junit = renderJunit('<suite>', report.checks, 1.5)
    expect(junit).toContain('<testsuite name="&#60;suite&#62;" tests="1" failures="1" time="1.500">')
    expect(junit).toContain('<failure message="10 %, limit 1 %"/>')
  })
})
