/**
 * The demo model's tokenizer: byte-pair encoding as GPT-2 does it, learnt from the demo text.
 * llama.cpp cuts text with the same pattern and merges in the same order, so counts made here hold there.
 */

export interface Vocabulary {
  /** Every token as GGUF wants it: bytes in the GPT-2 alphabet, the control tokens last. */
  readonly tokens: readonly string[]
  /** Pairs in the order they were learnt, `left right`. */
  readonly merges: readonly string[]
  readonly controls: { readonly endOfText: number; readonly turnStart: number; readonly turnEnd: number }
  encode(text: string): number[]
}

const controlNames = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const

const wordPattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu

/** GPT-2's printable stand-in for each byte: printable Latin-1 is itself, the rest count up from U+0100. */
const byteAlphabet = (): string[] => {
  let next = 0x100
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++))
}

const alphabet = byteAlphabet()

const cut = (text: string): string[][] =>
  (text.match(wordPattern) ?? []).map((word) => Array.from(Buffer.from(word), (byte) => alphabet[byte] ?? ''))

const mergePair = (parts: readonly string[], left: string, right: string): string[] => {
  const merged: string[] = []
  for (let at = 0; at < parts.length; at++) {
    if (parts[at] === left && parts[at + 1] === right) {
      merged.push(left + right)
      at++
    } else merged.push(parts[at] ?? '')
  }
  return merged
}

/** The pair that stands next to each other most often; of equals the first by code units. */
const commonestPair = (
  words: ReadonlyMap<string, { parts: string[]; count: number }>,
): string | undefined => {
  const counts = new Map<string, number>()
  for (const { parts, count } of words.values())
    for (let at = 0; at + 1 < parts.length; at++) {
      const pair = `${parts[at]} ${parts[at + 1]}`
      counts.set(pair, (counts.get(pair) ?? 0) + count)
    }
  let best: string | undefined
  let bestCount = 0
  for (const [pair, count] of counts)
    if (count > bestCount || (count === bestCount && best !== undefined && pair < best)) {
      best = pair
      bestCount = count
    }
  return best
}

/** Learns merges until every word of the texts is one token. */
export const learnVocabulary = (texts: readonly string[]): Vocabulary => {
  const words = new Map<string, { parts: string[]; count: number }>()
  for (const parts of texts.flatMap(cut)) {
    const word = words.get(parts.join(''))
    if (word) word.count++
    else words.set(parts.join(''), { parts, count: 1 })
  }
  const merges: string[] = []
  for (let pair = commonestPair(words); pair !== undefined; pair = commonestPair(words)) {
    merges.push(pair)
    const [left = '', right = ''] = pair.split(' ')
    for (const word of words.values()) word.parts = mergePair(word.parts, left, right)
  }

  const tokens = [...alphabet, ...merges.map((pair) => pair.replace(' ', '')), ...controlNames]
  const ids = new Map(tokens.map((token, id) => [token, id]))
  const ranks = new Map(merges.map((pair, rank) => [pair, rank]))
  const encodeWord = (letters: string[]): number[] => {
    let parts = letters
    for (;;) {
      const pairs = parts.slice(1).map((right, at) => `${parts[at]} ${right}`)
      const ranked = pairs.filter((pair) => ranks.has(pair))
      if (ranked.length === 0) return parts.map((part) => ids.get(part) ?? 0)
      const next = ranked.reduce((a, b) => ((ranks.get(b) ?? 0) < (ranks.get(a) ?? 0) ? b : a))
      const [left = '', right = ''] = next.split(' ')
      parts = mergePair(parts, left, right)
    }
  }
  const last = tokens.length - 1
  return {
    tokens,
    merges,
    controls: { endOfText: last - 2, turnStart: last - 1, turnEnd: last },
    encode: (text) => cut(text).flatMap(encodeWord),
  }
}
