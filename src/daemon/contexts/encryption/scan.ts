import type { StoredTurn } from '../../../core/context.ts'
import { McpdError } from '../../../core/errors.ts'
import type { SearchHit, SearchQuery } from '../../../core/journal.ts'
import { excerptOf, indexText, phrasesOf } from '../search-text.ts'

/** Where words are encrypted too, no index knows them: a search reads turns, at most so many. */
const scanMaxTurns = 20_000
/** Turns that are read in one step, so that others get in between. */
export const scanStepTurns = 200

/** What one step has found, of so many turns that it has looked at. */
export interface ScanStep {
  readonly seen: number
  readonly hits: readonly SearchHit[]
  /** The number to go on before; absent: there are no more. */
  readonly next?: number
}

/**
 * The turns with all words of a query, the best first; `step` looks at the next ones before a number, the newest
 * first. Throws OPERATION_UNSUPPORTED where there are too many: a search that finds half of what there is would not
 * say so.
 */
export const scan = async (
  { text, limit }: SearchQuery,
  step: (before: number | undefined) => Promise<ScanStep>,
): Promise<readonly SearchHit[]> => {
  if (phrasesOf(text).length === 0) return []
  let best: readonly SearchHit[] = []
  let looked = 0
  for (let before: number | undefined; ;) {
    const { seen, hits, next } = await step(before)
    looked += seen
    if (looked > scanMaxTurns) throw tooMany()
    best = [...best, ...hits].toSorted((left, right) => right.score - left.score).slice(0, limit)
    if (next === undefined) return best
    before = next
  }
}

/** The turn as a hit, where all words are in it. */
export const hitOf = (
  { tenant, text }: SearchQuery,
  context: string,
  { body, ...turn }: StoredTurn,
): SearchHit | undefined => {
  const phrases = phrasesOf(text)
  const score = scoreOf(body, phrases)
  return score === 0 ? undefined : { tenant, context, turn, score, excerpt: excerptOf(body, phrases) }
}

/** How often the phrases are there for the length of the text; 0 where one of them is missing. */
const scoreOf = (body: Buffer, phrases: readonly string[]): number => {
  const words = ` ${indexText(body)} `
  let count = 0
  for (const phrase of phrases) {
    const times = words.split(` ${phrase} `).length - 1
    if (times === 0) return 0
    count += times
  }
  return count / Math.sqrt(words.length)
}

const tooMany = (): McpdError =>
  new McpdError(
    'OPERATION_UNSUPPORTED',
    `Contexts are encrypted, so a search has to read them, and there are over ${scanMaxTurns} turns.`,
    { suggestions: ['Look for the context by its tags, and read it.'] },
  )
