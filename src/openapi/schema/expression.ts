/** Code points from `low` to `high`, both included. */
export type Range = readonly [low: number, high: number]

/** Every code point but the halves of surrogate pairs, which JSON texts should not hold alone. */
export const anyCharacter: readonly Range[] = [
  [0, 0xd7_ff],
  [0xe0_00, 0x10_ff_ff],
]

/** The part of ECMA-262 expressions that describes regular languages. */
export type Expression =
  | { readonly kind: 'set'; readonly ranges: readonly Range[] }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly part: Expression; readonly min: number; readonly max: number }
  | { readonly kind: 'start' | 'end' }

class NotRegular extends Error {}

const sourceMax = 2000

/** Undefined for lookarounds, back references, word boundaries, properties of characters, and what does not parse. */
export const parseExpression = (source: string): Expression | undefined => {
  if (source.length > sourceMax) return undefined
  try {
    const reader = { characters: Array.from(source), at: 0 }
    const found = choice(reader)
    return reader.at === reader.characters.length ? found : undefined
  } catch (error) {
    if (error instanceof NotRegular) return undefined
    throw error
  }
}

interface Reader {
  readonly characters: readonly string[]
  at: number
}

const peek = ({ characters, at }: Reader): string | undefined => characters[at]

const take = (reader: Reader): string => {
  const character = reader.characters[reader.at++]
  if (character === undefined) throw new NotRegular()
  return character
}

const takes = (reader: Reader, text: string): boolean => {
  const found = Array.from(text).every(
    (character, index) => reader.characters[reader.at + index] === character,
  )
  if (found) reader.at += Array.from(text).length
  return found
}

const choice = (reader: Reader): Expression => {
  const parts = [sequence(reader)]
  while (takes(reader, '|')) parts.push(sequence(reader))
  const [only, ...others] = parts
  return only && others.length === 0 ? only : { kind: 'choice', parts }
}

const sequence = (reader: Reader): Expression => {
  const parts: Expression[] = []
  for (let next = peek(reader); next !== undefined && next !== '|' && next !== ')'; next = peek(reader))
    parts.push(quantified(atom(reader), reader))
  return { kind: 'sequence', parts }
}

const quantified = (part: Expression, reader: Reader): Expression => {
  const counts = countsOf(reader)
  if (!counts) return part
  // A lazy quantifier takes the same texts.
  takes(reader, '?')
  if (part.kind === 'start' || part.kind === 'end') throw new NotRegular()
  return { kind: 'repeat', part, ...counts }
}

const countsOf = (reader: Reader): { readonly min: number; readonly max: number } | undefined => {
  if (takes(reader, '*')) return { min: 0, max: Infinity }
  if (takes(reader, '+')) return { min: 1, max: Infinity }
  if (takes(reader, '?')) return { min: 0, max: 1 }
  const rest = reader.characters.slice(reader.at, reader.at + 24).join('')
  const [written, from = '', comma, to = ''] = /^\{(\d+)(,(\d*))?\}/.exec(rest) ?? []
  if (written === undefined) return undefined
  reader.at += written.length
  const min = Number(from)
  return { min, max: comma === undefined ? min : to === '' ? Infinity : Number(to) }
}

const atom = (reader: Reader): Expression => {
  const character = take(reader)
  switch (character) {
    case '^':
      return { kind: 'start' }
    case '$':
      return { kind: 'end' }
    case '.':
      return { kind: 'set', ranges: without(lineEnds) }
    case '[':
      return { kind: 'set', ranges: classOf(reader) }
    case '(':
      return group(reader)
    case '\\':
      return { kind: 'set', ranges: escaped(reader) }
    case '*':
    case '+':
    case '?':
    case '{':
      throw new NotRegular()
    default:
      return { kind: 'set', ranges: only(character) }
  }
}

const group = (reader: Reader): Expression => {
  if (takes(reader, '?') && !takes(reader, ':')) {
    if (!takes(reader, '<') || peek(reader) === '=' || peek(reader) === '!') throw new NotRegular()
    while (take(reader) !== '>');
  }
  const inner = choice(reader)
  if (!takes(reader, ')')) throw new NotRegular()
  return inner
}

const only = (character: string): readonly Range[] => {
  const code = character.codePointAt(0) ?? 0
  return [[code, code]]
}

const digits: readonly Range[] = [[48, 57]]
const wordCharacters: readonly Range[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
const lineEnds: readonly Range[] = [
  [10, 10],
  [13, 13],
  [0x20_28, 0x20_29],
]
const spaces: readonly Range[] = [
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x16_80, 0x16_80],
  [0x20_00, 0x20_0a],
  [0x20_28, 0x20_29],
  [0x20_2f, 0x20_2f],
  [0x20_5f, 0x20_5f],
  [0x30_00, 0x30_00],
  [0xfe_ff, 0xfe_ff],
]

/** Every character that is in none of the ranges. */
const without = (ranges: readonly Range[]): readonly Range[] => {
  let left: readonly Range[] = anyCharacter
  for (const [low, high] of ranges)
    left = left.flatMap(([from, to]): Range[] => {
      if (high < from || low > to) return [[from, to]]
      return [
        ...(from < low ? [[from, low - 1] as const] : []),
        ...(to > high ? [[high + 1, to] as const] : []),
      ]
    })
  return left
}

const classes: Readonly<Record<string, readonly Range[]>> = {
  d: digits,
  D: without(digits),
  w: wordCharacters,
  W: without(wordCharacters),
  s: spaces,
  S: without(spaces),
}
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 }

const escaped = (reader: Reader): readonly Range[] => {
  const character = take(reader)
  const known = classes[character]
  if (known) return known
  const control = controls[character]
  if (control !== undefined && !(character === '0' && /\d/.test(peek(reader) ?? '')))
    return [[control, control]]
  if (character === 'x' || character === 'u') return coded(reader, character === 'x' ? 2 : 4)
  // What is left of letters and digits means something else: a boundary, a reference, a property.
  if (/[A-Za-z0-9]/.test(character)) throw new NotRegular()
  return only(character)
}

const coded = (reader: Reader, length: number): readonly Range[] => {
  const rest = reader.characters.slice(reader.at, reader.at + 10).join('')
  const [written, long, short] =
    new RegExp(`^(?:\\{([0-9a-fA-F]{1,6})\\}|([0-9a-fA-F]{${length}}))`).exec(rest) ?? []
  if (written === undefined) throw new NotRegular()
  reader.at += written.length
  const code = Number.parseInt(long ?? short ?? '', 16)
  // Half of a pair: the other half follows, and neither is a character.
  if (code >= 0xd8_00 && code <= 0xdf_ff) throw new NotRegular()
  return [[code, code]]
}

const classOf = (reader: Reader): readonly Range[] => {
  const isNegated = takes(reader, '^')
  const found: Range[] = []
  while (!takes(reader, ']')) {
    const low = member(reader)
    const isRange = peek(reader) === '-' && reader.characters[reader.at + 1] !== ']'
    const [from] = low
    if (!isRange || low.length !== 1 || !from || from[0] !== from[1]) {
      found.push(...low)
      continue
    }
    take(reader)
    const [to, ...more] = member(reader)
    if (!to || more.length > 0 || to[0] !== to[1] || to[0] < from[0]) throw new NotRegular()
    found.push([from[0], to[0]])
  }
  return isNegated ? without(found) : found
}

/** Inside a class `\b` is a backspace. */
const member = (reader: Reader): readonly Range[] => {
  const character = take(reader)
  if (character !== '\\') return only(character)
  return takes(reader, 'b') ? [[8, 8]] : escaped(reader)
}
