import type { Operation } from './api/operation.ts'

/**
 * What is not done to a backend or a daemon that somebody uses: operations that delete, fetch, create or load models,
 * change the configuration or stop a server. The rows of docs/fuzz.md.
 */
export const destructiveOperations: readonly { readonly pattern: string; readonly reason: string }[] = [
  { pattern: 'DELETE *', reason: 'deletes' },
  { pattern: 'POST */delete*', reason: 'deletes' },
  { pattern: 'POST */pull', reason: 'fetches a model' },
  { pattern: 'POST */push', reason: 'sends a model away' },
  { pattern: 'POST */download*', reason: 'fetches a model' },
  { pattern: 'POST */crawl*', reason: 'fetches documents' },
  { pattern: 'POST */create', reason: 'creates a model' },
  { pattern: 'POST */copy', reason: 'creates a model' },
  { pattern: '* */blobs/*', reason: 'creates a model' },
  { pattern: 'POST */load*', reason: 'loads a model' },
  { pattern: 'POST */unload*', reason: 'unloads a model' },
  { pattern: 'POST */models', reason: 'loads or creates a model' },
  { pattern: '* */*lora_adapter*', reason: 'loads a model' },
  { pattern: 'POST */repository/models/*/*load', reason: 'loads or unloads a model' },
  { pattern: 'POST */swap*', reason: 'changes the configuration' },
  { pattern: 'POST */drain*', reason: 'changes the configuration' },
  { pattern: 'POST */reload*', reason: 'changes the configuration' },
  { pattern: 'PUT */config*', reason: 'changes the configuration' },
  { pattern: 'POST */config*', reason: 'changes the configuration' },
  { pattern: 'PATCH */config*', reason: 'changes the configuration' },
  { pattern: '* /mcp/v1/admin/backends*', reason: 'changes the configuration' },
  { pattern: 'POST */accept*', reason: 'changes the configuration' },
  { pattern: 'POST */shutdown*', reason: 'stops the server' },
  { pattern: 'POST */stop*', reason: 'stops the server' },
  { pattern: 'POST */restart*', reason: 'stops the server' },
  { pattern: 'POST */sleep*', reason: 'stops the server' },
  { pattern: 'POST */kill*', reason: 'stops the server' },
]

const expressions = destructiveOperations.map(({ pattern, reason }) => ({
  reason,
  expression: new RegExp(
    `^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`,
    'i',
  ),
}))

/** Why an operation is left out, or undefined. Those that only read never are. */
export const destructiveReason = ({ key, method }: Pick<Operation, 'key' | 'method'>): string | undefined =>
  method === 'GET' || method === 'HEAD'
    ? undefined
    : expressions.find(({ expression }) => expression.test(key))?.reason
