import type { Json } from '../openapi/json.ts'
import type { Api, Operation } from './api/operation.ts'
import type { Call, Phase, Scenario, Step } from './call.ts'
import type { CoverageLog } from './coverage-log.ts'
import type { Random } from './draw/random.ts'
import type { Exchange } from './exchange.ts'
import type { FuzzSettings } from './settings.ts'
import type { Suspicion } from './judge/suspicion.ts'
import type { Story } from './story.ts'

/** What a run knows of one operation. */
export interface OperationMemory {
  readonly operation: Operation
  /** A call that was answered 2xx. */
  base?: Call
  requests: number
  successes: number
  spentMs: number
  timeouts: number
  readonly statuses: Map<number, number>
  /** Index of the producer that had a value for a parameter, by name. */
  readonly producers: Map<string, number>
}

/** Everything that the parts of a run share. */
export interface Session {
  readonly api: Api
  readonly settings: FuzzSettings
  /** Aborted when the time is over or the user has had enough. */
  readonly signal: AbortSignal
  readonly now: () => number
  readonly random: Random
  readonly coverage: CoverageLog
  readonly operations: readonly Operation[]
  memory(operation: Operation): OperationMemory
  send(call: Call, options?: SendOptions): Promise<Exchange>
  /** Judges what a scenario has shown; what is new is seen again before it counts. */
  suspect(scenario: Scenario, exchanges: readonly Exchange[], suspicions: readonly Suspicion[]): Promise<void>
  /** How the target refuses invalid data: status and code. */
  readonly refusalSigns: Set<string>
  /** By operation that writes: the step that reads what it wrote. */
  /** Requests of each phase, and the time that they took together. */
  readonly spent: Map<Phase, { requests: number; elapsedMs: number }>
  readers: Map<string, (story: Story) => Promise<Step | undefined>>
  phase: Phase
}

export interface SendOptions {
  /** The client goes away after so many bytes of the answer. */
  readonly cutAfterBytes?: number
  /** Not limited by the end of the run: a finding is being seen again. */
  readonly signal?: AbortSignal
}

const parsed = new WeakMap<Exchange, { readonly value: Json | undefined }>()

/** The body as JSON, or undefined. Read once. */
export const jsonOf = (exchange: Exchange | undefined): Json | undefined => {
  if (!exchange?.response) return undefined
  const known = parsed.get(exchange)
  if (known) return known.value
  let value: Json | undefined
  const { body, isCut } = exchange.response
  if (!isCut && /^\s*[[{"\-\dtfn]/.test(body))
    try {
      value = JSON.parse(body) as Json
    } catch {
      value = undefined
    }
  parsed.set(exchange, { value })
  return value
}

export const isSuccess = (exchange: Exchange | undefined): boolean => {
  const status = exchange?.response?.status ?? 0
  return status >= 200 && status < 300 && exchange?.failure === undefined
}

export const statusOf = (exchange: Exchange | undefined): number => exchange?.response?.status ?? 0
