import { isUtf8 } from 'node:buffer'
import { gzip } from 'node:zlib'
import swagger from '@fastify/swagger'
import createFastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Options } from 'ajv'
import type { Logger } from 'pino'
import { McpdError } from '../../core/errors.ts'
import { showExact } from '../../dialects/exact.ts'
import { version } from '../version.ts'
import './fastify.ts'
import { encodeModelSegment } from './native-path.ts'
import { markOptionalBodies } from './optional-body.ts'
import { renderProblem } from './render-error.ts'
import { buildValidators } from './validators.ts'

export interface ServerOptions {
  readonly bodyMaxBytes: number
  readonly log: Logger
  /** Asked before anything else of a request; throws to refuse. */
  readonly access: (request: FastifyRequest, reply: FastifyReply) => void
  /** Each adds the routes of one API. */
  readonly surfaces: readonly ((app: FastifyInstance) => void)[]
  /** How errors below a path look where no route was found; elsewhere they are problem details. */
  readonly dialects: readonly { readonly prefix: string; readonly render: RenderError }[]
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export type RenderError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => void

/** Longest path segment: as long as a request line may be, or a longer one would fall through to what passes paths on. */
const segmentMaxLength = 16 * 1024
/** What is true of a body must be true of the bytes we pass on, so validation never changes it. */
const validation: Options = {
  coerceTypes: false,
  useDefaults: false,
  removeAdditional: false,
  strict: false,
  // Half of what a validator costs, for nothing: the tests hold the schemas against their own schema, and V8
  // optimises what is called often.
  validateSchema: false,
  code: { optimize: false },
}
/** By this a daemon knows another one that imitates a runtime. */
const serverName = `mcpd/${version}`
const idPattern = /^[\w.:-]{1,128}$/

/** The HTTP server with all its surfaces, not yet listening. */
export const createServer = async (options: ServerOptions): Promise<FastifyInstance> => {
  const render: RenderError = (thrown, request, reply) => {
    const dialect = options.dialects.find(({ prefix }) => request.url.startsWith(prefix))
    ;(dialect?.render ?? renderProblem)(thrown, request, reply)
  }
  const log: FastifyBaseLogger = options.log
  const app = createFastify({
    frameworkErrors: render,
    bodyLimit: options.bodyMaxBytes,
    routerOptions: { maxParamLength: segmentMaxLength },
    rewriteUrl: (request) => encodeModelSegment(request.url ?? '/'),
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    genReqId: requestIds(),
    // What a schema does not name must not be left out of an answer. Said here, since setSerializerCompiler does not
    // reach a scope that has schemas of its own.
    schemaController: {
      compilersFactory: {
        buildValidator: buildValidators(validation),
        buildSerializer: () => () => JSON.stringify,
      },
    },
    requestTimeout: 0,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
  })
  app.setErrorHandler(render)
  app.decorateRequest('receivedMs', 0)
  app.decorateRequest('rawBody')
  app.decorateRequest('trace', undefined)
  acceptJson(app)
  app.decorate('ownMethods', collectMethods(app))
  app.addHook('onRequest', (request, reply, done) => {
    request.receivedMs = options.now()
    reply.header('x-request-id', request.id).header('server', serverName)
    options.access(request, reply)
    // Before the body is looked at: whatever it is, it is for nobody.
    if (request.is404) refuseUnknown(app, request, reply)
    done()
  })
  compressLarge(app)
  answerPreflights(app)
  app.setNotFoundHandler((request, reply) => refuseUnknown(app, request, reply))
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'mcpd',
        version,
        description: 'One façade over every place you run language models.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'listen.apiKey, where one is set.' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        },
      },
      security: [{}, { bearer: [] }, { apiKey: [] }],
    },
    transformObject: (made) =>
      'openapiObject' in made ? showExact(markOptionalBodies(made.openapiObject)) : made.swaggerObject,
    refResolver: {
      buildLocalReference: (json, _, __, index) =>
        typeof json['$id'] === 'string' ? json['$id'] : `schema-${index}`,
    },
  })
  for (const surface of options.surfaces)
    app.register((scope, _, done) => {
      surface(scope)
      done()
    })
  await app.ready()
  return app
}

