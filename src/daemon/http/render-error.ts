import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { McpdError, toMcpdError } from '../../core/errors.ts'
import { traceHeaders } from './answer.ts'

/** RFC 9457 problem details, with mcpd's code as the member to branch on. */
export const problemOf = (error: McpdError, requestId: string): Record<string, unknown> => ({
  type: 'about:blank',
  title: STATUS_CODES[error.status] ?? error.code,
  status: error.status,
  code: error.code,
  detail: error.message,
  ...(error.details.param !== undefined && { param: error.details.param }),
  ...(error.details.backend !== undefined && { backend: error.details.backend }),
  ...(error.details.head !== undefined && { head: error.details.head }),
  ...(error.details.suggestions && { suggestions: error.details.suggestions }),
  requestId,
})

/** What an error handler of a surface sends, after this has set status, explaining headers and the log entry. */
export const prepareError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply): McpdError => {
  const error = toMcpdError(fastifyError(thrown))
  if (error.code === 'INTERNAL') request.log.error({ err: thrown, requestId: request.id }, 'a request failed')
  else request.log.debug({ code: error.code, requestId: request.id }, error.message)
  reply.code(error.status)
  if (request.trace) reply.headers(traceHeaders(request.trace))
  if (error.details.retryAfterSeconds !== undefined)
    reply.header('retry-after', String(error.details.retryAfterSeconds))
  // What is left of a refused upload would be read as the next request.
  if (error.code === 'REQUEST_TOO_LARGE') reply.header('connection', 'close')
  return error
}

export const renderProblem = (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  const error = prepareError(thrown, request, reply)
  void reply.type('application/problem+json').send(JSON.stringify(problemOf(error, request.id)))
}

interface FastifyError {
  readonly code?: string
  readonly statusCode?: number
  readonly message?: string
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[]
}

/** Fastify's own refusals in our words. */
const fastifyError = (thrown: unknown): unknown => {
  const { code, statusCode, validation, message } = thrown as FastifyError
  if (validation) {
    const [first] = validation
    const param =
      first?.instancePath
        .slice(1)
        .replaceAll(/\/(\d+)/g, '[$1]')
        .replaceAll('/', '.') ?? ''
    return new McpdError(
      'BAD_REQUEST',
      `${param === '' ? 'The body' : param} ${first?.message ?? 'is not valid'}.`,
      param === '' ? {} : { param },
    )
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new McpdError('REQUEST_TOO_LARGE', 'The body is larger than listen.bodyMax allows.')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new McpdError('UNSUPPORTED_MEDIA_TYPE', 'Send the body with "content-type: application/json".')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500 && code?.startsWith('FST_'))
    return new McpdError('BAD_REQUEST', message ?? 'The request is malformed.', { status: statusCode })
  return thrown
}
