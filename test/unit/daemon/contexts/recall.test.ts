import { expect, it } from 'vitest'
import { measureRecall } from '../../../perf/contexts/recall.ts'

it('keeps what a question is about at a tenth of the conversation', () => {
  const recalls = measureRecall({
    conversations: Array.from({ length: 25 }, (_, at) => at + 1),
    budgetRatio: 0.1,
  })
  const share = (kind: Parameters<typeof recalls.get>[0]): number => {
    const { kept, asked } = recalls.get(kind)!
    expect(asked).toBeGreaterThanOrEqual(250)
    return kept / asked
  }
  expect(share('same words')).toBeGreaterThanOrEqual(0.99)
  expect(share('several facts')).toBeGreaterThanOrEqual(0.99)
  expect(share('changed fact')).toBeGreaterThanOrEqual(0.99)
  expect(share('paraphrase')).toBeGreaterThanOrEqual(0.97)
  // Words alone cannot know what was meant; a number near the others would say that the questions are too easy.
  expect(share('meaning')).toBeLessThan(0.3)
})