/** `req_` and a counter behind a random start: unique, sortable within a daemon, cheap. */
const requestIds = (): ((request: { headers: Record<string, string | string[] | undefined> }) => string) => {
  const start = Math.random().toString(36).slice(2, 10).padEnd(8, '0')
  let count = 0
  return ({ headers }) => {
    const given = headers['x-request-id']
    if (typeof given === 'string' && idPattern.test(given)) return given
    count += 1
    return `req_${start}${count.toString(36).padStart(6, '0')}`
  }
}

/** JSON only. */
const acceptJson = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(/^application\/(?:[\w.+-]+\+)?json\b/, { parseAs: 'buffer' }, parseJson)
}

/** A body as JSON, kept as bytes beside its parsed form. */
export const parseJson = (
  request: FastifyRequest,
  body: Buffer,
  done: (error: Error | null, body?: unknown) => void,
): void => {
  request.rawBody = body
  if (body.length === 0) return done(new McpdError('BAD_REQUEST', 'The body is empty; send a JSON object.'))
  if (!isUtf8(body)) return done(new McpdError('BAD_REQUEST', 'The body is not valid UTF-8.'))
  try {
    done(null, JSON.parse(body.toString('utf8')))
  } catch (error) {
    done(new McpdError('BAD_REQUEST', `The body is not valid JSON: ${(error as Error).message}`, {}, error))
  }
}

/** Below this, compressing costs more than it saves on any network that mcpd is used over. */
const compressMinBytes = 32 * 1024

/** Large answers that are there as a whole; streams are never held up by it. */
const compressLarge = (app: FastifyInstance): void => {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isLarge =
      (typeof payload === 'string' || Buffer.isBuffer(payload)) && payload.length >= compressMinBytes
    if (!isLarge || !request.headers['accept-encoding']?.includes('gzip')) return done(null, payload)
    const vary = [reply.getHeader('vary'), 'accept-encoding'].filter(Boolean).join(', ')
    reply.header('vary', vary).header('content-encoding', 'gzip').removeHeader('content-length')
    gzip(payload, (error, compressed) => (error ? done(error) : done(null, compressed)))
  })
}

/** CORS preflights of listed origins; the access check has let them through and named the origin. */
const answerPreflights = (app: FastifyInstance): void => {
  app.options('*', { schema: { hide: true } }, (request, reply) => {
    if (reply.hasHeader('access-control-allow-origin'))
      reply
        .header('access-control-allow-methods', 'GET, POST, DELETE')
        .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
        .header('access-control-max-age', '600')
    return reply.code(204).send()
  })
}

/** Throws NOT_FOUND, or METHOD_NOT_ALLOWED where the path takes other methods. */
const refuseUnknown = (app: FastifyInstance, { url, method }: FastifyRequest, reply: FastifyReply): never => {
  const allowed = app.ownMethods(url)
  if (allowed.length === 0)
    throw new McpdError('NOT_FOUND', `There is no ${url.split('?')[0]} here.`, {
      suggestions: ['GET /openapi.json lists what there is.'],
    })
  throw wrongMethod(method, allowed, reply)
}

/** Says what is allowed in the answer too. */
export const wrongMethod = (method: string, allowed: readonly string[], reply: FastifyReply): McpdError => {
  reply.header('allow', allowed.join(', '))
  return new McpdError('METHOD_NOT_ALLOWED', `Use ${allowed.join(' or ')} here, not ${method}.`)
}

/** The methods that a path would take, for an honest 405; what is passed on has no paths of its own. */
const collectMethods = (app: FastifyInstance): ((url: string) => string[]) => {
  const routes: { pattern: RegExp; method: string }[] = []
  app.addHook('onRoute', ({ path, method }) => {
    const source = path
      .split('/')
      .map((segment) => (segment.startsWith(':') ? '[^/]+' : RegExp.escape(segment)))
      .join('/')
    for (const one of [method].flat())
      if (one !== 'OPTIONS' && one !== 'HEAD')
        routes.push({ pattern: new RegExp(`^${source}$`), method: one })
  })
  return (url) => {
    const path = url.split('?')[0]!
    return [...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))]
  }
}
