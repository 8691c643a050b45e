import type { InferenceEvent, InferInput, RequestFrame, WholeEvent } from '../../../core/inference.ts'
import type { EncodedPrompt } from '../../../dialects/kserve/generate-request.ts'
import type { Layout } from '../../../dialects/kserve/layout.ts'
import type { ModelFacts } from '../../../dialects/kserve/model.ts'
import type { Wire } from '../../../dialects/wire.ts'

/**
 * The server behind an adapter, over HTTP or gRPC. Models are named as mcpd names them, with a version at the end
 * where one is meant. Everything throws the McpdError that the server's refusal means.
 */
export interface Server extends Questions, Inferences {
  close(): Promise<void>
}

/** What it says of itself and its models. */
export interface Questions {
  /** Whether it is up, whatever its models. */
  isLive(signal: AbortSignal): Promise<boolean>
  /** Whether all its models are ready. */
  isReady(signal: AbortSignal): Promise<boolean>
  /** Its name, version and extensions. */
  describe(signal: AbortSignal): Promise<Wire>
  index(signal: AbortSignal): Promise<readonly Wire[]>
  facts(model: string, signal: AbortSignal): Promise<ModelFacts>
  /** As its own config describes it. */
  config(model: string, signal: AbortSignal): Promise<Wire>
  /** Of each model that has run; empty where it keeps none. */
  statistics(signal: AbortSignal): Promise<readonly Wire[]>
  load(model: string, signal: AbortSignal): Promise<void>
  unload(model: string, signal: AbortSignal): Promise<void>
}

export interface Inferences {
  infer(call: InferCall): Promise<WholeEvent>
  /** Every response of a model as it comes; absent where the protocol has no such thing. */
  inferStream?(call: InferCall): AsyncIterable<InferenceEvent>
  /** Whether `generate` also asks models that may give any number of responses, as long as they give one. */
  readonly generatesDecoupled: boolean
  generate(call: TextCall): Promise<WholeEvent>
  generateStream(call: TextCall): AsyncIterable<InferenceEvent>
}

interface Call {
  readonly model: string
  readonly id: string
  /** The client's own bytes, where it speaks the server's dialect. */
  readonly frame?: RequestFrame
  readonly signal: AbortSignal
}

export interface InferCall extends Call {
  readonly input: InferInput
  /** Absent where the server does not tell. */
  readonly facts?: ModelFacts
}

export interface TextCall extends Call {
  readonly layout: Layout
  readonly prompt: EncodedPrompt
}
