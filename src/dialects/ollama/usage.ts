import type { BackendTimings, Usage } from '../../core/inference.ts'
import { numberOf, type Wire } from '../wire.ts'

const nanoseconds = 1e6

/** Counts of an answer that is done. Ollama leaves out what is 0, such as a prompt that was all in its cache. */
export const decodeUsage = (body: Wire): Usage => ({
  inputTokens: numberOf(body['prompt_eval_count']) ?? 0,
  outputTokens: numberOf(body['eval_count']) ?? 0,
})

export const decodeTimings = (body: Wire): BackendTimings | undefined => {
  const milliseconds = (name: string): number | undefined => {
    const value = numberOf(body[name])
    return value === undefined ? undefined : value / nanoseconds
  }
  const loadMs = milliseconds('load_duration')
  const promptMs = milliseconds('prompt_eval_duration')
  const generateMs = milliseconds('eval_duration')
  if (loadMs === undefined && promptMs === undefined && generateMs === undefined) return undefined
  return {
    ...(loadMs !== undefined && { loadMs }),
    ...(promptMs !== undefined && { promptMs }),
    ...(generateMs !== undefined && { generateMs }),
  }
}

/** What mcpd measured itself, for what a backend does not say. */
export interface Measured {
  readonly totalMs: number
  readonly promptMs?: number
  readonly generateMs: number
}

/** The counts and durations of an answer that is done. */
export const encodeMetrics = (
  usage: Usage | undefined,
  timings: BackendTimings | undefined,
  measured: Measured,
): object => {
  const promptMs = timings?.promptMs ?? measured.promptMs
  return {
    total_duration: toNanoseconds(measured.totalMs),
    ...(timings?.loadMs !== undefined && { load_duration: toNanoseconds(timings.loadMs) }),
    ...(usage && { prompt_eval_count: usage.inputTokens }),
    ...(promptMs !== undefined && { prompt_eval_duration: toNanoseconds(promptMs) }),
    ...(usage && { eval_count: usage.outputTokens }),
    eval_duration: toNanoseconds(timings?.generateMs ?? measured.generateMs),
  }
}

export const toNanoseconds = (milliseconds: number): number => Math.round(milliseconds * nanoseconds)
