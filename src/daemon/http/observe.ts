import type { FastifyInstance } from 'fastify'
import type { MetricsRegistry } from '../../core/metrics.ts'
import type { Activity } from '../activity.ts'
import type { Registry } from '../registry.ts'
import { version } from '../version.ts'
import { renderApiPage } from '../../web/api-page.ts'

export interface ObserveParts {
  readonly registry: Registry
  readonly metrics: MetricsRegistry
  readonly activity: Activity
  /** Brings up to date what is not counted here. */
  readonly beforeScrape: () => Promise<void>
}

const text = (description: string, type = 'text/plain') => ({
  200: { description, content: { [type]: { schema: { type: 'string' } } } },
})

/** Health, readiness, metrics, and the API's own description. */
export const observeSurface =
  ({ registry, metrics, activity, beforeScrape }: ObserveParts) =>
  (app: FastifyInstance): void => {
    const state = (description: string) => ({
      description,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['status'],
            additionalProperties: false,
            properties: {
              status: { type: 'string', enum: ['ok', 'draining', 'no-backend'] },
              version: { type: 'string' },
              unavailable: { type: 'array', items: { type: 'string' } },
            },
          },
        },
      },
    })

    app.get(
      '/healthz',
      {
        schema: {
          tags: ['Observe'],
          operationId: 'getHealth',
          summary: 'Is the daemon alive',
          response: { 200: state('It is.') },
        },
      },
      async () => ({ status: 'ok', version }),
    )

    app.get(
      '/readyz',
      {
        schema: {
          tags: ['Observe'],
          operationId: 'getReadiness',
          summary: 'Would a request be served',
          description: 'Ready while not draining and at least one backend is healthy.',
          response: { 200: state('It would.'), 503: state('It would not.') },
        },
      },
      async (_, reply) => {
        const unavailable = registry.backends.filter(({ health }) => !health.ok).map(({ name }) => name)
        const status = activity.draining
          ? 'draining'
          : unavailable.length === registry.backends.length
            ? 'no-backend'
            : 'ok'
        return reply.code(status === 'ok' ? 200 : 503).send({ status, unavailable })
      },
    )

    app.get(
      '/metrics',
      {
        schema: {
          tags: ['Observe'],
          operationId: 'getMetrics',
          summary: 'Metrics in the Prometheus text format',
          response: text('The metrics; docs/metrics.md explains them.'),
        },
      },
      async (_, reply) => {
        await beforeScrape()
        return reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render())
      },
    )

    app.get(
      '/openapi.json',
      {
        schema: {
          tags: ['Observe'],
          operationId: 'getOpenApi',
          summary: 'This document',
          response: {
            200: {
              description: 'OpenAPI 3.1, made from the schemas that validate the routes.',
              content: { 'application/json': { schema: { type: 'object', additionalProperties: true } } },
            },
          },
        },
      },
      (_, reply) => reply.send(app.swagger()),
    )

    addPage(app)
  }

const addPage = (app: FastifyInstance): void => {
  app.get(
    '/',
    {
      schema: {
        tags: ['Observe'],
        operationId: 'getApiPage',
        summary: 'The API, for people',
        description:
          'Who does not ask for a page gets the words by which clients of Ollama know that one runs.',
        response: {
          200: {
            description: 'A page.',
            content: {
              'text/html': { schema: { type: 'string' } },
              'text/plain': { schema: { type: 'string' } },
            },
          },
        },
      },
    },
    ({ headers }, reply) => {
      reply.header('vary', 'accept')
      if (!headers.accept?.includes('text/html'))
        return reply.type('text/plain; charset=utf-8').send('Ollama is running')
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
        .send(renderApiPage(app.swagger()))
    },
  )
}
