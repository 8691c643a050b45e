/** Saturation of repeated words and weight of a text's length: the values everybody uses. */
const k1 = 1.2
const b = 0.75

export interface Match {
  readonly document: number
  readonly score: number
  /** How rare the matched words are, all together, measured by a word that only one document has: 1 is one such. */
  readonly rarity: number
}

interface Posting {
  /** In rising order. */
  readonly documents: number[]
  readonly counts: number[]
}

interface Found {
  readonly posting: Posting
  /** In how many of the documents that count. */
  readonly found: number
}

/** Terms of a question that are looked up. */
const searchedMax = 24

export interface Bm25 {
  readonly size: number
  /** How many numbers it holds, about: a measure of its memory. */
  readonly weight: number
  /** Appends the next document. */
  add(terms: readonly string[]): void
  /** The matching documents among the first `end`, scored as if there were no others. */
  search(terms: readonly string[], end: number): readonly Match[]
}

/** An inverted index of documents that are only ever appended, ranked by BM25. */
export const createBm25 = (): Bm25 => {
  const postings = new Map<string, Posting>()
  const lengths: number[] = []
  let weight = 0
  /** Sum of the lengths of all documents before the one at the index. */
  const lengthBefore: number[] = [0]

  const add = (terms: readonly string[]): void => {
    const document = lengths.length
    lengths.push(terms.length)
    lengthBefore.push(lengthBefore[document]! + terms.length)
    weight += 2 * terms.length
    for (const term of terms) {
      const posting = postings.get(term)
      if (!posting) postings.set(term, { documents: [document], counts: [1] })
      else if (posting.documents.at(-1) === document) posting.counts[posting.counts.length - 1]! += 1
      else {
        posting.documents.push(document)
        posting.counts.push(1)
      }
    }
  }

  const search = (terms: readonly string[], end: number): readonly Match[] => {
    const meanLength = Math.max(1, lengthBefore[end]! / end)
    const rarest = idf(end, 1)
    const scores = new Float64Array(end)
    const rarities = new Float64Array(end)
    const matched: number[] = []
    for (const { posting, found } of rarestOf(terms, end)) {
      const weight = idf(end, found)
      const { documents, counts } = posting
      for (let at = 0; at < found; at += 1) {
        const document = documents[at]!
        const count = counts[at]!
        if (rarities[document] === 0) matched.push(document)
        scores[document]! +=
          (weight * (count * (k1 + 1))) / (count + k1 * (1 - b + (b * lengths[document]!) / meanLength))
        rarities[document]! += weight / rarest
      }
    }
    return matched.map((document) => ({
      document,
      score: scores[document]!,
      rarity: rarities[document]!,
    }))
  }

  /** What tells texts apart: a long question has many words that stand in most of them. */
  const rarestOf = (terms: readonly string[], end: number): readonly Found[] =>
    [...new Set(terms)]
      .flatMap((term): Found[] => {
        const posting = postings.get(term)
        const found = posting ? countBelow(posting.documents, end) : 0
        return posting && found > 0 ? [{ posting, found }] : []
      })
      .sort((left, right) => left.found - right.found)
      .slice(0, searchedMax)

  return {
    get size() {
      return lengths.length
    },
    get weight() {
      return weight
    },
    add,
    search,
  }
}

const idf = (documents: number, found: number): number =>
  Math.log(1 + (documents - found + 0.5) / (found + 0.5))

/** How many of the rising numbers are less than `end`. */
const countBelow = (numbers: readonly number[], end: number): number => {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle]! < end) low = middle + 1
    else high = middle
  }
  return low
}
