import { McpdError } from '../../core/errors.ts'
import type {
  ChatInput,
  CompleteInput,
  EmbedInput,
  InferenceEvent,
  InferenceResponse,
  Usage,
} from '../../core/inference.ts'
import { readEvents } from '../../client/events.ts'
import * as ollama from '../../dialects/ollama/request-encoder.ts'
import { errorInside as ollamaErrorInside } from '../../dialects/ollama/errors.ts'
import { decodeResponse as decodeOllama } from '../../dialects/ollama/response.ts'
import { decodeStream as decodeOllamaStream } from '../../dialects/ollama/stream-decoder.ts'
import * as openai from '../../dialects/openai/request-encoder.ts'
import { errorInside } from '../../dialects/openai/errors.ts'
import { decodeResponse } from '../../dialects/openai/response.ts'
import { decodeStream } from '../../dialects/openai/stream-decoder.ts'
import { isRecord, type Wire as Body } from '../../dialects/wire.ts'
import { operationOf, type Target } from '../target.ts'

/** What is sent for one prompt. */
export interface WireRequest {
  readonly path: string
  readonly body: Buffer
}

/** A dialect as the bench uses it: how a prompt is asked, and how its answer is read. */
export interface Wire {
  request(text: string, outputTokens: number): WireRequest
  /** Throws McpdError as the dialects do. */
  events(body: AsyncIterable<Buffer>): AsyncIterable<InferenceEvent>
  /** Reads a whole answer, already parsed. Throws McpdError. */
  whole(body: Body): InferenceResponse
}

type Input = ChatInput | CompleteInput | EmbedInput

const inputOf = ({ wire, extra }: Target, text: string, outputTokens: number): Input => {
  const sampling = { maxTokens: outputTokens }
  switch (operationOf(wire)) {
    case 'chat':
      return { operation: 'chat', messages: [{ role: 'user', content: text }], sampling, extra }
    case 'complete':
      return { operation: 'complete', prompts: [text], sampling, extra }
    default:
      return { operation: 'embed', inputs: [text], extra }
  }
}

export const wireOf = (target: Target): Wire => {
  if (target.wire.startsWith('openai-')) return openaiWire(target)
  return target.wire.startsWith('ollama-') ? ollamaWire(target) : nativeWire(target)
}

const jsonBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

const encodeOpenAi = (input: Input, options: openai.EncodeRequestOptions): object => {
  if (input.operation === 'chat') return openai.encodeChat(input, options)
  return input.operation === 'complete'
    ? openai.encodeComplete(input, options)
    : openai.encodeEmbed(input, options)
}

const openaiPaths = { chat: '/chat/completions', complete: '/completions', embed: '/embeddings' } as const

const openaiWire = (target: Target): Wire => {
  const operation = operationOf(target.wire)
  return {
    request: (text, outputTokens) => ({
      path: openaiPaths[operation],
      body: jsonBytes(encodeOpenAi(inputOf(target, text, outputTokens), target)),
    }),
    // A stream whose choices have all finished is whole, whether or not [DONE] follows.
    events: (body) =>
      decodeStream(operation === 'complete' ? 'complete' : 'chat', body, { doneOptional: true }),
    whole: (body) => {
      throwIf(errorInside(body))
      return decodeResponse(operation, body)
    },
  }
}

const ollamaPaths = { chat: '/api/chat', complete: '/api/generate', embed: '/api/embed' } as const
const ollamaForms = { chat: 'chat', complete: 'generate', embed: 'embed' } as const

const ollamaWire = (target: Target): Wire => {
  const operation = operationOf(target.wire)
  const encode = (input: Input): ollama.EncodedRequest => {
    if (input.operation === 'chat') return ollama.encodeChat(input, target)
    return input.operation === 'complete'
      ? ollama.encodeComplete(input, target)
      : ollama.encodeEmbed(input, target)
  }
  return {
    request: (text, outputTokens) => ({
      path: ollamaPaths[operation],
      body: jsonBytes(encode(inputOf(target, text, outputTokens)).body),
    }),
    events: (body) =>
      decodeOllamaStream(operation === 'complete' ? 'generate' : 'chat', body, { id: 'bench' }),
    whole: (body) => {
      throwIf(ollamaErrorInside(body))
      return decodeOllama(ollamaForms[operation], body, 'bench')
    },
  }
}

/** The daemon's own API: OpenAI's members in the request, events of our own in the answer. */
const nativeWire = (target: Target): Wire => {
  const operation = operationOf(target.wire)
  const slash = target.model.indexOf('/')
  const [backend, model] = [target.model.slice(0, slash), target.model.slice(slash + 1)]
  if (slash < 1)
    throw new McpdError('USAGE', `The native API names models as backend/model, not "${target.model}".`)
  return {
    request: (text, outputTokens) => {
      const { model: _, ...body } = encodeOpenAi(inputOf(target, text, outputTokens), {
        ...target,
        streamUsage: false,
      }) as Record<string, unknown>
      return {
        path: `/mcp/v1/${encodeURIComponent(backend)}/${encodeURIComponent(model)}/${operation}`,
        body: jsonBytes(body),
      }
    },
    events: (body) => nativeEvents(readEvents(body, target.url)),
    whole: nativeWhole,
  }
}

async function* nativeEvents(events: ReturnType<typeof readEvents>): AsyncGenerator<InferenceEvent> {
  for await (const event of events) {
    if (event.type === 'usage') yield { type: 'usage', usage: event }
    else if (event.type === 'end') yield { type: 'end' }
    else yield event
  }
}

const nativeWhole = (body: Body): InferenceResponse => {
  const { output, usage, model, id } = body
  if (!isRecord(output))
    throw new McpdError('BACKEND_ERROR', "The backend's answer is malformed: it has no output.")
  const { content, text, embeddings, reasoning } = output
  return {
    model: String(model),
    ...(typeof id === 'string' && { id }),
    choices: [
      {
        index: 0,
        text: typeof content === 'string' ? content : typeof text === 'string' ? text : null,
        ...(typeof reasoning === 'string' && { reasoning }),
        finishReason: 'other',
      },
    ],
    ...(Array.isArray(embeddings) && { embeddings: embeddings as number[][] }),
    ...(isRecord(usage) && { usage: usage as unknown as Usage }),
  }
}

const throwIf = (error: McpdError | undefined): void => {
  if (error) throw error
}
