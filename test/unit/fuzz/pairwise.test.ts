import { expect, it } from 'vitest'
import { pairwise } from '../../../src/fuzz/draw/pairwise.ts'

it('brings every two choices of two columns together, in fewer rows than all combinations', () => {
  const widths = [3, 4, 2, 3]
  const rows = pairwise(widths, 100)
  for (let left = 0; left < widths.length; left++)
    for (let right = left + 1; right < widths.length; right++)
      for (let a = 0; a < (widths[left] ?? 0); a++)
        for (let b = 0; b < (widths[right] ?? 0); b++)
          expect(rows.some((row) => row[left] === a && row[right] === b)).toBe(true)
  expect(rows.length).toBeLessThan(24)
})

it('ends at the limit', () => {
  expect(pairwise([9, 9, 9], 5)).toHaveLength(5)
})
