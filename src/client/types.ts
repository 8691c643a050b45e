import type { ModelCapability } from '../core/adapter.ts'
import type { Tensor, TensorParameters } from '../core/tensor.ts'
import type { FinishReason, Operation, ToolCall, Usage } from '../core/inference.ts'

/** What goes over the wire of mcpd's native API, as JSON. Lengths are tokens, times milliseconds. */

export interface CallOptions {
  /** Ends this request; the daemon cancels it at the backend. */
  readonly signal?: AbortSignal | undefined
}

export interface ModelEntry {
  /** `backend/model`: what requests name it by. */
  readonly id: string
  readonly name: string
  readonly adapter: string
  readonly backend: string
  readonly operations: readonly Operation[]
  readonly contextLength?: number
  readonly trainedContextLength?: number
  readonly embeddingDimensions?: number
  /** Inputs that one embedding request may have. */
  readonly embeddingBatchMax?: number
  /** Whether chat and complete answer piece by piece. */
  readonly streaming?: boolean
  readonly capabilities?: readonly ModelCapability[]
  readonly description?: string
  readonly aliases?: readonly string[]
  /** The backend that answers to the bare name instead, being earlier in the config. */
  readonly shadowedBy?: string
}

export interface AdapterEntry {
  readonly type: string
  readonly description: string
  /** Where it runs: `module` or `sidecar`. */
  readonly host: string
  /** The file or the command; absent for one that mcpd brings. */
  readonly source?: string
  readonly backends: readonly string[]
}

/** `model` is an id of `models()`, `backend/model` or `adapter/model`; the rest are OpenAI's fields, sent as they are. */
export interface ModelRequest {
  readonly model: string
  readonly [field: string]: unknown
}

export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  readonly content: string | readonly Readonly<Record<string, unknown>>[] | null
  readonly [field: string]: unknown
}

export interface SamplingFields {
  readonly temperature?: number
  readonly top_p?: number
  readonly max_tokens?: number
  readonly stop?: string | readonly string[]
  readonly seed?: number
}

export interface ChatRequest extends ModelRequest, SamplingFields {
  readonly messages: readonly ChatMessage[]
  /** The kept conversation to go on with. `head` is the name of a head, or the turn that must still be the last. */
  readonly mcpd?: {
    readonly context?: {
      readonly id: string
      readonly head?: string
      readonly budgetTokens?: number
      readonly onConflict?: 'reject' | 'fork'
    }
  }
}

export interface CompleteRequest extends ModelRequest, SamplingFields {
  readonly prompt: string | readonly string[]
}

export interface EmbedRequest extends ModelRequest {
  readonly input: string | readonly string[]
  readonly dimensions?: number
}

/** `top_n` are wanted; all when absent. */
export interface RerankRequest extends ModelRequest {
  readonly query: string
  readonly documents: readonly string[]
  readonly top_n?: number
}

/** `outputs` are those wanted; all when absent. */
export interface InferRequest extends ModelRequest {
  readonly inputs: readonly Tensor[]
  readonly outputs?: readonly { readonly name: string; readonly parameters?: TensorParameters }[]
  readonly parameters?: TensorParameters
}

/** Exactly one of `text` and `messages`. */
export interface TokenizeRequest extends ModelRequest {
  readonly text?: string
  readonly messages?: readonly ChatMessage[]
}

export interface Answer<Output> {
  readonly id: string
  readonly adapter: string
  readonly backend: string
  readonly model: string
  readonly output: Output
  readonly finishReason?: FinishReason
  /** Null when the backend does not say. */
  readonly usage: Usage | null
  readonly timings: Timings
  /** Parameters that were left out or changed, in words. */
  readonly warnings: readonly string[]
}

export interface Timings {
  /** Wait for a slot of the backend. */
  readonly queueMs: number
  /** Receipt to first output; null for an answer that came whole. */
  readonly ttftMs: number | null
  readonly totalMs: number
}

export type ChatAnswer = Answer<{
  readonly role: 'assistant'
  readonly content: string | null
  readonly toolCalls?: readonly ToolCall[]
  readonly reasoning?: string
}>
export type CompleteAnswer = Answer<{ readonly text: string }>
export type EmbedAnswer = Answer<{ readonly embeddings: readonly (readonly number[])[] }>
/** Best first; `index` is the document's place in the request. */
export type RerankAnswer = Answer<{
  readonly ranking: readonly { readonly index: number; readonly score: number }[]
}>
export type InferAnswer = Answer<{ readonly tensors: readonly Tensor[] }>
export type TokenizeAnswer = Answer<{
  readonly tokens: readonly number[]
  readonly count: number
  readonly contextLength?: number
}>

