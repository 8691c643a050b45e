import { type ErrorCode, type ErrorDetails, McpdError } from '../../core/errors.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { errorDialect } from './wire.ts'

/** Characters of a backend's own words that a message quotes. */
const quotedMaxLength = 1000

/**
 * What an answer of Ollama with an error status means. A mistake of the client's keeps its status and, for surfaces
 * of this dialect, its bytes. A full queue is no fault of the backend's, nor is a model that it may not ask for.
 */
export const decodeError = (
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Buffer,
): McpdError => {
  const body = parse(bytes)
  const said = textOf(body['error'])?.slice(0, quotedMaxLength)
  if (status === 401 || status === 403) return refusedAccess(status, said, 'signin_url' in body)
  const code = codeOf(status, said)
  const keepsStatus = code === 'BAD_REQUEST' || code === 'MODEL_NOT_FOUND'
  const retryAfter = Number(headers['retry-after'])
  return new McpdError(code, said ?? `The backend answered ${status}.`, {
    ...(keepsStatus && status < 500 && { status }),
    ...(keepsStatus &&
      status < 500 &&
      said !== undefined && {
        frame: { dialect: errorDialect, status, contentType: 'application/json; charset=utf-8', body: bytes },
      }),
    ...(code === 'QUEUE_FULL' && { retryAfterSeconds: 1 }),
    ...(retryAfter > 0 && { retryAfterSeconds: Math.ceil(retryAfter) }),
    ...suggestionsFor(status, code),
  })
}

/** The error that a parsed answer of status 200, or a line of a stream, says it is; undefined when it is none. */
export const errorInside = (body: Wire): McpdError | undefined => {
  const { error } = body
  if (error === undefined) return undefined
  const said = textOf(error) ?? JSON.stringify(error)
  return new McpdError('BACKEND_ERROR', `The backend failed: ${said.slice(0, quotedMaxLength)}`, {
    frame: {
      dialect: errorDialect,
      status: 502,
      contentType: 'application/json; charset=utf-8',
      body: Buffer.from(JSON.stringify({ error })),
    },
  })
}

const parse = (bytes: Buffer): Wire => {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

/**
 * Ollama itself has no keys. An empty 403 is its check of the Host header; what asks for a sign-in is a model that
 * runs on ollama.com, which says nothing against the other models of the same backend.
 */
const refusedAccess = (status: number, said: string | undefined, isSignIn: boolean): McpdError => {
  if (isSignIn)
    return new McpdError(
      'OPERATION_UNSUPPORTED',
      'The model runs on ollama.com, where this Ollama is not signed in.',
      {
        suggestions: ["Run 'ollama signin' on the machine of the backend."],
      },
    )
  if (status === 403 && said !== undefined) return new McpdError('BAD_REQUEST', said, { status })
  if (status === 403)
    return new McpdError(
      'BACKEND_ERROR',
      'Ollama refused the host name by which it is called (an empty 403).',
      {
        suggestions: [
          "Use its IP address, or a name that ends in .localhost, .local or .internal, in the backend's url.",
        ],
      },
    )
  return new McpdError('BACKEND_ERROR', `The backend refused mcpd's credentials (${status}).`, {
    suggestions: ["Check apiKey in the backend's entry of the config."],
  })
}

/** Ollama looks at options, format and empty texts late, and then calls a mistake of the client's its own. */
const lateRefusal =
  /^(option ".*" must be|invalid format:|invalid JSON schema in format|.*: no input provided)/

const codeOf = (status: number, said: string | undefined): ErrorCode => {
  switch (status) {
    case 400:
    case 409:
    case 413:
    case 422:
      return 'BAD_REQUEST'
    case 404:
      // What is not JSON comes from a router that has no such route.
      return said === undefined ? 'OPERATION_UNSUPPORTED' : 'MODEL_NOT_FOUND'
    case 405:
    case 501:
      return 'OPERATION_UNSUPPORTED'
    case 429:
      return 'RATE_LIMITED'
    case 408:
    case 504:
      return 'BACKEND_TIMEOUT'
    case 502:
      return 'BACKEND_UNAVAILABLE'
    case 503:
      return said?.includes('busy') ? 'QUEUE_FULL' : 'BACKEND_UNAVAILABLE'
    case 500:
      return said !== undefined && lateRefusal.test(said) ? 'BAD_REQUEST' : 'BACKEND_ERROR'
    default:
      return 'BACKEND_ERROR'
  }
}

const suggestionsFor = (status: number, code: ErrorCode): Pick<ErrorDetails, 'suggestions'> =>
  code === 'OPERATION_UNSUPPORTED' && status === 404
    ? {
        suggestions: [
          "It has no such route: it is an old Ollama, or the backend's url is not that of an Ollama.",
        ],
      }
    : {}

// ---- towards clients ----

/** The error as an answer's body. What a backend of the same dialect said goes out byte for byte. */
export const encodeError = (error: McpdError): Buffer => {
  const { frame, suggestions = [] } = error.details
  if (frame?.dialect === errorDialect) return frame.body
  return Buffer.from(JSON.stringify({ error: [error.message, ...suggestions].join(' ') }))
}
