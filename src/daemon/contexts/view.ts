import { McpdError } from '../../core/errors.ts'
import { estimateMarginRatio } from './calibration.ts'
import { instructionsOf, isSummary, type PathTurn } from './path.ts'
import { createRelevance, type Relevance, type VectorsOf } from './relevance.ts'
import { select, type Selection, type SelectionMode } from './selection.ts'
import { coveredBy, type Unit, unitsOf } from './units.ts'

export interface ViewOptions {
  /** Tokens that the messages of the view may take in all, with `fixedTokens`. */
  readonly budgetTokens: number
  /** Tokens of one message, with what a chat template puts around it. */
  readonly tokensOf: (turn: PathTurn) => number
  /** Whether `tokensOf` counts as the backend does. */
  readonly exact: boolean
  /** Added to all counts; 0 where they are exact, else 0.1 when absent. */
  readonly marginRatio?: number
  /** Tokens beside the messages, such as those of tools; 0 when absent. */
  readonly fixedTokens?: number
  /** Kept by callers who ask about the same path again; the result is the same without. */
  readonly relevance?: Relevance
  /** Vectors of the path's messages: with one for the question, relevance is semantic. */
  readonly vectorsOf?: VectorsOf
}

/**
 * Why a turn is not in a view: its answer is not there (`aborted`, `streaming`); others replaced it (`superseded`) or
 * a summary stands for it (`summarised`); a call without results, or the reverse (`unpaired`); no room (`budget`); an
 * answer without a question before it, at the beginning (`order`).
 */
export type DropReason =
  | 'aborted'
  | 'streaming'
  | 'superseded'
  | 'summarised'
  | 'unpaired'
  | 'budget'
  | 'order'

export interface Dropped {
  readonly id: string
  readonly tokens: number
  readonly reason: DropReason
}

export interface View {
  /** Instructions, summary, and the rest in the order of the path. */
  readonly kept: readonly PathTurn[]
  /** All others, in the order of the path. */
  readonly dropped: readonly Dropped[]
  /** Of what is kept and fixed, with the margin; never more than the budget. */
  readonly tokens: number
  readonly exact: boolean
  readonly mode: SelectionMode
}

/**
 * The part of a path, root to leaf, that goes to a model: always its instructions, its pinned turns and the newest
 * question; then what is recent; then what has to do with the question, under the budget. It changes nothing and
 * gives the same for the same. Throws BAD_REQUEST when what must be there needs more than the budget.
 *
 * At 90 % of the budget a view is cut to 60 % and then only grows, so that backends find the beginning of most
 * prompts in their caches. Where the cuts fall follows from the path alone.
 */
export const view = (path: readonly PathTurn[], options: ViewOptions): View => {
  const marginRatio = options.marginRatio ?? (options.exact ? 0 : estimateMarginRatio)
  const { fixedTokens = 0, budgetTokens, tokensOf } = options
  const sorted = sortOut(path)
  const first = [...sorted.instructions, ...(sorted.summary ? [sorted.summary] : [])]
  const taken = first.reduce((sum, turn) => sum + tokensOf(turn), fixedTokens)
  const relevance = options.relevance ?? createRelevance()
  const selection = select({
    units: sorted.units.map((unit, at) => ({
      ...unit,
      tokens: unit.turns.reduce((sum, turn) => sum + tokensOf(turn), 0),
      summarised: sorted.summarised.has(at),
    })),
    roomTokens: Math.floor(budgetTokens / (1 + marginRatio)) - taken,
    opensWithUser: sorted.summary !== undefined,
    rank: (question) => {
      relevance.read(sorted.units)
      return relevance.rank(question, options.vectorsOf)
    },
  })
  if (selection.neededTokens !== undefined)
    throw tooSmall(budgetTokens, Math.ceil((taken + selection.neededTokens) * (1 + marginRatio)))
  const chosen = [...selection.kept].sort((left, right) => left - right)
  const kept = [...first, ...chosen.flatMap((at) => sorted.units[at]!.turns)]
  return {
    kept,
    dropped: droppedOf(path, new Set(kept), sorted, selection, tokensOf),
    tokens: Math.ceil((taken + selection.keptTokens) * (1 + marginRatio)),
    exact: options.exact,
    mode: selection.mode,
  }
}

interface Sorted {
  readonly instructions: readonly PathTurn[]
  readonly summary?: PathTurn
  readonly units: readonly Unit[]
  /** Places of the units that the summary stands for. */
  readonly summarised: ReadonlySet<number>
  /** Of the turns that are in none of the above. */
  readonly reasons: ReadonlyMap<PathTurn, DropReason>
}

/** Parts a path into what every view has, what it chooses from, and what no view has. */
const sortOut = (path: readonly PathTurn[]): Sorted => {
  const reasons = new Map<PathTurn, DropReason>()
  const complete = path.filter((each) => {
    if (each.turn.state !== 'complete') reasons.set(each, each.turn.state)
    return each.turn.state === 'complete'
  })
  const { current, superseded } = instructionsOf(complete)
  const summaries = complete.filter(({ turn }) => isSummary(turn))
  const summary = summaries.pop()
  for (const each of [...superseded, ...summaries]) reasons.set(each, 'superseded')
  const apart = new Set([...current, ...superseded, ...summaries, ...(summary ? [summary] : [])])
  const { units, unpaired } = unitsOf(complete.filter((each) => !apart.has(each)))
  for (const each of unpaired) reasons.set(each, 'unpaired')
  return {
    instructions: current,
    ...(summary && { summary }),
    units,
    summarised: summary ? summarisedBy(summary, units) : new Set(),
    reasons,
  }
}

const summarisedBy = (summary: PathTurn, units: readonly Unit[]): ReadonlySet<number> =>
  new Set(coveredBy(units.filter(({ turns }) => turns[0]!.turn.seq < summary.turn.seq)))

const droppedOf = (
  path: readonly PathTurn[],
  kept: ReadonlySet<PathTurn>,
  { units, summarised, reasons }: Sorted,
  { outOfOrder }: Selection,
  tokensOf: ViewOptions['tokensOf'],
): readonly Dropped[] => {
  const special = new Map(reasons)
  for (const [places, reason] of [
    [summarised, 'summarised'],
    [outOfOrder, 'order'],
  ] as const)
    for (const at of places) for (const turn of units[at]!.turns) special.set(turn, reason)
  const dropped: Dropped[] = []
  for (const turn of path)
    if (!kept.has(turn))
      dropped.push({ id: turn.turn.id, tokens: tokensOf(turn), reason: special.get(turn) ?? 'budget' })
  return dropped
}

const tooSmall = (budgetTokens: number, neededTokens: number): McpdError =>
  new McpdError(
    'BAD_REQUEST',
    `The instructions, the pinned turns and the newest message need ${neededTokens} tokens, and the budget is ${budgetTokens}.`,
    {
      param: 'mcpd.context.budgetTokens',
      suggestions: [
        `Give a budget of at least ${neededTokens} tokens, or take a model with a longer window.`,
        'Unpin turns, or send a shorter message.',
      ],
    },
  )
