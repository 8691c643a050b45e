import { describe, expect, it } from 'vitest'
import type { Message } from '../../../../src/core/inference.ts'
import { matchHash } from '../../../../src/daemon/contexts/match-hash.ts'
import { callOf, resultOf } from './a-path.ts'

const answer = (over: Partial<Message>): Message => ({ role: 'assistant', content: 'yes', ...over })

describe('the hash by which messages are recognised', () => {
  it.each<[string, Message, Message]>([
    ['a text and one part', answer({}), answer({ content: [{ type: 'text', text: 'yes' }] })],
    ['no content and an empty one', answer({ content: null }), answer({ content: '' })],
    ['no content and no parts', answer({ content: null }), answer({ content: [] })],
    ['reasoning', answer({}), answer({ reasoning: 'hm' })],
    ['unknown members', answer({}), answer({ extra: { annotations: [] } })],
    ['white space around an answer', answer({}), answer({ content: '\nyes ' })],
    ['ids of calls', callOf('a'), callOf('b')],
    ['the spelling of arguments', callOf('a', 'f', '{"x":1,"y":2}'), callOf('a', 'f', '{ "y": 2, "x": 1 }')],
    ['no arguments', callOf('a', 'f', ''), callOf('a', 'f', '{}')],
    ['the name on a result', resultOf('a'), { ...resultOf('a'), name: 'look' }],
    [
      'the usual detail of a picture',
      { role: 'user', content: [{ type: 'image', url: 'data:,' }] },
      { role: 'user', content: [{ type: 'image', url: 'data:,', detail: 'auto' }] },
    ],
  ])('does not count %s', (_, left, right) => {
    expect(matchHash(left)).toBe(matchHash(right))
  })

  it.each<[string, Message, Message]>([
    ['the role', answer({}), answer({ role: 'user' })],
    ['the text', answer({}), answer({ content: 'Yes' })],
    ['white space in a question', { role: 'user', content: 'a ' }, { role: 'user', content: 'a' }],
    ['who asks', { role: 'user', content: 'a' }, { role: 'user', content: 'a', name: 'ann' }],
    ['what is called', callOf('a', 'f'), callOf('a', 'g')],
    ['arguments', callOf('a', 'f', '{"x":1}'), callOf('a', 'f', '{"x":2}')],
    ['arguments that are no JSON', callOf('a', 'f', '{"x'), callOf('a', 'f', '{"y')],
    [
      'pictures',
      { role: 'user', content: [{ type: 'image', url: 'data:,a' }] },
      { role: 'user', content: [{ type: 'image', url: 'data:,b' }] },
    ],
    [
      'a text from the picture of that text',
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'user', content: 'ab' },
    ],
  ])('counts %s', (_, left, right) => {
    expect(matchHash(left)).not.toBe(matchHash(right))
  })

  it('takes lone surrogates and NULs', () => {
    expect(matchHash(answer({ content: '\u{0}\uD800' }))).not.toBe(
      matchHash(answer({ content: '\u{0}\uFFFD' })),
    )
  })
  it('takes arguments nested deeper than any stack', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(matchHash(callOf('a', 'f', deep))).toBe(matchHash(callOf('b', 'f', deep)))
  })
})
