import { describe, expect, it } from 'vitest'
import { lastLines } from '../../../src/views/last-lines.ts'

describe('lastLines', () => {
  it('is all of a text that fits', () => {
    expect(lastLines('a\nb', 2, 10)).toBe('a\nb')
    expect(lastLines('', 1, 10)).toBe('')
  })

  it('drops lines from the start', () => {
    expect(lastLines('a\nb\n\nd', 2, 10)).toBe('\nd')
  })

  it('counts the rows that a long line takes', () => {
    expect(lastLines('a\n1234567890', 3, 5)).toBe('a\n1234567890')
    expect(lastLines('a\n1234567890', 2, 5)).toBe('1234567890')
  })

  it('cuts a single line that is too long', () => {
    expect(lastLines('a\n12345678901', 2, 5)).toBe('2345678901')
  })
})
