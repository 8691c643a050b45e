import { describe, expect, it } from 'vitest'
import { parseExpression } from '../../../../src/openapi/schema/expression.ts'
import { textOutside, textsOf } from '../../../../src/openapi/schema/language.ts'

describe('texts of one expression that another does not take', () => {
  it.each([
    ['^a$', '^[ab]$'],
    ['^a', 'a'],
    ['^[a-z]+$', '^[a-zA-Z]+$'],
    [String.raw`^\d{4}-\d{2}$`, '^[0-9]{4}-[0-9]{2}$'],
    ['^(foo|bar)$', '^(?:bar|foo|baz)$'],
    ['^[^/]+/[^/]+$', '^[^/]+(/[^/]+)+$'],
    [String.raw`^\w{1,63}$`, '^[A-Za-z0-9_-]{1,64}$'],
    [String.raw`^\u0041\x42$`, '^AB$'],
    ['^(?<year>[0-9]+)$', '^[0-9]+$'],
  ])('%s has none beside %s', (inside, outside) => {
    expect(textOutside([inside], outside)).toEqual({ kind: 'none' })
  })

  it.each([
    ['^[ab]$', '^a$'],
    ['a', '^a'],
    ['^[a-zA-Z]+$', '^[a-z]+$'],
    ['^a|b$', '^(a|b)'],
    ['^[a-z._-]{1,256}$', '^[a-z._-]{1,255}$'],
    ['^.*$', '^[^\u{1F600}]*$'],
    ['', '^$'],
  ])('%s has one beside %s', (inside, outside) => {
    const answer = textOutside([inside], outside)
    const text = answer.kind === 'text' ? answer.text : undefined
    expect(text).toMatch(new RegExp(inside, 'u'))
    expect(text).not.toMatch(new RegExp(outside, 'u'))
  })

  it('keeps to lengths', () => {
    expect(textOutside(['^a*$'], '^a{0,3}$', { min: 0, max: 3 })).toEqual({ kind: 'none' })
    expect(textOutside(['^a*$'], '^b*$', { min: 2, max: 5 })).toEqual({ kind: 'text', text: 'aa' })
  })

  it('finds what several take together', () => {
    expect(textOutside(['^a', 'b$'], undefined)).toEqual({ kind: 'text', text: 'ab' })
    expect(textOutside(['^a', '^b'], undefined)).toEqual({ kind: 'none' })
  })

  it.each(['(?=a)b', String.raw`(a)\1`, String.raw`\bword\b`, String.raw`\p{L}`, 'a{0,5000}', '(', '[a'])(
    'does not know of %s',
    (source) => {
      expect(textOutside([source], 'b')).toEqual({ kind: 'unknown' })
    },
  )

  it('gives up on what would take for ever', () => {
    const began = performance.now()
    textOutside([`^(${'(a|b)*a'.repeat(8)}${'(a|b)'.repeat(40)})+$`], `^(a|b)*b${'(a|b)'.repeat(60)}$`)
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})

describe('all texts of an expression', () => {
  it('are listed where they end', () => {
    expect(textsOf(['^(asc|desc)$'], 10)).toEqual(['asc', 'desc'])
    expect(textsOf(['^[ab]c?$'], 10)?.toSorted()).toEqual(['a', 'ac', 'b', 'bc'])
    expect(textsOf(['^[ab]$', '^[bc]$'], 10)).toEqual(['b'])
  })

  it('are not where they do not, or are too many', () => {
    expect(textsOf(['^a*$'], 10)).toBeUndefined()
    expect(textsOf(['asc|desc'], 10)).toBeUndefined()
    expect(textsOf(['^[a-z]{2}$'], 10)).toBeUndefined()
  })
})

describe('an expression', () => {
  it('is read as what it says', () => {
    expect(parseExpression('a|[b-d]')).toMatchObject({ kind: 'choice', parts: [{}, {}] })
    expect(parseExpression('a{2,3}?')).toMatchObject({ parts: [{ kind: 'repeat', min: 2, max: 3 }] })
    expect(parseExpression('^*')).toBeUndefined()
    expect(parseExpression(')')).toBeUndefined()
  })
})
