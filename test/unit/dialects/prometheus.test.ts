import { expect, it } from 'vitest'
import { parseGauges } from '../../../src/dialects/prometheus.ts'

it('sums numbers over their series and takes the highest of ratios', () => {
  const page = [
    '# HELP a Something.',
    'a{x="1"} 2',
    'a{x="}"} 3.5 1700000000',
    'b 0.25',
    'b{x="2"} 0.5',
    'other 7',
    'a_total 9',
    'a NaN',
    'nonsense',
  ].join('\n')
  expect(parseGauges(page, { a: 'requests', b: 'cache_ratio' })).toEqual({ requests: 5.5, cache_ratio: 0.5 })
  expect(parseGauges('toString 1', {})).toEqual({})
})
