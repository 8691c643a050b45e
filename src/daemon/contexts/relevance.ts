import { createBm25, type Match } from './bm25.ts'
import type { PathTurn } from './path.ts'
import { searchTextOf, termsOf } from './terms.ts'
import type { Unit } from './units.ts'

export type RelevanceMode = 'lexical' | 'semantic'

export interface Ranked {
  /** Place of the unit in the list that was given. */
  readonly unit: number
  /** 0 to 1, the best match has 1; and up to 0.1 more for being recent. */
  readonly score: number
  /** Near enough to the question to be fetched back although the view has moved on. */
  readonly related: boolean
}

export interface Ranking {
  /** null: the question has no word to search by. */
  readonly mode: RelevanceMode | null
  /** Units that have something of the question, best first. */
  readonly ranked: readonly Ranked[]
}

/** Vectors of length 1 of the pieces of a message; none where its text has none, such as an empty one. */
export type VectorsOf = (turn: PathTurn) => readonly Float32Array[]

/**
 * Ranks units by what they have to do with a question. It reads each unit once; one that is kept with a path costs
 * only what was added since. It gives the same answers as a fresh one would.
 */
export interface Relevance {
  /** How many numbers it holds, at most: a measure of its memory. */
  readonly weight: number
  /** Says which path it is about. Units may be appended between calls; any other change makes it read all again. */
  read(units: readonly Unit[]): void
  /** The units before the one at `question`, as they were when it was asked. `vectorsOf` makes it semantic. */
  rank(question: number, vectorsOf?: VectorsOf): Ranking
}

/** What recency adds to a score; enough that the newer of two equal statements wins. */
export const recencyWeight = 0.1
/** Units that a ranking holds at most. */
const rankedMax = 1000
/** Rankings kept. A view needs those of the questions since its last cut. */
const keptMax = 64
/** A unit is related when what it shares with the question is nearly as rare as a word that stands nowhere else… */
const relatedRarity = 0.5
/** …and when it is not far behind the best. */
const relatedShare = 0.4
/** So many of the nearest in meaning are related: a bound of similarity would fit one model only. */
const nearestMax = 12
/** Fused scores lie near each other; more would let recency decide. */
const fusedRecency = 0.1
/** Of reciprocal rank fusion. */
const fusionRank = 60

export const createRelevance = (): Relevance => {
  let index = createBm25()
  let units: readonly Unit[] = []
  let rankings = new Map<string, Ranking>()

  const read = (next: readonly Unit[]): void => {
    if (!isContinued(units, next, index.size)) {
      index = createBm25()
      rankings = new Map()
    }
    units = next
    // The last unit may still grow by results, and nobody asks for what was just said.
    for (let at = index.size; at < units.length - 1; at += 1) index.add(termsOf(unitText(units[at]!)))
  }

  const rank = (question: number, vectorsOf?: VectorsOf): Ranking => {
    const turn = units[question]?.turns[0]
    if (!turn) return { mode: null, ranked: [] }
    const key = `${vectorsOf?.(turn).length ? 'semantic' : 'lexical'} ${turn.turn.chainHash}`
    const known = rankings.get(key)
    if (known) return known
    const made = make(turn, question, vectorsOf)
    rankings.set(key, made)
    if (rankings.size > keptMax) rankings.delete(rankings.keys().next().value!)
    return made
  }

  const make = (turn: PathTurn, end: number, vectorsOf?: VectorsOf): Ranking => {
    const terms = termsOf(searchTextOf(turn.message))
    const lexical = index.search(terms, Math.min(end, index.size))
    const vectors = vectorsOf?.(turn) ?? []
    if (vectors.length > 0 && vectorsOf)
      return { mode: 'semantic', ranked: fuse(lexical, similarities(units, end, vectors, vectorsOf), end) }
    return { mode: terms.length > 0 ? 'lexical' : null, ranked: byScore(lexical, end) }
  }

  return {
    get weight() {
      return index.weight
    },
    read,
    rank,
  }
}

/** Whether what is indexed of `before` stands at the beginning of `after`: equal chains are equal histories. */
const isContinued = (before: readonly Unit[], after: readonly Unit[], indexed: number): boolean =>
  indexed === 0 ||
  before[indexed - 1]!.turns[0]!.turn.chainHash === after[indexed - 1]?.turns[0]!.turn.chainHash

const unitText = ({ turns }: Unit): string => turns.map(({ message }) => searchTextOf(message)).join('\n')

const best = (ranked: Ranked[]): readonly Ranked[] =>
  ranked.sort((left, right) => right.score - left.score || right.unit - left.unit).slice(0, rankedMax)

const byScore = (matches: readonly Match[], end: number): readonly Ranked[] => {
  const top = matches.reduce((most, { score }) => Math.max(most, score), 0)
  return best(
    matches.map(({ document, score, rarity }) => ({
      unit: document,
      score: score / top + recency(document, end),
      related: rarity >= relatedRarity && score >= relatedShare * top,
    })),
  )
}

/** How much being recent counts for the unit, among `end` of them. */
export const recency = (unit: number, end: number): number => (recencyWeight * (unit + 1)) / end

interface Similarity {
  readonly unit: number
  readonly cosine: number
}

/** How near the nearest piece of each unit is to the nearest of the question. */
const similarities = (
  units: readonly Unit[],
  end: number,
  question: readonly Float32Array[],
  vectorsOf: VectorsOf,
): readonly Similarity[] =>
  units.slice(0, end).flatMap(({ turns }, unit) => {
    let nearest = -Infinity
    for (const turn of turns)
      for (const vector of vectorsOf(turn))
        for (const asked of question) nearest = Math.max(nearest, dot(asked, vector))
    return nearest === -Infinity ? [] : [{ unit, cosine: nearest }]
  })

const dot = (left: Float32Array, right: Float32Array): number => {
  let sum = 0
  for (let at = 0; at < left.length; at += 1) sum += left[at]! * (right[at] ?? 0)
  return sum
}

/**
 * By reciprocal ranks: words find names and numbers, meaning finds the rest, and neither finds both. Of the words only
 * those count that are rare enough to say something, or common ones would push away what is near in meaning.
 */
const fuse = (matches: readonly Match[], similar: readonly Similarity[], end: number): readonly Ranked[] => {
  const lexical = byScore(matches, end).filter(({ related }) => related)
  const near = similar.toSorted((left, right) => right.cosine - left.cosine || right.unit - left.unit)
  const related = new Set([...lexical, ...near.slice(0, nearestMax)].map(({ unit }) => unit))
  const scores = new Map<number, number>()
  for (const list of [lexical, near])
    for (const [rank, { unit }] of list.entries())
      scores.set(unit, (scores.get(unit) ?? 0) + 1 / (fusionRank + rank))
  const top = 2 / fusionRank
  return best(
    [...scores].map(([unit, score]) => ({
      unit,
      score: score / top + fusedRecency * recency(unit, end),
      related: related.has(unit),
    })),
  )
}
