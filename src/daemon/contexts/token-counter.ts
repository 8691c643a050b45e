import type { Message, Tool } from '../../core/inference.ts'
import { applyFactors, createCalibration } from './calibration.ts'
import { addEstimates, noTokens } from './estimate.ts'
import { createExactCounts, type ExactCountsOptions } from './exact-counts.ts'
import { estimateMessage, estimateTools, type MessageEstimate, tokensPerPrompt } from './message-tokens.ts'
import type { PathTurn } from './path.ts'

/** Counts of one path, as `view` takes them. */
export interface Counts {
  readonly tokensOf: (turn: PathTurn) => number
  /** Tools, and what a template writes besides. */
  readonly fixedTokens: number
  /** True where every message was counted by the model's own tokenizer. */
  readonly exact: boolean
  /** 0 where exact. */
  readonly marginRatio: number
}

export interface TokenCounter {
  /** Counts what was not counted before. What a tokenizer does not answer, or not in time, is estimated. */
  count(path: readonly PathTurn[], request: CountRequest, signal: AbortSignal): Promise<Counts>
  /** Learns from what a backend says that a prompt of these messages had. */
  observe(messages: readonly Message[], tools: readonly Tool[], inputTokens: number): void
}

export interface CountRequest {
  readonly tools?: readonly Tool[]
  /** What the counts are for: where it is far more than the estimate, no tokenizer is asked. */
  readonly budgetTokens?: number
}

/** Without `tokenize` estimates are all there is. */
export type TokenCounterOptions = Omit<ExactCountsOptions, 'tokenize'> & Partial<ExactCountsOptions>

/** Bodies whose estimates are kept in memory. */
const bodiesMax = 100_000
/** A budget of so many times the estimate is kept whatever the tokenizer would say. */
const farRatio = 6

/** Counts the tokens of one model at one backend. */
export const createTokenCounter = ({ tokenize, ...options }: TokenCounterOptions): TokenCounter => {
  const calibration = createCalibration()
  const exact = tokenize && createExactCounts({ ...options, tokenize })
  const estimates = new Map<string, MessageEstimate>()

  const estimateOf = ({ turn, message }: PathTurn): MessageEstimate => {
    const known = estimates.get(turn.bodyHash)
    if (known) return known
    const made = estimateMessage(message)
    if (estimates.size >= bodiesMax) estimates.delete(estimates.keys().next().value!)
    estimates.set(turn.bodyHash, made)
    return made
  }
  const estimated = ({ text, fixedTokens }: MessageEstimate): number =>
    Math.ceil(applyFactors(text, calibration.factors())) + fixedTokens

  const count = async (
    path: readonly PathTurn[],
    { tools = [], budgetTokens = 0 }: CountRequest,
    signal: AbortSignal,
  ): Promise<Counts> => {
    signal.throwIfAborted()
    const toolTokens = tools.length > 0 ? estimated(estimateTools(tools)) : 0
    const isFar = (): boolean =>
      path.reduce((sum, each) => sum + estimated(estimateOf(each)), toolTokens) * farRatio < budgetTokens
    if (exact && !isFar()) await exact.fill(path, signal)
    const template = exact?.template()
    const isExact =
      template !== undefined && tools.length === 0 && path.every((each) => exact?.of(each) !== undefined)
    return {
      tokensOf: (each) => exact?.of(each) ?? estimated(estimateOf(each)),
      fixedTokens: (template?.perPrompt ?? tokensPerPrompt) + toolTokens,
      exact: isExact,
      marginRatio: isExact ? 0 : calibration.marginRatio(),
    }
  }

  const observe = (messages: readonly Message[], tools: readonly Tool[], inputTokens: number): void => {
    // What a picture costs differs too much from what it is counted as.
    if (!messages.every(isText)) return
    const all = [...messages.map(estimateMessage), ...(tools.length > 0 ? [estimateTools(tools)] : [])]
    const fixed = all.reduce((sum, { fixedTokens }) => sum + fixedTokens, tokensPerPrompt)
    calibration.observe(
      all.reduce((sum, { text }) => addEstimates(sum, text), noTokens),
      inputTokens - fixed,
    )
  }

  return { count, observe }
}

const isText = ({ content }: Message): boolean =>
  content === null || typeof content === 'string' || content.every(({ type }) => type === 'text')
