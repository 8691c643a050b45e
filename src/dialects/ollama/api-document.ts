import { type ApiDocument, buildApiDocument } from '../api-document.ts'
import {
  OllamaChatRequest,
  OllamaDeleteRequest,
  OllamaEmbeddingsRequest,
  OllamaEmbedRequest,
  OllamaGenerateRequest,
  OllamaPullRequest,
  OllamaShowRequest,
} from './request-schemas.ts'
import {
  OllamaChatResponse,
  OllamaEmbeddingsResponse,
  OllamaEmbedResponse,
  OllamaError,
  OllamaGenerateResponse,
  OllamaProgress,
  OllamaPs,
  OllamaShow,
  OllamaTags,
  OllamaVersion,
} from './response-schemas.ts'

const lines = 'application/x-ndjson'

/** What the adapter `ollama` relies on. */
export const ollamaApi: ApiDocument = buildApiDocument({
  title: 'Ollama, as mcpd uses it',
  version: '1.0.0',
  error: OllamaError,
  operations: [
    {
      operation: 'POST /api/chat',
      operationId: 'chat',
      summary: 'Continue a conversation',
      request: OllamaChatRequest,
      response: OllamaChatResponse,
      stream: { item: OllamaChatResponse, mediaType: lines },
    },
    {
      operation: 'POST /api/generate',
      operationId: 'generate',
      summary: 'Continue a text, or load and unload a model',
      request: OllamaGenerateRequest,
      response: OllamaGenerateResponse,
      stream: { item: OllamaGenerateResponse, mediaType: lines },
    },
    {
      operation: 'POST /api/embed',
      operationId: 'embed',
      summary: 'Turn texts into vectors',
      request: OllamaEmbedRequest,
      response: OllamaEmbedResponse,
    },
    {
      operation: 'POST /api/embeddings',
      operationId: 'embeddings',
      summary: 'Turn a text into a vector',
      request: OllamaEmbeddingsRequest,
      response: OllamaEmbeddingsResponse,
    },
    { operation: 'GET /api/tags', operationId: 'tags', summary: 'What it serves', response: OllamaTags },
    {
      operation: 'POST /api/show',
      operationId: 'show',
      summary: 'What a model is and can do',
      request: OllamaShowRequest,
      response: OllamaShow,
    },
    { operation: 'GET /api/ps', operationId: 'ps', summary: 'What is in memory', response: OllamaPs },
    {
      operation: 'GET /api/version',
      operationId: 'version',
      summary: 'Which Ollama it is',
      response: OllamaVersion,
    },
    {
      operation: 'POST /api/pull',
      operationId: 'pull',
      summary: 'Fetch a model',
      request: OllamaPullRequest,
      response: OllamaProgress,
      stream: { item: OllamaProgress, mediaType: lines },
    },
    {
      operation: 'DELETE /api/delete',
      operationId: 'delete',
      summary: 'Delete a model',
      request: OllamaDeleteRequest,
    },
  ],
})
