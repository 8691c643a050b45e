import { McpdError } from '../../core/errors.ts'
import type { Ranked, RerankInput } from '../../core/inference.ts'
import { isRecord, numberOf } from '../wire.ts'

/** Members of `extra` that the API has a use for. */
const extraNames: ReadonlySet<string> = new Set(['raw_scores', 'truncate', 'truncation_direction'])

/** A body of POST /rerank for some of the documents, and the members of the request that have no place in it. */
export const encodeRerank = (
  { query, extra }: RerankInput,
  texts: readonly string[],
): { readonly body: Readonly<Record<string, unknown>>; readonly dropped: readonly string[] } => ({
  body: {
    query,
    texts,
    ...Object.fromEntries(Object.entries(extra).filter(([name]) => extraNames.has(name))),
  },
  dropped: Object.keys(extra).filter((name) => !extraNames.has(name)),
})

/** The scores of an answer, one per text. Throws BACKEND_ERROR. */
export const decodeScores = (value: unknown, count: number): readonly Ranked[] => {
  if (!Array.isArray(value) || value.length !== count)
    throw new McpdError('BACKEND_ERROR', `The backend's answer is no list of ${count} scores.`)
  return (value as unknown[]).map((entry) => {
    const { index, score } = isRecord(entry) ? entry : {}
    const found = numberOf(score)
    if (
      !Number.isInteger(index) ||
      (index as number) < 0 ||
      (index as number) >= count ||
      found === undefined
    )
      throw new McpdError('BACKEND_ERROR', "A score of the backend's answer belongs to no text.")
    return { index: index as number, score: found }
  })
}
