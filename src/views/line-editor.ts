/** One line of input, or several when pasted. `cursor` counts graphemes: what a person sees as one letter. */
export interface Line {
  readonly text: string
  readonly cursor: number
}

export const emptyLine: Line = { text: '', cursor: 0 }

/** The members of ink's Key that matter here. */
export interface Stroke {
  readonly leftArrow?: boolean
  readonly rightArrow?: boolean
  readonly home?: boolean
  readonly end?: boolean
  readonly backspace?: boolean
  readonly delete?: boolean
  readonly ctrl?: boolean
  readonly meta?: boolean
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const letters = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment)

/** Text typed, left and right, Home and End (Ctrl-A, Ctrl-E), Backspace, Delete, Ctrl-W (word), Ctrl-U (to the start). */
export const edit = (line: Line, input: string, stroke: Stroke): Line => {
  const all = letters(line.text)
  const { cursor } = line
  const before = all.slice(0, cursor)
  const after = all.slice(cursor)
  const move = (to: number): Line => ({ text: line.text, cursor: Math.max(0, Math.min(all.length, to)) })
  const replace = (head: readonly string[], tail: readonly string[]): Line => {
    const start = head.join('')
    return { text: start + tail.join(''), cursor: letters(start).length }
  }
  if (stroke.leftArrow) return move(cursor - 1)
  if (stroke.rightArrow) return move(cursor + 1)
  if (stroke.home || (stroke.ctrl && input === 'a')) return move(0)
  if (stroke.end || (stroke.ctrl && input === 'e')) return move(all.length)
  if (stroke.backspace) return replace(before.slice(0, -1), after)
  if (stroke.delete) return replace(before, after.slice(1))
  if (stroke.ctrl && input === 'u') return replace([], after)
  if (stroke.ctrl && input === 'w') return replace(letters(before.join('').replace(/\S+\s*$/, '')), after)
  if (stroke.ctrl || stroke.meta || input === '') return line
  return replace([...before, input.replaceAll(/\r\n?/g, '\n')], after)
}

/** The line in three parts, for drawing a cursor: before it, under it, after it. */
export const splitAtCursor = ({ text, cursor }: Line): readonly [string, string, string] => {
  const all = letters(text)
  return [all.slice(0, cursor).join(''), all[cursor] ?? ' ', all.slice(cursor + 1).join('')]
}
