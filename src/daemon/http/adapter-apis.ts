import { operationsOf } from '../../crawler/document.ts'
import { anthropicApi } from '../../dialects/anthropic/api-document.ts'
import type { ApiDocument } from '../../dialects/api-document.ts'
import { fastchatApi } from '../../dialects/fastchat/api-document.ts'
import { huggingfaceApi } from '../../dialects/huggingface/api-document.ts'
import { tritonApi } from '../../dialects/kserve/api-document.ts'
import { ollamaApi } from '../../dialects/ollama/api-document.ts'
import { openaiApi } from '../../dialects/openai/api-document.ts'
import type { Json } from '../../openapi/json.ts'

// Few ever ask for these documents, and they take a while to build: import this file when they are asked for.

/** What the adapters rely on, by their type. */
export const adapterApis: Readonly<Record<string, ApiDocument>> = {
  openai: openaiApi,
  ollama: ollamaApi,
  anthropic: anthropicApi,
  huggingface: huggingfaceApi,
  triton: tritonApi,
  fastchat: fastchatApi,
}

/** The operations in them. */
export const adapterUses = () =>
  Object.entries(adapterApis).map(([adapter, api]) => ({
    adapter,
    // It is built as plain JSON; its type only says more.
    uses: operationsOf(api as unknown as Json),
  }))
