import { needleConversation, type NeedleKind } from '../../../fixtures/contexts/needles.ts'
import type { Message } from '../../../src/core/inference.ts'
import type { PathTurn } from '../../../src/daemon/contexts/path.ts'
import { createRelevance, type VectorsOf } from '../../../src/daemon/contexts/relevance.ts'
import { view } from '../../../src/daemon/contexts/view.ts'
import { pathOf } from '../../unit/daemon/contexts/a-path.ts'

export interface Recall {
  /** Facts that were asked for. */
  asked: number
  /** Of those, facts that the view still had. */
  kept: number
}

export interface RecallOptions {
  /** Numbers of the conversations. */
  readonly conversations: readonly number[]
  /** Share of a conversation's tokens that a view may have. */
  readonly budgetRatio: number
  readonly vectorsOf?: VectorsOf
}

/** Only the ratio of counts matters here, not what a tokenizer makes of them. */
const tokensOf = ({ turn }: PathTurn): number => 4 + Math.ceil(turn.bodyBytes / 4)

/** Asks every question of the frozen set at the end of its conversation and counts the facts that a view keeps. */
export const measureRecall = (options: RecallOptions): ReadonlyMap<NeedleKind, Recall> => {
  const recalls = new Map<NeedleKind, Recall>()
  for (const seed of options.conversations) {
    const { messages, needles } = needleConversation(seed)
    const relevance = createRelevance()
    const total = pathOf(...messages).reduce((sum, turn) => sum + tokensOf(turn), 0)
    for (const { kind, question, facts } of needles) {
      const asked: Message = { role: 'user', content: question }
      const { kept } = view(pathOf(...messages, asked), {
        budgetTokens: Math.floor(total * options.budgetRatio),
        tokensOf,
        exact: true,
        relevance,
        ...(options.vectorsOf && { vectorsOf: options.vectorsOf }),
      })
      const ids = new Set(kept.map(({ turn }) => turn.id))
      const recall = recalls.get(kind) ?? { asked: 0, kept: 0 }
      recall.asked += facts.length
      recall.kept += facts.filter((at) => ids.has(`t${at + 1}`)).length
      recalls.set(kind, recall)
    }
  }
  return recalls
}
