import type { ContextUse } from './context-use.ts'
import type { Principal } from './principal.ts'
import type { Tensor, TensorParameters } from './tensor.ts'
import type { Trace } from './trace.ts'

/**
 * The one idea: `infer(request): AsyncIterable<InferenceEvent>`. A unary answer is one `whole` event,
 * a stream is deltas, both fold to the same `InferenceResponse` (fold.ts). Failure is a thrown McpdError.
 */
export type Invoke = (request: InferenceRequest) => AsyncIterable<InferenceEvent>

/** Whatever cuts across requests: before, around, after `yield* next(request)`. */
export type Guard = (next: Invoke) => Invoke

/** `compose([a, b], invoke)` = a(b(invoke)): the first guard is the outermost. */
export const compose = (guards: readonly Guard[], invoke: Invoke): Invoke =>
  guards.reduceRight((next, guard) => guard(next), invoke)

export const operations = ['chat', 'complete', 'embed', 'rerank', 'tokenize', 'infer'] as const
export type Operation = (typeof operations)[number]

export interface InferenceRequest {
  readonly id: string
  readonly principal: Principal
  /** The surface's `{adapter_type}`: an adapter's type or a backend's name. Absent on surfaces that only name a model. */
  readonly adapter?: string
  /** As the client wrote it; the route guard replaces it by the backend's own name for it. */
  readonly model: string
  readonly input: Input
  readonly stream: boolean
  readonly priority?: Priority
  /** The stored conversation that the request goes on with; the recall guard takes it from here. */
  readonly context?: ContextUse
  /** The client's own headers, for routing by them; never passed on to a backend. */
  readonly header?: (name: string) => string | undefined
  /** The client's bytes, for a backend that speaks the same dialect. */
  readonly frame?: RequestFrame
  /** Aborted with an McpdError as its reason: CANCELLED when the client went away, DEADLINE_EXCEEDED, SHUTTING_DOWN. */
  readonly signal: AbortSignal
  readonly trace: Trace
}

/** Who goes first where requests have to wait. */
export const priorities = ['high', 'normal', 'low'] as const
export type Priority = (typeof priorities)[number]

/** A request body exactly as it arrived, with its parsed form. */
export interface RequestFrame {
  readonly dialect: string
  readonly bytes: Buffer
  readonly body: Readonly<Record<string, unknown>>
  /** How many of `bytes` are JSON, where binary data follows it; absent = all. */
  readonly jsonLength?: number
}

// ---- input ----

export type Input = ChatInput | CompleteInput | EmbedInput | RerankInput | TokenizeInput | InferInput

/** Sampling parameters. An absent one means: the backend's default. */
export interface Sampling {
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly maxTokens?: number
  readonly stop?: readonly string[]
  readonly seed?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly repeatPenalty?: number
  readonly logitBias?: Readonly<Record<string, number>>
}

export interface ChatInput {
  readonly operation: 'chat'
  readonly messages: readonly Message[]
  readonly sampling: Sampling
  readonly tools?: readonly Tool[]
  readonly toolChoice?: 'none' | 'auto' | 'required' | { readonly name: string }
  readonly parallelToolCalls?: boolean
  readonly responseFormat?: ResponseFormat
  readonly reasoningEffort?: string
  /** How many answers; 1 when absent. */
  readonly choices?: number
  /** Alternatives wanted per token, 0 for the chosen token alone. Absent: no log probabilities. */
  readonly topLogprobs?: number
  /** Members of the body that have no name here, passed on to backends of the same dialect. */
  readonly extra: Readonly<Record<string, unknown>>
}

export interface CompleteInput {
  readonly operation: 'complete'
  readonly prompts: readonly (string | readonly number[])[]
  readonly suffix?: string
  readonly echo?: boolean
  readonly choices?: number
  readonly topLogprobs?: number
  readonly sampling: Sampling
  readonly extra: Readonly<Record<string, unknown>>
}

