import { indexText } from '../../search-text.ts'

const wordMaxChars = 128
/** A tsvector takes a megabyte. */
const bytesMax = 400_000

const quoted = (word: string): string => `'${word.slice(0, wordMaxChars).toWellFormed()}'`

/**
 * The words of messages as a tsvector in text, each once and without its places: what may be in one of them. Words are
 * found by mcpd, the same as in every journal, and have letters and digits only, so nothing in them is syntax.
 */
export const vectorOf = (bodies: readonly Buffer[]): string => {
  const parts = new Set<string>()
  let bytes = 0
  for (const body of bodies)
    for (const word of indexText(body).split(' ')) {
      const part = quoted(word)
      if (word === '' || parts.has(part)) continue
      bytes += Buffer.byteLength(part)
      if (bytes > bytesMax) return [...parts].join(' ')
      parts.add(part)
    }
  return [...parts].join(' ')
}

/** A tsquery in text: all words of phrases, wherever they are. */
export const allOf = (phrases: readonly string[]): string =>
  phrases.flatMap((phrase) => phrase.split(' ').map(quoted)).join(' & ')
