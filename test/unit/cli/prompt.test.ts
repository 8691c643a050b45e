import { describe, expect, it } from 'vitest'
import { isPrompt, requirePrompt } from '../../../src/cli/prompt.ts'

describe('isPrompt', () => {
  it('is true of what cannot be the name of a model', () => {
    expect(isPrompt('Why is it so?')).toBe(true)
    expect(isPrompt('two\nlines')).toBe(true)
    expect(isPrompt('local/org/model:7b')).toBe(false)
    expect(isPrompt(undefined)).toBe(false)
  })
})

describe('requirePrompt', () => {
  it('returns it untouched, or says how to give one', () => {
    expect(requirePrompt(' a ', 'chat')).toBe(' a ')
    for (const prompt of [undefined, '', ' \n'])
      expect(() => requirePrompt(prompt, 'embed')).toThrow(
        expect.objectContaining({
          code: 'USAGE',
          details: {
            suggestions: expect.arrayContaining([expect.stringContaining('mcpd embed')]) as string[],
          },
        }) as Error,
      )
  })
})