export interface EmbedInput {
  readonly operation: 'embed'
  readonly inputs: readonly (string | readonly number[])[]
  readonly dimensions?: number
  readonly extra: Readonly<Record<string, unknown>>
}

/** Texts to be put in order by how well they answer a query. */
export interface RerankInput {
  readonly operation: 'rerank'
  readonly query: string
  readonly documents: readonly string[]
  /** How many of the best are wanted; all when absent. */
  readonly topN?: number
  readonly extra: Readonly<Record<string, unknown>>
}

/** Exactly one of `text` and `messages`; messages are counted through the model's chat template. */
export interface TokenizeInput {
  readonly operation: 'tokenize'
  readonly text?: string
  readonly messages?: readonly Message[]
}

/** Raw tensors, for models that are not about text, or not as mcpd knows it. */
export interface InferInput {
  readonly operation: 'infer'
  readonly inputs: readonly Tensor[]
  /** The outputs wanted; all when absent. */
  readonly outputs?: readonly WantedOutput[]
  /** Of the request, for the model. */
  readonly parameters?: TensorParameters
  readonly extra: Readonly<Record<string, unknown>>
}

export interface WantedOutput {
  readonly name: string
  /** `binary_data: true` asks for `base64`, `classification: n` for the n highest values. */
  readonly parameters?: TensorParameters
}

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool'

export interface Message {
  readonly role: Role
  readonly content: string | readonly Part[] | null
  readonly name?: string
  readonly toolCalls?: readonly ToolCall[]
  /** On a `tool` message: the call it answers. */
  readonly toolCallId?: string
  readonly reasoning?: string
  /** Members of the message that have no name here, passed on to backends of the same dialect. */
  readonly extra?: Readonly<Record<string, unknown>>
}

export type Part =
  | { readonly type: 'text'; readonly text: string }
  /** `url` is an http(s) or data: URL. */
  | { readonly type: 'image'; readonly url: string; readonly detail?: string }
  /** `data` is base64. */
  | { readonly type: 'audio'; readonly data: string; readonly format: string }
  /** A part no dialect of ours knows, kept as it came. */
  | { readonly type: 'other'; readonly value: Readonly<Record<string, unknown>> }

export interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON text, as models write it: it may be malformed. */
  readonly argumentsText: string
}

export interface Tool {
  readonly name: string
  readonly description?: string
  /** JSON Schema of the arguments. */
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly strict?: boolean
}

export type ResponseFormat =
  | { readonly type: 'text' | 'json' }
  | {
      readonly type: 'json-schema'
      readonly name: string
      readonly description?: string
      readonly schema: Readonly<Record<string, unknown>> | boolean
      readonly strict?: boolean
    }

// ---- events ----

/**
 * Bytes of a backend's stream, of one frame (an SSE event, an NDJSON line) with its end-of-frame bytes.
 * All events decoded from one frame share the same object; an encoder of the same dialect writes it once.
 */
export interface Frame {
  readonly dialect: string
  readonly bytes: Buffer
}

interface Framed {
  readonly frame?: Frame
}

/** Per stream: one `start`, then deltas, a `finish` per choice, at most one `usage`, one `end`. Or one `whole`. */
export type InferenceEvent =
  | StartEvent
  | TextDelta
  | ReasoningDelta
  | ToolCallDelta
  | EmbeddingEvent
  | RankingEvent
  | TokensEvent
  | TensorsEvent
  | FinishEvent
  | UsageEvent
  | OtherEvent
  | EndEvent
  | WholeEvent

export interface StartEvent extends Framed {
  readonly type: 'start'
  /** The model's name as the backend states it. */
  readonly model: string
  readonly id?: string
}

/** `index` is the choice the delta belongs to. */
export interface TextDelta extends Framed {
  readonly type: 'text-delta'
  readonly index: number
  readonly text: string
  readonly logprobs?: readonly TokenLogprob[]
}

export interface ReasoningDelta extends Framed {
  readonly type: 'reasoning-delta'
  readonly index: number
  readonly text: string
}

