import { describe, expect, it } from 'vitest'
import { searchTextOf, termsOf } from '../../../../src/daemon/contexts/terms.ts'
import { callOf } from './a-path.ts'

describe('terms', () => {
  it.each<[string, string[]]>([
    ['The suppliers were chosen for the parts', ['supplier', 'chosen', 'part']],
    ['Ärger ÉCOLE', ['arger', 'ecol']],
    ['X-17, user_id.', ['x-17', 'x', '17', 'user_id', 'user', 'id']],
    ['東京都', ['東京', '京都']],
    ['what is it?', []],
    ['', []],
  ])('of %j', (text, terms) => {
    expect(termsOf(text)).toEqual(terms)
  })

  it.each([
    ['run', 'running'],
    ['baked', 'bake'],
    ['city', 'cities'],
    ['box', 'boxes'],
    ['deadline', 'deadlines'],
  ])('make %s meet %s', (left, right) => {
    expect(termsOf(left)).toEqual(termsOf(right))
  })

  it('end somewhere in a text of any length', () => {
    expect(termsOf('word '.repeat(3_000_000)).length).toBeLessThan(10_000)
  })

  it('come from texts and calls, not from pictures', () => {
    const picture = { type: 'image', url: 'data:image/png;base64,AAAA' } as const
    expect(searchTextOf({ role: 'user', content: [picture, { type: 'text', text: 'see' }] })).toBe('\nsee')
    expect(searchTextOf(callOf('a', 'look', '{"at":1}'))).toBe('look {"at":1}')
  })
})
