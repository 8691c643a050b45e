import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../../src/core/metrics.ts'

describe('createMetrics', () => {
  it('renders counters, histograms and gauges in the text format', () => {
    const metrics = createMetrics()
    metrics.counter('a_total', 'As.').labels({ x: 'q"\\\n' }).inc(2)
    const histogram = metrics.histogram('h', 'Hs.', [1, 2]).labels({})
    for (const value of [0.5, 2, 3]) histogram.observe(value)
    metrics.gauge('g', 'Gs.', () => [[{ k: 'v' }, 1.5]])
    expect(metrics.render()).toBe(
      '# HELP a_total As.\n# TYPE a_total counter\na_total{x="q\\"\\\\\\n"} 2\n' +
        '# HELP h Hs.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="2"} 2\nh_bucket{le="+Inf"} 3\n' +
        'h_sum 5.5\nh_count 3\n' +
        '# HELP g Gs.\n# TYPE g gauge\ng{k="v"} 1.5\n',
    )
  })

  it('gives the same child for the same labels and does not grow without bound', () => {
    const metrics = createMetrics()
    const counter = metrics.counter('c_total', 'Cs.')
    counter.labels({ a: '1' }).inc()
    counter.labels({ a: '1' }).inc()
    for (let index = 0; index < 5000; index += 1) counter.labels({ a: `n${index}` }).inc()
    const lines = metrics.render().split('\n')
    expect(lines).toContain('c_total{a="1"} 2')
    expect(lines.length).toBeLessThan(2100)
    expect(lines).toContain('c_total{a="_other"} 3001')
  })
})