/** `index` is the choice an event belongs to, `call` the tool call within it. Always ends with `end`, or throws. */
export type ChatEvent =
  | {
      readonly type: 'start'
      readonly id: string
      readonly adapter: string
      readonly backend: string
      readonly model: string
      readonly warnings: readonly string[]
    }
  | { readonly type: 'text-delta'; readonly index: number; readonly text: string }
  | { readonly type: 'reasoning-delta'; readonly index: number; readonly text: string }
  | {
      readonly type: 'tool-call-delta'
      readonly index: number
      readonly call: number
      readonly id?: string
      readonly name?: string
      readonly argumentsText: string
    }
  | { readonly type: 'finish'; readonly index: number; readonly reason: FinishReason }
  | ({ readonly type: 'usage' } & Usage)
  | { readonly type: 'end'; readonly timings: Timings }

export interface HealthReport {
  readonly ok: boolean
  readonly detail?: string
  readonly version?: string
}

/** A model that a backend holds in memory. Sizes in bytes; absent when the backend does not say. */
export interface RunningModel {
  readonly name: string
  readonly size?: number
  /** The part of it that is in the memory of graphics cards. */
  readonly size_vram?: number
  readonly context_length?: number
  /** ISO 8601: when it will be let go of if nobody asks for it. */
  readonly expires_at?: string
}

/** One step of a pull, in Ollama's words. Sizes in bytes. */
export interface PullStep {
  readonly status: string
  readonly digest?: string
  readonly total?: number
  readonly completed?: number
}

/** What a reload did, by the names of backends. */
export interface ReloadReport {
  readonly added: readonly string[]
  readonly replaced: readonly string[]
  readonly removed: readonly string[]
  readonly kept: readonly string[]
  /** Settings that changed but hold from the next start on. */
  readonly restartNeeded: readonly string[]
  /** What is worth knowing besides, in sentences. */
  readonly advice?: readonly string[]
  /** From when the new was ready until it took over. */
  readonly switchMs?: number
}

export type Circuit = 'closed' | 'open' | 'half-open'

export interface ModelHealth {
  readonly backend: string
  readonly adapter: string
  readonly model: string
  readonly health: HealthReport
  readonly circuit: Circuit
}

export interface BackendStatus {
  readonly name: string
  readonly adapter: string
  /** The file or the command of an adapter that mcpd did not bring. */
  readonly source?: string
  /** How many versions of that file the daemon has loaded, and holds. */
  readonly loads?: number
  readonly url?: string
  readonly health: HealthReport
  readonly circuit: Circuit
  /** It finishes what it has and is given nothing new. */
  readonly draining: boolean
  readonly inFlight: number
  readonly queued: number
  readonly models: readonly string[]
}

/** As an entry of `backends` in mcpd.yaml; further members are the adapter's options. */
export interface BackendEntry {
  readonly name: string
  readonly adapter: string
  readonly [option: string]: unknown
}

export interface DrainReport {
  readonly name: string
  readonly draining: boolean
  /** Requests it still works on. */
  readonly inFlight: number
}

/** What would be chosen for a name now, and why. */
export interface RouteReport {
  readonly model: string
  readonly group?: string
  readonly strategy: string
  readonly stickyBy?: string
  /** `backend/model` that an ordinary request would get now. */
  readonly chosen: string
  readonly targets: readonly RouteTarget[]
}

export interface RouteTarget {
  readonly id: string
  readonly adapter: string
  readonly weight: number
  readonly healthy: boolean
  readonly circuit: Circuit
  readonly inFlight: number
  readonly queued: number
  /** Expected time to the first output; null until something was seen. */
  readonly latencyMs: number | null
  /** What p2c compares; lower is better. */
  readonly cost: number
  /** Why it is not taken while others are there. */
  readonly passedOver?: string
}

export interface DaemonStatus {
  readonly pid: number
  readonly version: string
  readonly url: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly uptimeMs: number
  readonly stateDir: string
  readonly configPath?: string
  readonly draining: boolean
  readonly rssBytes: number
  readonly requests: { readonly total: number; readonly failed: number; readonly inFlight: number }
  readonly backends: readonly BackendStatus[]
}
