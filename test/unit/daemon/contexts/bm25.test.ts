import { expect, it } from 'vitest'
import { createBm25 } from '../../../../src/daemon/contexts/bm25.ts'

const index = (...texts: string[]) => {
  const made = createBm25()
  for (const text of texts) made.add(text.split(' '))
  return made
}

const ranked = (made: ReturnType<typeof createBm25>, query: string, end = made.size): number[] =>
  made
    .search(query.split(' '), end)
    .toSorted((left, right) => right.score - left.score)
    .map(({ document }) => document)

it('puts rare words before common ones, and short texts before long ones', () => {
  const made = index('red fox runs', 'red dog runs', 'red dog runs far away over every hill', 'blue')
  expect(ranked(made, 'red fox')).toEqual([0, 1, 2])
  expect(ranked(made, 'dog')).toEqual([1, 2])
})

it('gives the same for the first texts whatever came later', () => {
  const texts = ['a b', 'b c', 'c d', 'a a d']
  const long = index(...texts, 'a b c d', 'a', 'b b b')
  expect(long.search(['a', 'b'], 4)).toEqual(index(...texts).search(['a', 'b'], 4))
})

it('measures rarity by a word that stands in one text only', () => {
  const made = index('x', 'y', 'y', 'z z')
  expect(made.search(['x'], 4)[0]!.rarity).toBeCloseTo(1)
  expect(made.search(['y'], 4)[0]!.rarity).toBeLessThan(1)
})

it('finds nothing in nothing', () => {
  expect(index().search(['a'], 0)).toEqual([])
  expect(index('a').search([], 1)).toEqual([])
})
