import type { FastifyInstance } from 'fastify'
import { isUtf8 } from 'node:buffer'
import { mainHead } from '../../core/context.ts'
import { McpdError } from '../../core/errors.ts'
import { defaultPrincipal } from '../../core/principal.ts'
import { exportContext, exportMarkdown } from '../contexts/export.ts'
import { readExport } from '../contexts/import.ts'
import { missingContext } from '../contexts/missing.ts'
import { type ContextParts, contextParams, keyOf, type OfContext } from './context-route.ts'
import { idPattern } from './context-id.ts'
import { answers, problem } from './documented.ts'

const ndjson = 'application/x-ndjson'

const file = (description: string, ...types: readonly string[]) => ({
  description,
  content: Object.fromEntries(
    types.map((type) => [
      type,
      { schema: { type: 'string' }, ...(type === ndjson && { 'x-itemSchema': { type: 'object' } }) },
    ]),
  ),
})

/** Conversations as files: lines of JSON, to be read again byte for byte, and Markdown, for people. */
export const addContextFiles = (app: FastifyInstance, { contexts }: ContextParts): void => {
  app.get<OfContext & { Querystring: { format?: 'jsonl' | 'markdown' } }>(
    '/mcp/v1/contexts/:context/export',
    {
      schema: {
        tags: ['Contexts'],
        operationId: 'exportContext',
        summary: 'A conversation as a file',
        params: contextParams,
        querystring: {
          type: 'object',
          properties: {
            format: { type: 'string', enum: ['jsonl', 'markdown'], description: 'jsonl by default.' },
          },
        },
        response: {
          200: file('The file.', ndjson, 'text/markdown'),
          ...problem,
        },
      },
    },
    async ({ params, query: { format = 'jsonl' } }, reply) => {
      const key = keyOf({ params })
      if (format === 'jsonl') {
        const lines = await exportContext(contexts.journal, key)
        if (!lines) throw missingContext(key)
        return reply.type('application/x-ndjson; charset=utf-8').send([...lines].join(''))
      }
      const markdown = exportMarkdown(
        await contexts.summary(key),
        mainHead,
        await contexts.path(key, { head: mainHead }),
      )
      return reply.type('text/markdown; charset=utf-8').send(markdown)
    },
  )

  app.register((scope, _, done) => {
    scope.addContentTypeParser(ndjson, { parseAs: 'buffer' }, (_request, body, parsed) => {
      const bytes = body as Buffer
      if (isUtf8(bytes)) parsed(null, bytes)
      else parsed(new McpdError('BAD_REQUEST', 'The file is not UTF-8.'))
    })
    scope.post<{ Body: Buffer; Querystring: { id?: string } }>(
      '/mcp/v1/contexts/import',
      {
        schema: {
          tags: ['Contexts'],
          operationId: 'importContext',
          summary: 'A conversation from a file that was exported',
          body: {
            content: { [ndjson]: { schema: { description: 'Lines of JSON, as they were exported.' } } },
          },
          querystring: {
            type: 'object',
            properties: {
              id: { type: 'string', pattern: idPattern, description: 'A new id for it.' },
            },
          },
          response: { 201: answers('ContextImported', 'It is stored.'), ...problem },
        },
      },
      async ({ body, query: { id } }, reply) => {
        if (!Buffer.isBuffer(body))
          throw new McpdError('UNSUPPORTED_MEDIA_TYPE', 'Send the file as application/x-ndjson.')
        const place = { tenant: defaultPrincipal.tenant, ...(id !== undefined && { context: id }) }
        const { context, heads, turns } = await contexts.restore(readExport(body.toString(), place))
        return reply.code(201).send({ id: context, heads, turns })
      },
    )
    done()
  })
}
