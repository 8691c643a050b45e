import type { LlamaContextSequence, Token } from 'node-llama-cpp'
import { McpdError } from '../../../core/errors.ts'
import type { FinishReason, InferenceEvent, Sampling, Usage } from '../../../core/inference.ts'
import { createChannel } from './channel.ts'
import { limits, samplingDefaults } from './options.ts'
import type { SequencePool } from './sequences.ts'

/** What an operation gets besides its input. */
export interface Job {
  readonly emit: (event: InferenceEvent) => void
  readonly signal: AbortSignal
  readonly warn: (warning: string) => void
  /** A seed for a request that brings none. */
  readonly randomSeed: () => number
}

/**
 * Runs `work` and yields what it emits. Leaving the loop aborts it; the loop ends only when the work has.
 * What an unread answer can pile up is bounded by the context: every event carries at least one token.
 */
export async function* runJob(
  signal: AbortSignal,
  work: (emit: (event: InferenceEvent) => void, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<InferenceEvent> {
  const channel = createChannel<InferenceEvent>()
  const left = new AbortController()
  const working = work(channel.push, AbortSignal.any([signal, left.signal])).then(channel.end, channel.fail)
  try {
    for await (const event of channel) {
      // What was generated before an abort is not wanted after it.
      signal.throwIfAborted()
      yield event
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    left.abort(new McpdError('CANCELLED', 'Nobody reads the answer any more.'))
    await working
  }
}

/** Options that node-llama-cpp's generators share, none left to its defaults: those are greedy and penalise repetition. */
export const samplingOptions = (sampling: Sampling, randomSeed: () => number) => {
  const { presencePenalty, frequencyPenalty, repeatPenalty } = sampling
  const penalised = [presencePenalty, frequencyPenalty, repeatPenalty].some((value) => value !== undefined)
  return {
    temperature: sampling.temperature ?? samplingDefaults.temperature,
    topK: sampling.topK ?? samplingDefaults.topK,
    topP: sampling.topP ?? samplingDefaults.topP,
    minP: sampling.minP ?? samplingDefaults.minP,
    // Without one every answer begun in the same second would be the same.
    seed: (sampling.seed ?? randomSeed()) >>> 0,
    customStopTriggers: sampling.stop ?? [],
    repeatPenalty: penalised
      ? {
          lastTokens: limits.penaltyTokens,
          penalizeNewLine: true,
          penalty: repeatPenalty ?? 1,
          presencePenalty: presencePenalty ?? 0,
          frequencyPenalty: frequencyPenalty ?? 0,
        }
      : (false as const),
  }
}

/**
 * How many tokens may be generated, always a number: llama.cpp would otherwise shift the context and go on for ever.
 * Throws BAD_REQUEST when the prompt, or the prompt and what is asked for, do not fit in the context.
 */
export const maxTokensFor = (
  promptTokens: number,
  wanted: number | undefined,
  contextLength: number,
): number => {
  if (promptTokens === 0)
    throw new McpdError('BAD_REQUEST', 'The prompt is empty, so there is nothing to continue.')
  // One token of the context stays free for the one being sampled.
  const room = contextLength - promptTokens - 1
  if (room < 1)
    throw new McpdError(
      'BAD_REQUEST',
      `The prompt has ${promptTokens} tokens; the context of this model holds ${contextLength} with the answer.`,
      { suggestions: ['Shorten the prompt, or raise `contextLength` of the backend.'] },
    )
  if (wanted !== undefined && wanted > room)
    throw new McpdError(
      'BAD_REQUEST',
      `The prompt has ${promptTokens} tokens and the answer may take ${wanted}; the context of this model holds ${contextLength}.`,
      { suggestions: [`Ask for at most ${room} tokens, or leave the limit out.`] },
    )
  return wanted ?? room
}

/**
 * Evaluates all of the prompt but its last token, slice by slice, so that an abort need not wait for the whole.
 * Returns how many tokens the sequence still knew from before.
 */
const prefill = async (
  sequence: LlamaContextSequence,
  prompt: readonly Token[],
  signal: AbortSignal,
): Promise<number> => {
  const most = prompt.slice(0, -1)
  await sequence.adaptStateToTokens(most, false)
  const cached = sequence.nextTokenIndex
  for (let at = cached; at < most.length; at += limits.prefillTokens) {
    signal.throwIfAborted()
    await sequence.evaluateWithoutGeneratingNewTokens(most.slice(at, at + limits.prefillTokens))
  }
  signal.throwIfAborted()
  return cached
}

/** What one answer cost. */
export interface Cost {
  readonly usage: Usage
  readonly promptMs: number
  readonly generateMs: number
}

/** Waits for a sequence, has it read the prompt, and runs `generate` on it. */
export const withPrompt = async (
  sequences: SequencePool,
  prompt: readonly Token[],
  signal: AbortSignal,
  generate: (sequence: LlamaContextSequence) => Promise<void>,
): Promise<Cost> => {
  const { sequence, release } = await sequences.acquire(prompt, signal)
  let broken = false
  try {
    const startedMs = performance.now()
    const before = sequence.tokenMeter.getState()
    const cachedTokens = await prefill(sequence, prompt, signal)
    const prefilledMs = performance.now()
    await generate(sequence)
    // Sampled tokens, the end token among them.
    const outputTokens = sequence.tokenMeter.diff(before).usedOutputTokens
    return {
      usage: { inputTokens: prompt.length, outputTokens, cachedTokens },
      promptMs: prefilledMs - startedMs,
      generateMs: performance.now() - prefilledMs,
    }
  } catch (error) {
    // An abort is seen between two tokens, where the state of the sequence is whole.
    broken = !signal.aborted
    throw error
  } finally {
    await release(broken)
  }
}

/** The events that end an answer. */
export const emitCost = ({ usage, promptMs, generateMs }: Cost, emit: Job['emit']): void => {
  emit({ type: 'usage', usage })
  emit({ type: 'end', timings: { promptMs, generateMs } })
}

export const addCosts = (costs: readonly Cost[]): Cost => {
  const sum = (part: (cost: Cost) => number): number => costs.reduce((total, cost) => total + part(cost), 0)
  return {
    usage: {
      inputTokens: sum(({ usage }) => usage.inputTokens),
      outputTokens: sum(({ usage }) => usage.outputTokens),
      cachedTokens: sum(({ usage }) => usage.cachedTokens ?? 0),
    },
    promptMs: sum(({ promptMs }) => promptMs),
    generateMs: sum(({ generateMs }) => generateMs),
  }
}

const finishReasons: Readonly<Record<string, FinishReason>> = {
  eogToken: 'stop',
  stopGenerationTrigger: 'stop',
  customStopTrigger: 'stop',
  maxTokens: 'length',
  functionCalls: 'tool-calls',
}

export const finishReason = (stopReason: string): FinishReason => finishReasons[stopReason] ?? 'other'
