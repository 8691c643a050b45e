import { runInNewContext } from 'node:vm'

/** What can be told of a regular expression without solving it. Everything here errs towards "not known". */

/** An expression of a document, which may have been written to never end. */
export interface Pattern {
  test(text: string): boolean
  toString(): string
}

const compiled = new Map<string, Pattern | undefined>()
const compiledMax = 5000

/** The expression as JSON Schema means it, or undefined where it is none. */
export const patternOf = (source: string): Pattern | undefined => {
  if (compiled.has(source)) return compiled.get(source)
  if (compiled.size >= compiledMax) compiled.clear()
  let made: RegExp | undefined
  for (const flags of ['u', ''])
    try {
      made ??= new RegExp(source, flags)
    } catch {
      // Many patterns in the wild were written for another engine; without `u` more of them pass.
    }
  const pattern = made && mayBacktrack(source) ? guarded(made) : made
  compiled.set(source, pattern)
  return pattern
}

/** A quantifier on something that has one itself, or on a choice: where time may grow with the power of the length. */
const mayBacktrack = (source: string): boolean =>
  /[+*}][^()]*\)[?]?[+*{]|\|[^()]*\)[+*{]|[+*}]\)+[+*{]/.test(source) || /(?:[*+][^()|]*){4}/.test(source)

/** Texts this long may be tried without a watch. */
const quickMax = 20
const watchMs = 100

/** A match that takes too long is given up on, and taken to be one. */
const guarded = (expression: RegExp): Pattern => ({
  // ajv tells expressions apart by it.
  toString: () => expression.toString(),
  test: (text) => {
    if (text.length <= quickMax) return expression.test(text)
    try {
      return runInNewContext('expression.test(text)', { expression, text }, { timeout: watchMs }) as boolean
    } catch {
      return true
    }
  },
})

/** Whether the expression takes every text: it constrains nothing. */
export const takesEverything = (source: string): boolean =>
  /^\^?(\(\?:)?(\.\*|\[\\s\\S\]\*|\(\.\*\)|\[\\w\\W\]\*)?\)?\$?$/.test(source) ||
  (/^\^?\.\*|\.\*\$?$/.test(source) && /^\^?(\.\*)+\$?$/.test(source))

interface Piece {
  /** Characters that may stand here, as an example. */
  readonly sample: string
  readonly min: number
  /** Infinity where there is no end. */
  readonly max: number
}

/** The pieces of an expression that is a plain sequence of classes and literals with quantifiers, else undefined. */
const piecesOf = (source: string): readonly Piece[] | undefined => {
  const pieces: Piece[] = []
  let rest = source
  while (rest !== '') {
    const atom = /^(\[\^?(?:\\.|[^\]\\])+\]|\\[dDwWsS.\-/+*?()[\]{}|^$\\@_]|[^\\[\](){}|^$*+?.]|\.)/u.exec(
      rest,
    )?.[0]
    if (atom === undefined) return undefined
    rest = rest.slice(atom.length)
    const quantifier = /^(\*|\+|\?|\{(\d+)(,(\d*))?\})\??/.exec(rest)
    rest = rest.slice(quantifier?.[0].length ?? 0)
    const sample = sampleOf(atom)
    if (sample === undefined) return undefined
    pieces.push({ sample, ...countsOf(quantifier) })
  }
  return pieces
}

const countsOf = (quantifier: RegExpExecArray | null): { min: number; max: number } => {
  if (!quantifier) return { min: 1, max: 1 }
  const [, sign = '', from = '0', comma, to] = quantifier
  if (sign === '*') return { min: 0, max: Infinity }
  if (sign === '+') return { min: 1, max: Infinity }
  if (sign === '?') return { min: 0, max: 1 }
  const min = Number(from)
  return { min, max: comma === undefined ? min : to === '' || to === undefined ? Infinity : Number(to) }
}

const tried = Array.from('a0A-_ .1xzZ9/:@!é')

const sampleOf = (atom: string): string | undefined => {
  const expression = patternOf(`^${atom}$`)
  return expression && [...tried, ...Array.from(atom)].find((character) => expression.test(character))
}

/** Lengths that an anchored expression allows, in characters; undefined where that is not known. */
export const lengthsOf = (source: string): { readonly min: number; readonly max: number } | undefined => {
  if (!source.startsWith('^')) return undefined
  const closed = source.endsWith('$') && !source.endsWith('\\$')
  const pieces = piecesOf(source.slice(1, closed ? -1 : undefined))
  if (!pieces) return undefined
  return {
    min: pieces.reduce((sum, { min }) => sum + min, 0),
    max: closed ? pieces.reduce((sum, { max }) => sum + max, 0) : Infinity,
  }
}

/** Texts that match, as many as can be made up; each was tried against the expression. */
export const samplesOf = (source: string, lengths: readonly number[] = []): readonly string[] => {
  const expression = patternOf(source)
  if (!expression) return []
  const made: string[] = [
    '',
    'a',
    'A',
    '0',
    'abc',
    'ABC',
    '123',
    'a1',
    'a-b',
    'a_b',
    'a b',
    'A1',
    'a.b',
    '/a',
    '#fff',
    '1.0.0',
  ]
  for (const branch of branchesOf(source)) {
    const pieces = piecesOf(branch)
    if (!pieces) continue
    made.push(pieces.map(({ sample, min }) => sample.repeat(Math.max(min, 1))).join(''))
    made.push(pieces.map(({ sample, min }) => sample.repeat(min)).join(''))
    for (const length of lengths) made.push(stretched(pieces, length))
  }
  return [...new Set(made)].filter((text) => expression.test(text))
}

const branchesOf = (source: string): readonly string[] => {
  const bare = source.replace(/^\^/, '').replace(/(?<!\\)\$$/, '')
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(bare)?.[1] ?? bare
  return inner
    .split('|')
    .map((branch) => branch.replace(/^\^/, '').replace(/(?<!\\)\$$/, ''))
    .slice(0, 50)
}

const lengthMax = 70_000

const stretched = (pieces: readonly Piece[], length: number): string => {
  let missing = Math.min(length, lengthMax) - pieces.reduce((sum, { min }) => sum + min, 0)
  return pieces
    .map(({ sample, min, max }) => {
      const extra = Math.max(0, Math.min(missing, max - min))
      missing -= extra
      return sample.repeat(min + extra)
    })
    .join('')
}
