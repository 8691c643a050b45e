import fc from 'fast-check'
import { expect, it } from 'vitest'
import { batchesOf } from '../../../../src/dialects/tei/batches.ts'

const bytesOf = (text: string): number => text.length

it('cuts by number and by size, and lets no item out', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 20 })), fc.integer({ min: 1, max: 5 }), (items, itemsMax) => {
      const batches = batchesOf(items, { itemsMax, bytesMax: 30, bytesOf })
      expect(batches.flatMap((batch) => batch.items)).toEqual(items)
      for (const { from, items: some } of batches) {
        expect(items.slice(from, from + some.length)).toEqual(some)
        expect(some.length).toBeLessThanOrEqual(itemsMax)
        expect(some.length === 1 || some.join('').length <= 30).toBe(true)
      }
    }),
  )
})

it('sends what is too large alone, for the backend to judge', () => {
  const batches = batchesOf(['a', 'x'.repeat(99), 'b'], { itemsMax: 9, bytesMax: 10, bytesOf })
  expect(batches.map(({ items }) => items.length)).toEqual([1, 1, 1])
})
