import type { FastifyInstance } from 'fastify'
import type { Activity } from '../activity.ts'
import type { Registry } from '../registry.ts'
import type { Reloader } from '../reload.ts'
import { version } from '../version.ts'
import { adminSchemas } from './admin-schemas.ts'
import { answers, problem } from './documented.ts'

export interface AdminParts {
  readonly registry: Registry
  readonly activity: Activity
  readonly reloader: Reloader
  readonly startedAt: Date
  readonly stateDir: string
  readonly configPath?: string
  readonly url: () => string
  readonly stop: () => void
}

/** Routes that look into the daemon or change it; the access check keeps them to the socket and the admin token. */
export const adminSurface =
  (parts: AdminParts) =>
  (app: FastifyInstance): void => {
    for (const schema of adminSchemas) app.addSchema(schema)
    app.get(
      '/admin/status',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'getStatus',
          summary: 'What runs, and how it is',
          response: { 200: answers('Status', 'The state of the daemon.'), ...problem },
        },
      },
      async () => ({
        pid: process.pid,
        version,
        url: parts.url(),
        startedAt: parts.startedAt.toISOString(),
        uptimeMs: Date.now() - parts.startedAt.getTime(),
        stateDir: parts.stateDir,
        ...(parts.configPath !== undefined && { configPath: parts.configPath }),
        draining: parts.activity.draining,
        rssBytes: process.memoryUsage.rss(),
        requests: parts.activity.counts,
        backends: parts.registry.backends.map((backend) => ({
          name: backend.name,
          adapter: backend.adapterType,
          ...(backend.code?.source !== undefined && { source: backend.code.source }),
          ...(backend.code?.loads !== undefined && { loads: backend.code.loads }),
          ...(backend.url !== undefined && { url: backend.url }),
          health: backend.health,
          circuit: backend.breaker.state,
          draining: backend.draining,
          inFlight: backend.queue.inFlight,
          queued: backend.queue.waiting,
          models: (backend.models ?? []).map(({ name }) => name),
        })),
      }),
    )

    app.post(
      '/admin/reload',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'reload',
          summary: 'Read the config again and put it in force',
          response: { 200: answers('ReloadReport', 'What changed.'), ...problem },
        },
      },
      () => parts.reloader.reload(),
    )

    app.post(
      '/admin/stop',
      {
        schema: {
          tags: ['Admin'],
          operationId: 'stop',
          summary: 'Finish what runs, then exit',
          response: {
            202: {
              description: 'It will.',
              content: {
                'application/json': {
                  schema: {
                    type: 'object',
                    required: ['pid'],
                    additionalProperties: false,
                    properties: { pid: { type: 'integer' } },
                  },
                },
              },
            },
            ...problem,
          },
        },
      },
      async (_, reply) => {
        reply.raw.once('finish', parts.stop)
        return reply.code(202).send({ pid: process.pid })
      },
    )
  }
