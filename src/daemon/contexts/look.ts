import type { ContextKey } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import type { Target } from '../balance.ts'
import type { Registry } from '../registry.ts'
import { estimateMarginRatio } from './calibration.ts'
import type { PathTurn } from './path.ts'
import type { Pruning } from './pruning.ts'
import { addedTurn, readTurn, type Sight, type TalkRequest } from './talk.ts'
import type { ContextStore } from './store.ts'
import type { View } from './view.ts'

export interface ViewPlan {
  readonly budgetTokens: number
  /** In place of the newest question. */
  readonly query?: string
}

export interface LookParts {
  readonly registry: Registry
  readonly pruning: Pruning
}

/** Of the room of a model, what is left to its answer when the request does not say. */
const answerShare = 4
const answerMaxTokens = 4096

/**
 * What of a path a request sends: all that fits into the smallest window among those who may answer, less the room of
 * the answer, and into the budget of the request. Where no window is known and no budget given, everything. Throws
 * BAD_REQUEST for a conversation that does not fit, where the request would rather fail than leave turns out.
 */
export const createLook =
  ({ registry, pruning }: LookParts) =>
  async (path: readonly PathTurn[], request: TalkRequest, head: string): Promise<Sight> => {
    const { context, input, principal, signal, trace } = request
    const { model, window } = smallest((await registry.resolveRoute(request.adapter, request.model)).targets)
    const keepsAll = context.addition?.truncates === false
    const seen = await pruning.prune(
      path,
      {
        model,
        budgetTokens: keepsAll ? Number.MAX_SAFE_INTEGER : roomIn(window, request),
        ...(input.tools && { tools: input.tools }),
        pathKey: `${principal.tenant} ${context.id} ${head}`,
      },
      signal,
    )
    trace.warnings.push(...seen.warnings)
    if (keepsAll) requireFit(seen, window)
    return { turns: seen.kept, model, trace: { mode: seen.mode, tokens: seen.tokens, dropped: seen.dropped } }
  }

/** What the budget of a request and a window leave to the stored conversation; without limit where none is known. */
const roomIn = (window: number, { context, input: { sampling } }: TalkRequest): number => {
  const answer = sampling.maxTokens ?? Math.min(answerMaxTokens, Math.floor(window / answerShare))
  const room = Number.isFinite(window) ? window - answer : Number.MAX_SAFE_INTEGER
  const instructions = Buffer.byteLength(context.addition?.instructions ?? '') / bytesPerToken
  return Math.max(1, Math.min(context.budgetTokens ?? room, room) - Math.ceil(instructions))
}

/** Few texts have more tokens than a third of their bytes: instructions that are never stored are not counted. */
const bytesPerToken = 3

/** It is for the backend to say whether a conversation fits, unless it is plain that it does not. */
const requireFit = ({ tokens, exact }: View, window: number): void => {
  const least = exact ? tokens : Math.floor(tokens / (1 + estimateMarginRatio))
  if (least <= window) return
  throw new McpdError(
    'BAD_REQUEST',
    `The conversation has about ${least} tokens, and the window of the model has ${window}.`,
    {
      param: 'input',
      openaiCode: 'context_length_exceeded',
      suggestions: ['Send truncation "auto" to leave out what matters least.'],
    },
  )
}

/** The target with the least room, which a prompt has to fit whoever answers. */
const smallest = (targets: readonly Target[]): { readonly model: string; readonly window: number } => {
  const sized = targets.map(({ backend, model }) => ({
    model: `${backend.name}/${model}`,
    window: backend.find(model)?.contextLength ?? Number.POSITIVE_INFINITY,
  }))
  return sized.reduce((least, one) => (one.window < least.window ? one : least))
}

export interface ViewReport {
  readonly mode: string
  readonly tokens: number
  readonly exact: boolean
  readonly kept: readonly string[]
  readonly dropped: View['dropped']
}

/** The same without a request, for people who want to see it first. Counts are estimates then. */
export const createPreview =
  (contexts: ContextStore, pruning: Pruning) =>
  async (key: ContextKey, ref: string, { budgetTokens, query }: ViewPlan): Promise<ViewReport> => {
    const { heads } = await contexts.summary(key)
    const { turns } = await contexts.path(key, Object.hasOwn(heads, ref) ? { head: ref } : { turn: ref })
    const path = turns.map(readTurn)
    const asked = query === undefined ? undefined : questionBehind(path, query)
    const { mode, tokens, exact, kept, dropped } = await pruning.prune(
      asked ? [...path, asked] : path,
      { model: 'preview', budgetTokens, pathKey: `${key.tenant} ${key.context} ${ref}` },
      AbortSignal.timeout(previewMs),
    )
    return {
      mode,
      tokens,
      exact,
      kept: kept.filter((each) => each !== asked).map(({ turn }) => turn.id),
      dropped,
    }
  }

const previewMs = 30_000

/** A turn that nobody has stored. */
const questionBehind = (path: readonly PathTurn[], content: string): PathTurn =>
  readTurn(addedTurn({ message: { role: 'user', content }, pinned: false }, 'query', path.length + 1))
