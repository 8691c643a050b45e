import { McpdError } from '../../core/errors.ts'
import { decodeError as decodeStatus, errorInside as findError } from '../openai/errors.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'

/**
 * What an answer with an error status means: as in the OpenAI dialect, whose error object this one shares but for
 * what stands around it. Its bytes go on to clients of this dialect only.
 */
export const decodeError = (
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Buffer,
  nowMs = Date.now(),
): McpdError => {
  const error = decodeStatus(status, headers, bytes, nowMs)
  const { frame, ...details } = error.details
  return new McpdError(error.code, error.message, {
    ...details,
    ...(frame && isErrorBody(bytes) && { frame: { ...frame, dialect: 'anthropic' } }),
  })
}

/** The error that a parsed 200 answer or a stream's event says it is; undefined when it is none. */
export const errorInside = (body: Wire): McpdError | undefined => {
  const found = findError(body)
  if (!found) return undefined
  const { error } = body
  const type = isRecord(error) ? textOf(error['type']) : undefined
  return new McpdError(type === 'overloaded_error' ? 'BACKEND_UNAVAILABLE' : 'BACKEND_ERROR', found.message, {
    ...(body['type'] === 'error' && {
      frame: {
        dialect: 'anthropic',
        status: 502,
        contentType: 'application/json',
        body: Buffer.from(JSON.stringify(body)),
      },
    }),
  })
}

const isErrorBody = (bytes: Buffer): boolean => {
  const body: unknown = JSON.parse(bytes.toString())
  return isRecord(body) && body['type'] === 'error'
}

// ---- towards clients ----

/** `error.type` by status, as the clients of this dialect know it. */
const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

const typeOf = (status: number): string =>
  types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')

/** The error as an answer's body. What a backend of the same dialect said goes out byte for byte. */
export const encodeError = (
  error: McpdError,
  requestId: string,
): { readonly contentType: string; readonly body: Buffer } => {
  const { frame, suggestions = [] } = error.details
  if (frame?.dialect === 'anthropic') return { contentType: frame.contentType, body: frame.body }
  return {
    contentType: 'application/json; charset=utf-8',
    body: Buffer.from(
      JSON.stringify({
        type: 'error',
        error: { type: typeOf(error.status), message: [error.message, ...suggestions].join(' ') },
        request_id: requestId,
      }),
    ),
  }
}
