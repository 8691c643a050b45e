/**
 * Tokens of a text by what it consists of, before a model's own factors: words; numbers and punctuation; ideographs;
 * other alphabets; symbols. Models differ little in the first two and by a factor of three in the others.
 */
export type Estimate = readonly [
  words: number,
  marks: number,
  ideographs: number,
  alphabets: number,
  symbols: number,
]

export const noTokens: Estimate = [0, 0, 0, 0, 0]

export const addEstimates = (left: Estimate, right: Estimate): Estimate => [
  left[0] + right[0],
  left[1] + right[1],
  left[2] + right[2],
  left[3] + right[3],
  left[4] + right[4],
]

/**
 * Counts without a tokenizer: runs of characters as the byte-pair encodings of 100,000 tokens and more cut them,
 * rather above than below. A fourth of the characters, which many programs take, is a third too few for JSON and two
 * thirds too few for Chinese.
 */
export const estimateText = (text: string): Estimate => {
  const tokens: [number, number, number, number, number] = [0, 0, 0, 0, 0]
  for (let at = 0; at < text.length;) {
    const kind = kindOf(text.charCodeAt(at))
    let end = at + 1
    while (end < text.length && kindOf(text.charCodeAt(end)) === kind) end += 1
    if (kind === 'word') countWord(text, at, end, tokens)
    else if (kind === 'space') tokens[0] += end - at > 1 || !takesSpace(text, end) ? 1 : 0
    else tokens[places[kind]] += Math.max(1, (end - at) * shares[kind])
    at = end
  }
  return tokens
}

type Kind =
  | 'word'
  | 'space'
  | 'lines'
  | 'marks'
  | 'ideographs'
  | 'hangul'
  | 'alphabet'
  | 'abugida'
  | 'symbols'
type Plain = Exclude<Kind, 'word' | 'space'>

/** Tokens of a character in a run of its kind. */
const shares: Readonly<Record<Plain, number>> = {
  lines: 0,
  marks: 0.48,
  ideographs: 0.95,
  hangul: 1.1,
  alphabet: 0.45,
  abugida: 0.7,
  symbols: 1.4,
}

const places: Readonly<Record<Plain, 0 | 1 | 2 | 3 | 4>> = {
  lines: 0,
  marks: 1,
  ideographs: 2,
  hangul: 2,
  alphabet: 3,
  abugida: 3,
  symbols: 4,
}

/** Letters that a token has beside the first few, and more for what is rare in every vocabulary. */
const commonChars = 5
const tokensPerLetter = 0.2
const tokensPerAccent = 0.4
/** Random text such as base64: too long for a word, with digits or capitals strewn in. */
const blobMinChars = 20
const tokensPerBlobChar = 0.7

/** A run of letters and digits: its digits by threes, its letters cut where a capital follows a small letter. */
const countWord = (
  text: string,
  start: number,
  end: number,
  tokens: [number, number, number, number, number],
): void => {
  let letters = 0
  let digits = 0
  let parts = 0
  for (let at = start; at < end;) {
    const isNumber = isDigit(text.charCodeAt(at))
    let accents = 0
    const from = at
    do {
      if (text.charCodeAt(at) >= 0x80) accents += 1
      at += 1
    } while (at < end && isDigit(text.charCodeAt(at)) === isNumber && !isHump(text, at))
    parts += 1
    if (isNumber) digits += Math.ceil((at - from) / 3)
    else letters += 1 + Math.max(0, at - from - commonChars) * tokensPerLetter + accents * tokensPerAccent
  }
  const isBlob = end - start >= blobMinChars && parts >= (end - start) / 6
  // With the digits, or what is learned from words would be wrong for it, and the reverse.
  if (isBlob) tokens[1] += Math.max(letters + digits, (end - start) * tokensPerBlobChar)
  else {
    tokens[0] += letters
    tokens[1] += digits
  }
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const isCapital = (code: number): boolean => code >= 0x41 && code <= 0x5a
const isHump = (text: string, at: number): boolean =>
  isCapital(text.charCodeAt(at)) && !isCapital(text.charCodeAt(at - 1))

/** One space belongs to the word or mark behind it; before a digit it stands alone. */
const takesSpace = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return code > 0x20 && !isDigit(code)
}

const kindOf = (code: number): Kind => {
  if (code < 0x80) {
    if ((code >= 0x61 && code <= 0x7a) || isCapital(code) || isDigit(code)) return 'word'
    if (code === 0x20 || code === 0x09) return 'space'
    return code === 0x0a || code === 0x0d ? 'lines' : 'marks'
  }
  // Latin with accents goes with its word.
  if (code >= 0xc0 && code < 0x250) return 'word'
  if (code >= 0x370 && code < 0x590) return 'alphabet'
  if (code >= 0x590 && code < 0x2000) return 'abugida'
  if ((code >= 0x2e80 && code < 0xa4d0) || (code >= 0xf900 && code < 0xfb00)) return 'ideographs'
  if (code >= 0xac00 && code < 0xd7b0) return 'hangul'
  return code >= 0xff00 && code < 0xfff0 ? 'ideographs' : 'symbols'
}
