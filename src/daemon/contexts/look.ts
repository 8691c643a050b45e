import type { ContextKey } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { Registry } from '../registry.ts'
import type { PathTurn } from './path.ts'
import { addedTurn, readTurn, type Sight, type TalkRequest } from './talk.ts'
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
 * the answer, and into the budget of the request. Where no window is known and no budget given, everything. Throws
 * BAD_REQUEST for a conversation that does not fit, where the request would rather fail than leave out turns.
 */
export const createLook =
  ({ registry, counting }: LookParts) =>
  async (path: readonly PathTurn[], request: TalkRequest): Promise<Sight> => {
    const { budgetTokens: wanted = Number.MAX_SAFE_INTEGER, addition } = request.context
    const route = await registry.resolveRoute(request.adapter, request.model)
    const windows = route.targets.flatMap(({ backend, model }) => backend.find(model)?.contextLength ?? [])
    const window = Math.min(...windows)
    const count = counting(request.model)
    const fixedTokens =
      addition?.instructions === undefined ? 0 : count.tokensOf(systemTurn(addition.instructions))
    const keepsAll = addition?.truncates === false
    const seen = view(path, {
      ...count,
      fixedTokens,
      budgetTokens: keepsAll ? Number.MAX_SAFE_INTEGER : Math.min(wanted, roomIn(window, request)),
      // Whether it fits is for the backend to say, unless it is plain that it does not.
      ...(keepsAll && { marginRatio: 0 }),
    })
    const { mode, tokens, dropped } = seen
    if (keepsAll && tokens > window) throw tooLong(tokens, window)
    return { turns: seen.kept, trace: { mode, tokens, dropped } }
  }

/** What a window leaves to the conversation; without limit where it is not known. */
const roomIn = (window: number, { input: { sampling } }: TalkRequest): number => {
  if (!Number.isFinite(window)) return Number.MAX_SAFE_INTEGER
  const answer = sampling.maxTokens ?? Math.min(answerMaxTokens, Math.floor(window / answerShare))
  return Math.max(1, window - answer)
}

const tooLong = (tokens: number, window: number): McpdError =>
  new McpdError(
    'BAD_REQUEST',
    `The conversation has about ${tokens} tokens, and the window of the model has ${window}.`,
    {
      param: 'input',
      openaiCode: 'context_length_exceeded',
      suggestions: ['Send truncation "auto" to leave out what matters least.'],
    },
  )

const systemTurn = (content: string): PathTurn =>
  readTurn(addedTurn({ message: { role: 'system', content }, pinned: true }, 'instructions', 0))

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
const questionBehind = (path: readonly PathTurn[], content: string): PathTurn =>
  readTurn(addedTurn({ message: { role: 'user', content }, pinned: false }, 'query', path.length + 1))
