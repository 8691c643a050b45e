import { type ApiDocument, buildApiDocument } from '../api-document.ts'
import { CountTokensRequest, MessagesRequest } from './request-schemas.ts'
import {
  AnthropicError,
  AnthropicEvent,
  AnthropicMessage,
  AnthropicModelList,
  AnthropicTokenCount,
} from './response-schemas.ts'

/** What the adapter `anthropic` relies on. */
export const anthropicApi: ApiDocument = buildApiDocument({
  title: 'Servers of the Anthropic Messages API, as mcpd uses them',
  version: '1.0.0',
  error: AnthropicError,
  operations: [
    {
      operation: 'POST /v1/messages',
      operationId: 'createMessage',
      summary: 'Continue a conversation',
      request: MessagesRequest,
      response: AnthropicMessage,
      stream: { item: AnthropicEvent, mediaType: 'text/event-stream' },
    },
    {
      operation: 'POST /v1/messages/count_tokens',
      operationId: 'countMessageTokens',
      summary: 'Count the tokens of a conversation',
      request: CountTokensRequest,
      response: AnthropicTokenCount,
    },
    {
      operation: 'GET /v1/models',
      operationId: 'listModels',
      summary: 'What it serves, a page at a time',
      response: AnthropicModelList,
    },
  ],
})
