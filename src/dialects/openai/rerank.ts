import { McpdError } from '../../core/errors.ts'
import type { InferenceResponse, Ranked, RerankInput } from '../../core/inference.ts'
import { isRecord, numberOf, textOf, type Wire } from '../wire.ts'
import type { RerankBody } from './rerank-schemas.ts'
import { decodeUsage } from './usage.ts'

const names: ReadonlySet<string> = new Set([
  'model',
  'query',
  'documents',
  'top_n',
  'return_documents',
  'mcpd',
])

/** Reads a request that the schema of its route has accepted. `return_documents` is for the encoder of the answer. */
export const decodeRerank = (body: Wire): RerankInput => {
  const { query, documents, top_n: topN } = body as RerankBody
  return {
    operation: 'rerank',
    query,
    documents: documents.map((document) => (typeof document === 'string' ? document : document.text)),
    ...(topN != null && { topN }),
    extra: Object.fromEntries(
      Object.entries(body).filter(([name, value]) => value != null && !names.has(name)),
    ),
  }
}

/** The body of POST /rerank. The inverse of `decodeRerank`. */
export const encodeRerank = (
  { query, documents, topN, extra }: RerankInput,
  { model }: { readonly model: string },
): Record<string, unknown> => ({
  model,
  query,
  documents,
  ...(topN !== undefined && { top_n: topN }),
  ...extra,
})

/** Reads a whole answer. Throws BACKEND_ERROR when it is not one. */
export const decodeRanking = (body: Wire): InferenceResponse => {
  const results = rankingOf(body)
  const id = textOf(body['id'])
  const usage = decodeUsage(body['usage'])
  return {
    model: textOf(body['model']) ?? '',
    ...(id !== undefined && { id }),
    choices: [],
    ranking: results.map(decodeRanked).toSorted((left, right) => right.score - left.score),
    ...(usage && { usage }),
  }
}

/** The results of an answer. Throws BACKEND_ERROR when there are none. */
export const rankingOf = ({ results }: Wire): readonly unknown[] => {
  if (Array.isArray(results) && results.length > 0) return results
  throw malformed('it has no results')
}

const malformed = (why: string): McpdError =>
  new McpdError('BACKEND_ERROR', `The backend's answer is malformed: ${why}.`)

/** Cohere and vLLM call it relevance_score, others score. */
const decodeRanked = (result: unknown): Ranked => {
  const { index, relevance_score: relevance, score } = isRecord(result) ? result : {}
  const found = numberOf(relevance) ?? numberOf(score)
  if (!Number.isInteger(index) || (index as number) < 0 || found === undefined)
    throw malformed('a result has no index or no score')
  return { index: index as number, score: found }
}

// ---- towards clients ----

export interface EncodeRankingOptions {
  readonly id: string
  /** The model's name as the client knows it. */
  readonly model: string
  /** The documents to give back, where they were wanted. */
  readonly documents?: readonly string[]
}

/** The body of a whole answer. The inverse of `decodeRanking`. */
export const encodeRanking = (
  { ranking = [], usage }: InferenceResponse,
  { id, model, documents }: EncodeRankingOptions,
): object => ({
  id,
  model,
  results: ranking.map(({ index, score }) => ({
    index,
    relevance_score: score,
    ...(documents && { document: { text: documents[index] ?? '' } }),
  })),
  ...(usage && { usage: { prompt_tokens: usage.inputTokens, total_tokens: usage.inputTokens } }),
})
