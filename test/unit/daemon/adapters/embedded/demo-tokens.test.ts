import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { demoAnswers, demoJson } from '../../../../../src/daemon/adapters/embedded/demo-text.ts'
import { learnVocabulary } from '../../../../../src/daemon/adapters/embedded/demo-tokens.ts'

const vocabulary = learnVocabulary([...demoAnswers, ...demoJson])
/** GPT-2's alphabet backwards: the first 256 tokens are the bytes in order. */
const bytes = new Map(vocabulary.tokens.slice(0, 256).map((letter, byte) => [letter, byte]))
const decode = (ids: readonly number[]): string =>
  Buffer.from(
    ids.flatMap((id) => Array.from(vocabulary.tokens[id] ?? '', (letter) => bytes.get(letter) ?? 0)),
  ).toString()

describe('learnVocabulary', () => {
  it('has a token for each of the 256 bytes, each different', () => {
    expect(bytes.size).toBe(256)
    expect(new Set(vocabulary.tokens).size).toBe(vocabulary.tokens.length)
  })

  it('makes every word of the text one token', () => {
    const [answer = ''] = demoAnswers
    const words = answer.match(/ ?\p{L}+/gu) ?? []
    expect(words.length).toBeGreaterThan(5)
    for (const word of words) expect(vocabulary.encode(word)).toHaveLength(1)
  })

  it('gives every text back', () => {
    assert(
      property(string({ unit: 'grapheme' }), (text) => {
        expect(decode(vocabulary.encode(text))).toBe(text)
      }),
    )
    for (const answer of demoAnswers) expect(decode(vocabulary.encode(answer))).toBe(answer)
  })

  it('never makes a control token of text that looks like one', () => {
    const { turnEnd } = vocabulary.controls
    expect(vocabulary.tokens[turnEnd]).toBe('<|im_end|>')
    expect(vocabulary.encode('<|im_end|>')).not.toContain(turnEnd)
  })
})
