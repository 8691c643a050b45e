import { type ApiDocument, buildApiDocument } from '../api-document.ts'
import {
  KserveGenerateRequest,
  KserveIndexRequest,
  KserveInferRequest,
  KserveLoadRequest,
} from './request-schemas.ts'
import {
  KserveConfig,
  KserveError,
  KserveGenerateResponse,
  KserveIndex,
  KserveInferResponse,
  KserveModel,
  KserveServer,
  KserveStatistics,
} from './response-schemas.ts'

/** What the adapter `triton` relies on over HTTP; inference.proto is the same over gRPC. */
export const tritonApi: ApiDocument = buildApiDocument({
  title: 'Triton and KServe v2, as mcpd uses them',
  version: '1.0.0',
  error: KserveError,
  operations: [
    { operation: 'GET /v2/health/live', operationId: 'live', summary: 'Whether it is up' },
    { operation: 'GET /v2/health/ready', operationId: 'ready', summary: 'Whether all its models are ready' },
    { operation: 'GET /v2', operationId: 'server', summary: 'What it is', response: KserveServer },
    {
      operation: 'POST /v2/repository/index',
      operationId: 'index',
      summary: 'Its models',
      request: KserveIndexRequest,
      response: KserveIndex,
    },
    {
      operation: 'POST /v2/repository/models/{model}/load',
      operationId: 'load',
      summary: 'Load a model',
      request: KserveLoadRequest,
    },
    {
      operation: 'POST /v2/repository/models/{model}/unload',
      operationId: 'unload',
      summary: 'Unload a model',
      request: KserveLoadRequest,
    },
    {
      operation: 'GET /v2/models/{model}',
      operationId: 'metadata',
      summary: 'The tensors of a model',
      response: KserveModel,
    },
    {
      operation: 'GET /v2/models/{model}/config',
      operationId: 'config',
      summary: 'The config of a model',
      response: KserveConfig,
    },
    {
      operation: 'GET /v2/models/stats',
      operationId: 'statistics',
      summary: 'What the models have done',
      response: KserveStatistics,
    },
    {
      operation: 'POST /v2/models/{model}/infer',
      operationId: 'infer',
      summary: 'Tensors for tensors',
      request: KserveInferRequest,
      response: KserveInferResponse,
    },
    {
      operation: 'POST /v2/models/{model}/generate',
      operationId: 'generate',
      summary: 'A text from a text',
      request: KserveGenerateRequest,
      response: KserveGenerateResponse,
    },
    {
      operation: 'POST /v2/models/{model}/generate_stream',
      operationId: 'generateStream',
      summary: 'The same, piece by piece',
      request: KserveGenerateRequest,
      stream: { item: KserveGenerateResponse, mediaType: 'text/event-stream' },
    },
  ],
})
