import type {
  ChatInput,
  CompleteInput,
  EmbedInput,
  InferInput,
  InferenceRequest,
  Input,
  RerankInput,
  Sampling,
} from '../core/inference.ts'
import { defaultPrincipal } from '../core/principal.ts'
import { newTrace } from '../core/trace.ts'

let made = 0

export interface NewRequest {
  readonly model: string
  readonly input: Input
  /** Default false. */
  readonly stream?: boolean
  /** Default: one that never aborts. */
  readonly signal?: AbortSignal
}

/** A request as a surface would build it, with an id of its own. */
export const newRequest = ({ model, input, stream = false, signal }: NewRequest): InferenceRequest => ({
  id: `conformance-${(made += 1)}`,
  principal: defaultPrincipal,
  model,
  input,
  stream,
  signal: signal ?? new AbortController().signal,
  trace: newTrace('conformance', performance.now()),
})

/** Sampling under which most backends answer the same request with the same text. */
export const repeatable: Sampling = { temperature: 0, seed: 1, maxTokens: 16 }

export const newChat = (text: string, more: Partial<ChatInput> = {}): ChatInput => ({
  operation: 'chat',
  messages: [{ role: 'user', content: text }],
  sampling: repeatable,
  extra: {},
  ...more,
})

export const newComplete = (prompt: string, more: Partial<CompleteInput> = {}): CompleteInput => ({
  operation: 'complete',
  prompts: [prompt],
  sampling: repeatable,
  extra: {},
  ...more,
})

export const newEmbed = (inputs: readonly string[], more: Partial<EmbedInput> = {}): EmbedInput => ({
  operation: 'embed',
  inputs,
  extra: {},
  ...more,
})

export const newInfer = (text: string, more: Partial<InferInput> = {}): InferInput => ({
  operation: 'infer',
  inputs: [{ name: 'text_input', datatype: 'BYTES', shape: [1], data: [text] }],
  extra: {},
  ...more,
})

export const newRerank = (
  query: string,
  documents: readonly string[],
  more: Partial<RerankInput> = {},
): RerankInput => ({ operation: 'rerank', query, documents, extra: {}, ...more })

/** The plainest request of an operation about some text. */
export const newInput = (operation: Input['operation'], text: string): Input => {
  switch (operation) {
    case 'chat':
      return newChat(text)
    case 'complete':
      return newComplete(text)
    case 'embed':
      return newEmbed([text])
    case 'rerank':
      return newRerank(text, [text, 'Something else.'])
    case 'infer':
      return newInfer(text)
    case 'tokenize':
      return { operation, text }
  }
}
