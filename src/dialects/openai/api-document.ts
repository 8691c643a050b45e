import { Type } from '../../core/schema.ts'
import { type ApiDocument, buildApiDocument } from '../api-document.ts'
import { ChatRequest, CompletionRequest, EmbeddingRequest } from './request-schemas.ts'
import { RerankRequest, RerankResponse } from './rerank-schemas.ts'
import {
  ChatCompletion,
  ChatCompletionChunk,
  Completion,
  EmbeddingList,
  ErrorResponse,
  ModelList,
} from './response-schemas.ts'

const token = Type.Union([Type.Integer(), Type.Object({ id: Type.Integer() })])
const message = Type.Object({ role: Type.String(), content: Type.Unknown() })

/** What the adapter `openai` relies on: the OpenAI API, and what llama.cpp and vLLM have beside it. */
export const openaiApi: ApiDocument = buildApiDocument({
  title: 'OpenAI-compatible servers, as mcpd uses them',
  version: '1.0.0',
  error: ErrorResponse,
  operations: [
    {
      operation: 'POST /v1/chat/completions',
      operationId: 'createChatCompletion',
      summary: 'Continue a conversation',
      request: ChatRequest,
      response: ChatCompletion,
      stream: { item: ChatCompletionChunk, mediaType: 'text/event-stream' },
    },
    {
      operation: 'POST /v1/completions',
      operationId: 'createCompletion',
      summary: 'Continue a text',
      request: CompletionRequest,
      response: Completion,
      stream: { item: Completion, mediaType: 'text/event-stream' },
    },
    {
      operation: 'POST /v1/embeddings',
      operationId: 'createEmbedding',
      summary: 'Turn texts into vectors',
      request: EmbeddingRequest,
      response: EmbeddingList,
    },
    {
      operation: 'POST /v1/rerank',
      operationId: 'rerank',
      summary: 'vLLM, llama.cpp: put texts in order by how well they answer a query',
      request: RerankRequest,
      response: RerankResponse,
    },
    {
      operation: 'GET /v1/models',
      operationId: 'listModels',
      summary: 'What it serves',
      response: ModelList,
    },
    {
      operation: 'GET /health',
      operationId: 'getHealth',
      summary: 'Whether it can serve; any status below 500 means that it lives',
    },
    {
      operation: 'GET /metrics',
      operationId: 'getMetrics',
      summary: 'vLLM, llama.cpp: gauges in the Prometheus text format',
    },
    {
      operation: 'GET /props',
      operationId: 'getProps',
      summary: 'llama.cpp: the context of one slot',
      response: Type.Object({
        default_generation_settings: Type.Optional(Type.Object({ n_ctx: Type.Optional(Type.Integer()) })),
      }),
    },
    {
      operation: 'POST /tokenize',
      operationId: 'tokenize',
      summary: 'vLLM and llama.cpp: split a text into tokens',
      request: Type.Object({
        model: Type.String(),
        prompt: Type.Optional(Type.String()),
        content: Type.Optional(Type.String()),
        messages: Type.Optional(Type.Array(message)),
        add_special: Type.Boolean(),
        parse_special: Type.Boolean(),
      }),
      response: Type.Object({
        tokens: Type.Array(token),
        count: Type.Optional(Type.Integer()),
        max_model_len: Type.Optional(Type.Integer()),
      }),
    },
    {
      operation: 'POST /apply-template',
      operationId: 'applyTemplate',
      summary: 'llama.cpp: what its template makes of messages',
      request: Type.Object({ messages: Type.Array(message) }),
      response: Type.Object({ prompt: Type.String() }),
    },
  ],
})
