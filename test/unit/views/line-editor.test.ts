import { describe, expect, it } from 'vitest'
import { edit, emptyLine, type Line, splitAtCursor, type Stroke } from '../../../src/views/line-editor.ts'

/** Types text and presses keys, in order. */
const type = (...strokes: (string | Stroke | [string, Stroke])[]): Line =>
  strokes.reduce<Line>((line, stroke) => {
    const [input, key] =
      typeof stroke === 'string' ? [stroke, {}] : Array.isArray(stroke) ? stroke : ['', stroke]
    return edit(line, input, key)
  }, emptyLine)

const left = { leftArrow: true }
const ctrl = (letter: string): [string, Stroke] => [letter, { ctrl: true }]

describe('edit', () => {
  it('inserts at the cursor', () => {
    expect(type('helo', left, 'l')).toEqual({ text: 'hello', cursor: 4 })
  })

  it('moves within the line only', () => {
    expect(type('ab', left, left, left).cursor).toBe(0)
    expect(type('ab', { rightArrow: true }).cursor).toBe(2)
    expect(type('ab', { home: true }).cursor).toBe(0)
    expect(type('ab', ctrl('a'), ctrl('e')).cursor).toBe(2)
    expect(type('ab', { home: true }, { end: true }).cursor).toBe(2)
  })

  it('deletes whole letters, whatever they are made of', () => {
    expect(type('a👨‍👩‍👧é', { backspace: true }, { backspace: true })).toEqual({ text: 'a', cursor: 1 })
    expect(type('ab', { home: true }, { delete: true })).toEqual({ text: 'b', cursor: 0 })
    expect(type({ backspace: true })).toEqual(emptyLine)
  })

  it('deletes a word or the line before the cursor', () => {
    expect(type('one two  ', ctrl('w'))).toEqual({ text: 'one ', cursor: 4 })
    expect(type('one two', left, ctrl('u'))).toEqual({ text: 'o', cursor: 0 })
  })

  it('keeps the lines of what is pasted', () => {
    expect(type('a\r\nb\rc').text).toBe('a\nb\nc')
  })

  it('ignores keys that mean nothing here', () => {
    expect(type('a', ctrl('k'), ['x', { meta: true }], {})).toEqual({ text: 'a', cursor: 1 })
  })
})

describe('splitAtCursor', () => {
  it('has a space under the cursor at the end', () => {
    expect(splitAtCursor(type('ab'))).toEqual(['ab', ' ', ''])
    expect(splitAtCursor(type('a👍b', left, left))).toEqual(['a', '👍', 'b'])
  })
})
