import type { TSchema } from 'typebox'
import type { InferenceEvent, InferenceRequest, Operation } from './inference.ts'
import type { Transport, TransportResponse } from './transport.ts'

/**
 * An adapter turns InferenceRequests into one backend's calls. One plain object from one factory;
 * optional members are capabilities. It translates and never invents: a parameter the backend cannot take
 * is refused with BAD_REQUEST or named in `request.trace.warnings`.
 */
export interface Adapter {
  readonly specVersion: 1
  readonly operations: readonly Operation[]
  /** Yields events as core/inference.ts lays down; throws McpdError. Stops when `request.signal` aborts. */
  infer(request: InferenceRequest): AsyncIterable<InferenceEvent>
  models(signal: AbortSignal): Promise<readonly Model[]>
  health(signal: AbortSignal): Promise<Health>
  close(): Promise<void>
  /** Rejects with the reason when it is known that this adapter can never serve, such as for a broken model file. */
  readonly ready?: Promise<void>
  /** The listed model that a name is a variant of, such as one with a provider after it; the name itself is sent. */
  variantOf?(name: string): string | undefined
  /** Says before anything is sent why the request cannot be served; undefined = it can. */
  validate?(request: InferenceRequest): string | undefined
  /** Gauges of the backend itself, by name. */
  metrics?(signal: AbortSignal): Promise<Readonly<Record<string, number>>>
  /** Hands a request of the backend's own API on as it is: for routes that mcpd does not know. */
  forward?(request: ForwardRequest): Promise<TransportResponse>
  readonly manage?: ModelManagement | undefined
  /** What the backend itself says of a model, in its own dialect. Throws MODEL_NOT_FOUND. */
  readonly describe?: ((model: string, signal: AbortSignal) => Promise<Description>) | undefined
  /** The operations of the backend's API that this adapter relies on, such as `POST /api/chat`. */
  readonly uses: readonly string[]
}

/** A request for a route below the backend's API, such as `/audio/speech`. */
export interface ForwardRequest {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH'
  /** Below the base URL of the API, beginning with a slash, with its query. */
  readonly path: string
  readonly contentType?: string
  readonly accept?: string
  readonly body?: Buffer
  readonly signal: AbortSignal
}

export interface ModelManagement {
  /** `keepAlive` is how long it stays in memory unused: seconds, or a duration such as `10m`; negative is for ever. */
  load?(model: string, signal: AbortSignal, keepAlive?: string | number): Promise<void>
  unload?(model: string, signal: AbortSignal): Promise<void>
  pull?(model: string, signal: AbortSignal): AsyncIterable<PullProgress>
  remove?(model: string, signal: AbortSignal): Promise<void>
}

/** Sizes in bytes. */
export interface PullProgress {
  readonly status: string
  readonly totalBytes?: number
  readonly completedBytes?: number
  /** The file that is being fetched. */
  readonly digest?: string
}

export interface Model {
  /** The backend's own name for it. */
  readonly name: string
  /** Other names the backend takes for the same model, such as one without its default tag. */
  readonly aliases?: readonly string[]
  readonly operations: readonly Operation[]
  /** Tokens of context the backend will really take; absent when it does not say. */
  readonly contextLength?: number
  /** Tokens of context the model was trained for. */
  readonly trainedContextLength?: number
  readonly embeddingDimensions?: number
  /** Inputs that one embed request may have. */
  readonly embeddingBatchMax?: number
  /** Whether chat and complete come piece by piece; absent = they do. */
  readonly streaming?: boolean
  readonly capabilities?: readonly ModelCapability[]
  /** A sentence for people, such as where the model came from. */
  readonly description?: string
  /** Unix seconds; absent when unknown. */
  readonly created?: number
  readonly ownedBy?: string
  /** What its files are, as far as the backend says. */
  readonly file?: ModelFile
  /** Its place in memory; null = it is in none now; absent = the backend does not say. */
  readonly memory?: ModelMemory | null
}

export interface ModelFile {
  readonly digest?: string
  readonly sizeBytes?: number
  /** Such as `gguf`. */
  readonly format?: string
  /** The architecture, such as `llama`. */
  readonly family?: string
  /** In words, such as `8.0B`. */
  readonly parameterSize?: string
  /** Such as `Q4_K_M`. */
  readonly quantization?: string
}

export interface ModelMemory {
  readonly sizeBytes?: number
  /** The part of it on a graphics card. */
  readonly gpuBytes?: number
  /** When it is given up if nobody uses it; RFC 3339. */
  readonly expiresAt?: string
}

export interface Description {
  readonly dialect: string
  readonly body: Readonly<Record<string, unknown>>
}

export type ModelCapability = 'tools' | 'vision' | 'audio' | 'structured-output' | 'reasoning'

export interface Health {
  readonly ok: boolean
  /** Why not, or what is worth knowing; one line. */
  readonly detail?: string
  readonly version?: string
}

/** What a host gives the adapters that run in it. */
export interface AdapterHost {
  /** The backend's name in the config. */
  readonly name: string
  /** Opens the HTTP connections of a backend; closed by the host. */
  readonly connect: (baseUrl: string) => Transport
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: object) => void
}

/** Where an adapter runs: in the daemon, or in a child process that may crash alone. */
export type HostKind = 'module' | 'sidecar'

export interface AdapterModule<Options = unknown> {
  readonly type: string
  readonly description: string
  readonly host: HostKind
  /** Options beside `name` and `adapter` in the backend's config entry. */
  readonly options: TSchema
  create(options: Options, host: AdapterHost): Adapter
}
