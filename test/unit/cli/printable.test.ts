import { describe, expect, it } from 'vitest'
import { printable } from '../../../src/cli/printable.ts'

describe('printable', () => {
  it('keeps text, tabs and line feeds', () => {
    const text = 'tab\tline\nä€😀 "quoted" ~'
    expect(printable(text)).toBe(text)
  })

  it('takes out what a terminal would obey', () => {
    expect(printable('\u001b]52;c;ZXZpbA==\u0007')).toBe(']52;c;ZXZpbA==')
    expect(printable('over\rwritten\b\u007f\u009b2J')).toBe('overwritten2J')
  })
})
