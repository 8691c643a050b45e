import { Type } from '../../core/schema.ts'
import { type ApiDocument, buildApiDocument } from '../api-document.ts'
import { ChatRequest, CompletionRequest, EmbeddingRequest } from '../openai/request-schemas.ts'
import { RerankRequest, RerankResponse } from '../openai/rerank-schemas.ts'
import {
  ChatCompletion,
  ChatCompletionChunk,
  Completion,
  EmbeddingList,
  ModelList,
} from '../openai/response-schemas.ts'
import { EmbedRequest, EmbedResponse, RerankTextsRequest, RerankTextsResponse } from '../tei/schemas.ts'
import {
  ChatTokenizeResponse,
  GenerateError,
  GenerateEvent,
  GenerateRequest,
  GenerateResponse,
  Info,
} from '../tgi/schemas.ts'

const token = Type.Object({ id: Type.Integer() })
const tokens = Type.Array(Type.Union([token, Type.Array(token)]))

/** What the adapter `huggingface` relies on: the router, other containers of an endpoint, TGI and TEI. */
export const huggingfaceApi: ApiDocument = buildApiDocument({
  title: 'Servers of Hugging Face, as mcpd uses them',
  version: '1.0.0',
  error: GenerateError,
  operations: [
    {
      operation: 'POST /v1/chat/completions',
      operationId: 'createChatCompletion',
      summary: 'Router, endpoints, TGI: continue a conversation',
      request: ChatRequest,
      response: ChatCompletion,
      stream: { item: ChatCompletionChunk, mediaType: 'text/event-stream' },
    },
    {
      operation: 'POST /v1/completions',
      operationId: 'createCompletion',
      summary: 'Endpoints: continue a text',
      request: CompletionRequest,
      response: Completion,
      stream: { item: Completion, mediaType: 'text/event-stream' },
    },
    {
      operation: 'POST /v1/embeddings',
      operationId: 'createEmbedding',
      summary: 'Endpoints: turn texts into vectors',
      request: EmbeddingRequest,
      response: EmbeddingList,
    },
    {
      operation: 'POST /v1/rerank',
      operationId: 'rerankDocuments',
      summary: 'Endpoints: put texts in order by how well they answer a query',
      request: RerankRequest,
      response: RerankResponse,
    },
    {
      operation: 'GET /v1/models',
      operationId: 'listModels',
      summary: 'Router, endpoints: what there is to ask',
      response: ModelList,
    },
    {
      operation: 'POST /hf-inference/models/{model}/pipeline/feature-extraction',
      operationId: 'extractFeatures',
      summary: 'Router: turn texts into vectors',
      request: EmbedRequest,
      response: EmbedResponse,
    },
    {
      operation: 'POST /generate',
      operationId: 'generate',
      summary: 'TGI: continue a text',
      request: GenerateRequest,
      response: GenerateResponse,
    },
    {
      operation: 'POST /generate_stream',
      operationId: 'generateStream',
      summary: 'TGI: continue a text, token by token; errors come inside a 200',
      request: GenerateRequest,
      stream: { item: GenerateEvent, mediaType: 'text/event-stream' },
    },
    {
      operation: 'POST /tokenize',
      operationId: 'tokenize',
      summary: 'TGI and TEI: the tokens of a text, of TEI in a list of one',
      request: Type.Object({ inputs: Type.String() }),
      response: tokens,
    },
    {
      operation: 'POST /chat_tokenize',
      operationId: 'chatTokenize',
      summary: 'TGI: the tokens of a conversation',
      request: ChatRequest,
      response: ChatTokenizeResponse,
    },
    {
      operation: 'POST /embed',
      operationId: 'embed',
      summary: 'TEI: turn texts into vectors',
      request: EmbedRequest,
      response: EmbedResponse,
    },
    {
      operation: 'POST /rerank',
      operationId: 'rerank',
      summary: 'TEI: put texts in order by how well they answer a query',
      request: RerankTextsRequest,
      response: RerankTextsResponse,
    },
    {
      operation: 'GET /info',
      operationId: 'getInfo',
      summary: 'TGI and TEI: what it serves, and within which limits',
      response: Info,
    },
    {
      operation: 'GET /health',
      operationId: 'getHealth',
      summary: 'TGI and TEI: whether it can serve',
    },
    {
      operation: 'GET /metrics',
      operationId: 'getMetrics',
      summary: 'TGI and TEI: gauges in the Prometheus text format',
    },
  ],
})
