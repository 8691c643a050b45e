import type { FastifyInstance } from 'fastify'
import type { ContextParts } from './context-route.ts'
import { contextAdminSchemas } from './context-schemas.ts'
import { answers, problem } from './documented.ts'

/** Problems that one answer names; a store that is damaged further is damaged enough. */
const problemsMax = 1000

/** The store that all contexts of all tenants are in: for whoever runs the daemon. */
export const contextAdmin =
  ({ contexts, migrate }: Pick<ContextParts, 'contexts' | 'migrate'>) =>
  (app: FastifyInstance): void => {
    for (const schema of contextAdminSchemas) app.addSchema(schema)
    app.get(
      '/admin/contexts',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'getContextStats',
          summary: 'What the store of conversations holds',
          response: { 200: answers('ContextStats', 'Counts and bytes.'), ...problem },
        },
      },
      async () => ({ driver: contexts.journal.driver, ...(await contexts.journal.stats()) }),
    )

    app.post(
      '/admin/contexts/fsck',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'checkContexts',
          summary: 'Check every hash and link of the store; nothing is changed',
          response: { 200: answers('ContextFsck', 'What is wrong.'), ...problem },
        },
      },
      async () => {
        const problems: object[] = []
        for await (const found of contexts.journal.fsck()) {
          problems.push(found)
          if (problems.length === problemsMax) break
        }
        const { contexts: count, turns, segments } = await contexts.journal.stats()
        return { ok: problems.length === 0, checked: { contexts: count, turns, segments }, problems }
      },
    )

    app.post<{ Body: { readonly to: string } }>(
      '/admin/contexts/migrate',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'migrateContexts',
          summary: 'Copy every conversation into another store, and read each copy back',
          body: { $ref: 'ContextMigrate#' },
          response: { 200: answers('ContextMigrated', 'What became of each.'), ...problem },
        },
      },
      async ({ body, raw }) => {
        const gone = new AbortController()
        raw.socket.once('close', () => gone.abort())
        return migrate(body.to, gone.signal)
      },
    )

    app.post<{ Body: { readonly countOnly?: boolean } }>(
      '/admin/contexts/rotate',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'rotateContexts',
          summary:
            'Encrypt every conversation with the first key, what is not yet; broken off, it can be run again',
          body: { $ref: 'ContextRotate#' },
          response: { 200: answers('ContextRotated', 'What is encrypted with which key.'), ...problem },
        },
      },
      async ({ body: { countOnly = false }, raw }) => {
        const gone = new AbortController()
        raw.socket.once('close', () => gone.abort())
        const rows = countOnly ? 0 : await contexts.journal.rotate(gone.signal)
        return { rows, keys: await contexts.journal.keys() }
      },
    )
  }
