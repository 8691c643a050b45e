import { describe, expect, it } from 'vitest'
import { bodyOf, canonicalJson, emptyBody, messageOf } from '../../../src/core/canonical-json.ts'
import type { Message } from '../../../src/core/inference.ts'

describe('canonicalJson', () => {
  it.each<[unknown, string]>([
    [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    [{ '\u20ac': 1, '\r': 2, '1': 3, '\u0080': 4 }, '{"\\r":2,"1":3,"\u0080":4,"€":1}'],
    [{ a: undefined, b: { c: undefined } }, '{"b":{}}'],
    [[undefined, 1], '[null,1]'],
    [[1e21, 1e-7, -0, 0.1, 100], '[1e+21,1e-7,0,0.1,100]'],
    ['\0\ud800"', '"\\u0000\\ud800\\""'],
    [JSON.parse('{"__proto__":{"x":1},"a":2}'), '{"__proto__":{"x":1},"a":2}'],
  ])('writes %j', (value, text) => expect(canonicalJson(value)).toBe(text))

  it('writes what it has written again the same', () => {
    const text = canonicalJson({ z: ['\ud83d', 1.5e300], a: { '': 'é' } })
    expect(canonicalJson(JSON.parse(text))).toBe(text)
  })

  it('refuses numbers without a word in JSON', () =>
    expect(() => canonicalJson({ a: JSON.parse('1e999') as number })).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }),
    ))

  it('refuses what is nested too deep', () => {
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as unknown
    expect(() => canonicalJson(deep)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })
})

describe('bodyOf', () => {
  const call = { id: 'c', name: 'f', argumentsText: '{"a": 1}' }

  it.each<[string, Message, Message]>([
    [
      'one text part and its string',
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'user', content: 'Hi' },
    ],
    [
      'no text beside calls',
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'assistant', content: null, toolCalls: [call] },
    ],
    ['no parts', { role: 'assistant', content: [] }, { role: 'assistant', content: null }],
    [
      'nothing called, said aside or named',
      { role: 'user', content: 'Hi', toolCalls: [], extra: {}, name: '', reasoning: '', toolCallId: '' },
      { role: 'user', content: 'Hi' },
    ],
    [
      'members in another order',
      { content: 'Hi', role: 'user', extra: { b: 1, a: 2 } },
      { role: 'user', extra: { a: 2, b: 1 }, content: 'Hi' },
    ],
  ])('is the same for %s', (_, left, right) => expect(bodyOf(left)).toEqual(bodyOf(right)))

  it.each<[string, Message, Message]>([
    ['an empty text and none', { role: 'user', content: '' }, { role: 'user', content: null }],
    ['roles', { role: 'system', content: 'Hi' }, { role: 'developer', content: 'Hi' }],
    [
      'arguments as the model wrote them',
      { role: 'assistant', content: null, toolCalls: [call] },
      { role: 'assistant', content: null, toolCalls: [{ ...call, argumentsText: '{"a":1}' }] },
    ],
  ])('tells %s apart', (_, left, right) => expect(bodyOf(left)).not.toEqual(bodyOf(right)))

  it('is read back', () => {
    const message: Message = {
      role: 'assistant',
      content: [
        { type: 'text', text: 'See' },
        { type: 'image', url: 'data:,x' },
      ],
      name: 'n',
      toolCalls: [call],
      reasoning: 'because',
      extra: { odd: [1] },
    }
    expect(messageOf(bodyOf(message))).toEqual(message)
    expect(messageOf(emptyBody('assistant'))).toEqual({ role: 'assistant', content: null })
  })
})

describe('messageOf', () => {
  it.each([
    '',
    '{',
    '[]',
    'null',
    '{"role":"king"}',
    '{"content":"x"}',
    '{"role":"user","content":1}',
    '{"role":"user","toolCalls":{}}',
  ])('refuses %s', (text) =>
    expect(() => messageOf(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'CONTEXT_DAMAGED' })),
  )
})
