import { describe, expect, it } from 'vitest'
import { estimateText } from '../../../../src/daemon/contexts/estimate.ts'

const total = (text: string): number => estimateText(text).reduce((sum, part) => sum + part, 0)

describe('an estimate of a text', () => {
  // What o200k_base makes of these.
  it.each<[string, string, number]>([
    ['prose', 'The quick brown fox jumps over the lazy dog near the old harbour.', 14],
    ['code', 'const total = items.reduce((sum, item) => sum + item.price, 0)', 19],
    ['JSON', '{"id":12345,"name":"item 7","tags":["a","b"],"active":true}', 23],
    ['Chinese', '今天天气很好，我们去公园散步吧。', 12],
    ['Russian', 'Сегодня очень хорошая погода', 6],
  ])('of %s is near, and rather above', (_, text, tokens) => {
    expect(total(text)).toBeGreaterThanOrEqual(tokens * 0.9)
    expect(total(text)).toBeLessThanOrEqual(tokens * 2)
  })

  it('puts scripts apart, for models differ in them', () => {
    const [words, marks, ideographs, alphabets, symbols] = estimateText('word 123, 漢字 слово 🎉')
    for (const part of [words, marks, ideographs, alphabets, symbols]) expect(part).toBeGreaterThan(0)
  })

  it('takes random text for what it is', () => {
    const random = 'aG9Xk2Lq8ZrT5vBnW1yC4dE7fJ0hM3pS6uQxRtYw'
    expect(total(random)).toBeGreaterThan(random.length * 0.6)
    expect(total('internationalisation')).toBeLessThan(6)
  })

  it('of nothing is nothing', () => {
    expect(total('')).toBe(0)
  })
})
