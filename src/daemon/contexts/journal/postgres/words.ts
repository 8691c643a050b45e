import { indexText } from '../../search-text.ts'

/** What a tsvector holds of one turn: PostgreSQL counts places so far, and takes a megabyte. */
const wordsMax = 16_383
const wordMaxChars = 128
const bytesMax = 400_000

const quoted = (word: string): string => `'${word.slice(0, wordMaxChars).toWellFormed()}'`

/**
 * The words of a message as a tsvector in text. Words are found by mcpd, the same as in every journal, and have
 * letters and digits only, so nothing in them is syntax.
 */
export const vectorOf = (body: Buffer): string => {
  const parts: string[] = []
  let bytes = 0
  for (const [index, word] of indexText(body).split(' ').entries()) {
    if (word === '') continue
    const part = `${quoted(word)}:${index + 1}`
    bytes += Buffer.byteLength(part)
    if (index >= wordsMax || bytes > bytesMax) break
    parts.push(part)
  }
  return parts.join(' ')
}

/** A tsquery in text: every phrase, its words one behind the other. */
export const queryOf = (phrases: readonly string[]): string =>
  phrases.map((phrase) => `(${phrase.split(' ').map(quoted).join(' <-> ')})`).join(' & ')
