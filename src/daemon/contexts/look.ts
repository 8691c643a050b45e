import type { ContextKey } from '../../core/context.ts'
import type { Registry } from '../registry.ts'
import type { PathTurn } from './path.ts'
import { readTurn, type Sight, type TalkRequest } from './talk.ts'
import type { ContextStore } from './store.ts'
import { view, type View, type ViewOptions } from './view.ts'

export interface ViewPlan {
  readonly budgetTokens: number
  /** In place of the newest question. */
  readonly query?: string
}

type Counting = Pick<ViewOptions, 'tokensOf' | 'exact'>

export interface LookParts {
  readonly registry: Registry
  /** How to count the tokens of a model's messages. */
  readonly counting: (model: string | undefined) => Counting
}

/** Of the room of a model, what is left to its answer when the request does not say. */
const answerShare = 4
const answerMaxTokens = 4096

/**
 * What of a path a request sends: all that fits into the smallest window among those who may answer, less the room of
 * the answer, and into the budget of the request. Where no window is known and no budget given, everything.
 */
export const createLook =
  ({ registry, counting }: LookParts) =>
  async (path: readonly PathTurn[], request: TalkRequest): Promise<Sight> => {
    const { sampling } = request.input
    const route = await registry.resolveRoute(request.adapter, request.model)
    const windows = route.targets.flatMap(({ backend, model }) => backend.find(model)?.contextLength ?? [])
    const window = Math.min(...windows)
    const answer = sampling.maxTokens ?? Math.min(answerMaxTokens, Math.floor(window / answerShare))
    const budgetTokens = Math.min(
      request.context.budgetTokens ?? Number.MAX_SAFE_INTEGER,
      Number.isFinite(window) ? Math.max(1, window - answer) : Number.MAX_SAFE_INTEGER,
    )
    const seen = view(path, { budgetTokens, ...counting(request.model) })
    const { mode, tokens, dropped } = seen
    return { turns: seen.kept, trace: { mode, tokens, dropped } }
  }

export interface ViewReport {
  readonly mode: string
  readonly tokens: number
  readonly exact: boolean
  readonly kept: readonly string[]
  readonly dropped: View['dropped']
}

/** The same without a request, for people who want to see it first. */
export const createPreview =
  (contexts: ContextStore, { counting }: Pick<LookParts, 'counting'>) =>
  async (key: ContextKey, ref: string, { budgetTokens, query }: ViewPlan): Promise<ViewReport> => {
    const { heads } = await contexts.summary(key)
    const { turns } = await contexts.path(key, Object.hasOwn(heads, ref) ? { head: ref } : { turn: ref })
    const path = turns.map(readTurn)
    const asked = query === undefined ? undefined : questionBehind(path, query)
    const { mode, tokens, exact, kept, dropped } = view(asked ? [...path, asked] : path, {
      budgetTokens,
      ...counting(undefined),
    })
    return {
      mode,
      tokens,
      exact,
      kept: kept.filter((each) => each !== asked).map(({ turn }) => turn.id),
      dropped,
    }
  }

/** A turn that nobody has stored. */
const questionBehind = (path: readonly PathTurn[], content: string): PathTurn => ({
  message: { role: 'user', content },
  turn: {
    id: 'query',
    parent: path.at(-1)?.turn.id ?? null,
    seq: path.length + 1,
    role: 'user',
    at: 0,
    state: 'complete',
    bodyHash: '',
    chainHash: '',
    bodyBytes: content.length,
    pinned: false,
  },
})