/** A fragment of the `call`th tool call of a choice; `id` and `name` come with the first fragment. */
export interface ToolCallDelta extends Framed {
  readonly type: 'tool-call-delta'
  readonly index: number
  readonly call: number
  readonly id?: string
  readonly name?: string
  readonly argumentsText: string
}

export interface EmbeddingEvent extends Framed {
  readonly type: 'embedding'
  readonly index: number
  readonly values: readonly number[]
}

export interface RankingEvent extends Framed {
  readonly type: 'ranking'
  /** Best first. */
  readonly ranking: readonly Ranked[]
}

/** `index` is the document's place in the request; of two scores the higher is the better. */
export interface Ranked {
  readonly index: number
  readonly score: number
}

export interface TokensEvent extends Framed {
  readonly type: 'tokens'
  readonly tokens: readonly number[]
  /** How many there are, where the backend counts without saying which; `tokens` is empty then. */
  readonly count?: number
  readonly contextLength?: number
}

/** One response of a model; a model that streams gives several. */
export interface TensorsEvent extends Framed {
  readonly type: 'tensors'
  readonly tensors: readonly Tensor[]
}

export interface FinishEvent extends Framed {
  readonly type: 'finish'
  readonly index: number
  readonly reason: FinishReason
}

export interface UsageEvent extends Framed {
  readonly type: 'usage'
  readonly usage: Usage
}

/** A frame that means nothing to us (a comment, a ping, an unknown event): only a pass-through writes it. */
export interface OtherEvent {
  readonly type: 'other'
  readonly frame: Frame
}

/** The backend said that it is done. A stream without it has failed with BACKEND_INCOMPLETE. */
export interface EndEvent extends Framed {
  readonly type: 'end'
  readonly timings?: BackendTimings
}

/** The answer to a unary request: the raw body where there is one, decoded on demand. */
export interface WholeEvent extends Framed {
  readonly type: 'whole'
  readonly usage?: Usage
  readonly response: () => InferenceResponse
}

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'other'

export interface TokenLogprob {
  readonly token: string
  readonly logprob: number
  readonly bytes?: readonly number[] | null
  readonly top?: readonly TokenLogprob[]
}

/** Token counts as the backend states them. */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  /** Input tokens served from a prefix cache, part of `inputTokens`. */
  readonly cachedTokens?: number
  /** Output tokens spent on reasoning, part of `outputTokens`. */
  readonly reasoningTokens?: number
}

/** What a backend says of its own work, in milliseconds. */
export interface BackendTimings {
  readonly loadMs?: number
  readonly promptMs?: number
  readonly generateMs?: number
}

// ---- response ----

export interface Choice {
  readonly index: number
  readonly text: string | null
  readonly reasoning?: string
  readonly toolCalls?: readonly ToolCall[]
  readonly logprobs?: readonly TokenLogprob[]
  readonly finishReason: FinishReason
}

/** A folded stream or a decoded body. `choices` for chat and complete, `embeddings` for embed, `ranking` for rerank, `tokens` for tokenize, `tensors` for infer. */
export interface InferenceResponse {
  readonly model: string
  readonly id?: string
  readonly choices: readonly Choice[]
  readonly embeddings?: readonly (readonly number[])[]
  readonly ranking?: readonly Ranked[]
  readonly tokens?: readonly number[]
  readonly tokenCount?: number
  readonly contextLength?: number
  /** Of all responses of the model, in the order in which they came. */
  readonly tensors?: readonly Tensor[]
  readonly usage?: Usage
  readonly timings?: BackendTimings
}

/** Whether an event carries output. The first such event is the first token: from then on a request is never retried. */
export const isContent = (event: InferenceEvent): boolean => {
  switch (event.type) {
    case 'text-delta':
    case 'reasoning-delta':
      return event.text !== ''
    case 'tool-call-delta':
    case 'embedding':
    case 'ranking':
    case 'tokens':
    case 'tensors':
    case 'whole':
      return true
    default:
      return false
  }
}
