import { errorTable, McpdError, type ErrorCode, type ErrorDetails } from '../../core/errors.ts'
import { isRecord, numberOf, textOf, type Wire } from '../wire.ts'

/** Characters of a backend's own words that a message quotes. */
const quotedMaxLength = 1000

/**
 * What a backend's answer with an error status means. A mistake of the client's (400, 404, 409, 413, 422) keeps
 * its status; an answer with a well-formed error object also keeps its bytes as `details.frame`. Refused
 * credentials are mcpd's, not the client's: they become BACKEND_ERROR without the backend's words.
 * `nowMs` is the wall clock, for a retry-after that is a date.
 */
export const decodeError = (
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Buffer,
  nowMs = Date.now(),
): McpdError => {
  if (status === 401 || status === 403)
    return new McpdError('BACKEND_ERROR', `The backend refused mcpd's credentials (${status}).`, {
      suggestions: ["Check apiKey in the backend's entry of the config."],
    })
  const body = parse(bytes)
  const contentType = headers['content-type'] ?? 'application/json'
  const code = codeOf(status, body)
  const retryAfterSeconds = retryAfter(headers, nowMs)
  const param = paramOf(body)
  return new McpdError(code, messageOf(status, body, bytes, contentType), {
    ...(keepsStatus(code) && { status }),
    ...(param !== undefined && { param }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...((keepsStatus(code) || code === 'RATE_LIMITED') &&
      isErrorObject(body) && { frame: { dialect: 'openai', status, contentType, body: bytes } }),
    ...suggestionsFor(status, code),
  })
}

/**
 * The error that a parsed 200 answer or a stream's event says it is, in the spellings of OpenAI (an object),
 * TGI and Ollama (a string), FastChat (error_code, or object "error"); undefined when it is none.
 */
export const errorInside = (body: Wire): McpdError | undefined => {
  const { error, object, error_code: code } = body
  if (!(isRecord(error) || textOf(error)) && object !== 'error' && !numberOf(code)) return undefined
  const said = wordsOf(body) ?? 'without saying why'
  // Whatever status the object names came too late to be one: servers put 400 here for failures of their own.
  return new McpdError('BACKEND_ERROR', `The backend failed: ${said.slice(0, quotedMaxLength)}`, {
    ...(isErrorObject(body) && {
      frame: {
        dialect: 'openai',
        status: 502,
        contentType: 'application/json',
        body: Buffer.from(JSON.stringify({ error })),
      },
    }),
  })
}

const parse = (bytes: Buffer): Wire => {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return isRecord(value) ? value : { message: value }
  } catch {
    return {}
  }
}

const isErrorObject = ({ error }: Wire): boolean => isRecord(error) && typeof error['message'] === 'string'

/** Not every 404 is about a model: servers also answer so for routes they do not have. */
const codeOf = (status: number, body: Wire): ErrorCode => {
  switch (status) {
    case 400:
    case 409:
    case 413:
    case 415:
    case 422:
      return 'BAD_REQUEST'
    case 404:
      return isAboutModel(body) ? 'MODEL_NOT_FOUND' : 'OPERATION_UNSUPPORTED'
    case 405:
    case 501:
      return 'OPERATION_UNSUPPORTED'
    case 429:
      return 'RATE_LIMITED'
    case 408:
    case 504:
      return 'BACKEND_TIMEOUT'
    case 502:
    case 503:
    case 529:
      return 'BACKEND_UNAVAILABLE'
    default:
      return 'BACKEND_ERROR'
  }
}

const keepsStatus = (code: ErrorCode): boolean => code === 'BAD_REQUEST' || code === 'MODEL_NOT_FOUND'

const isAboutModel = (body: Wire): boolean => {
  const error = isRecord(body['error']) ? body['error'] : body
  return error['code'] === 'model_not_found' || /\bmodel\b/i.test(wordsOf(body) ?? '')
}

const messageOf = (status: number, body: Wire, bytes: Buffer, contentType: string): string => {
  const said = wordsOf(body)
  if (said !== undefined) return said.slice(0, quotedMaxLength)
  const isText = !contentType.includes('html') && !contentType.includes('json')
  const text = isText ? bytes.toString('utf8', 0, quotedMaxLength).trim() : ''
  return text === '' ? `The backend answered ${status}.` : `The backend answered ${status}: ${text}`
}

/** What the body says, wherever the server at hand puts it. */
const wordsOf = (body: Wire): string | undefined => {
  const { error, detail } = body
  if (isRecord(error)) return textOf(error['message']) ?? JSON.stringify(error)
  return (
    textOf(error) ??
    (detail == null ? undefined : detailOf(detail)) ??
    textOf(body['message']) ??
    textOf(body['text'])
  )
}

/** FastAPI's `detail`: text, an object around an error, or one entry per member at fault. */
const detailOf = (detail: unknown): string | undefined => {
  if (typeof detail === 'string') return textOf(detail)
  if (isRecord(detail)) return wordsOf(detail) ?? JSON.stringify(detail)
  if (!Array.isArray(detail)) return undefined
  return detail
    .filter(isRecord)
    .map((entry) => [locationOf(entry), textOf(entry['msg'])].filter(Boolean).join(': '))
    .join('; ')
}

const locationOf = ({ loc }: Wire): string | undefined =>
  Array.isArray(loc) ? loc.filter((step) => step !== 'body').join('.') : undefined

const paramOf = ({ error, detail }: Wire): string | undefined => {
  if (isRecord(error)) return textOf(error['param'])
  const [first]: unknown[] = Array.isArray(detail) ? detail : []
  return isRecord(first) ? textOf(locationOf(first)) : undefined
}

/** Longest time to retry after that is believed, in seconds. */
const retryAfterMaxSeconds = 86_400

const retryAfter = (headers: Readonly<Record<string, string>>, nowMs: number): number | undefined => {
  const milliseconds = headers['retry-after-ms']
  const value = headers['retry-after']
  const seconds =
    milliseconds !== undefined
      ? Number(milliseconds) / 1000
      : value !== undefined && /^[\d.]+$/.test(value.trim())
        ? Number(value)
        : (Date.parse(value ?? '') - nowMs) / 1000
  return Number.isFinite(seconds)
    ? Math.min(Math.max(0, Math.ceil(seconds)), retryAfterMaxSeconds)
    : undefined
}

const suggestionsFor = (status: number, code: ErrorCode): Pick<ErrorDetails, 'suggestions'> => {
  if (code === 'OPERATION_UNSUPPORTED')
    return {
      suggestions: [
        "The backend has no such route for this model, or the base path of the backend's url is wrong (most servers want /v1 at its end).",
      ],
    }
  if (status >= 300 && status < 400)
    return { suggestions: ["Set the backend's url to where it redirects; redirects are not followed."] }
  return {}
}

// ---- towards clients ----
export interface EncodedError {
  readonly status: number
  readonly contentType: string
  /** content-type, and retry-after where it is known. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Codes that clients of OpenAI know by another name than ours in lower case. */
const codes: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'invalid_api_key',
  RATE_LIMITED: 'rate_limit_exceeded',
}

/** The error as an answer. What a backend of the same dialect said goes out byte for byte. */
export const encodeError = (error: McpdError): EncodedError => {
  const { retryAfterSeconds, frame } = error.details
  const isFramed = frame?.dialect === 'openai'
  const contentType = isFramed ? frame.contentType : 'application/json; charset=utf-8'
  return {
    status: isFramed ? frame.status : error.status,
    contentType,
    headers: {
      'content-type': contentType,
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: encodeErrorBody(error),
  }
}

/** The error object alone, on one line where it is ours. */
export const encodeErrorBody = (error: McpdError): Buffer => {
  const { frame, suggestions = [], param, openaiCode } = error.details
  if (frame?.dialect === 'openai') return frame.body
  return Buffer.from(
    JSON.stringify({
      error: {
        message: [error.message, ...suggestions].join(' '),
        type: errorTable[error.code].openaiType,
        param: param ?? null,
        code: openaiCode ?? codes[error.code] ?? error.code.toLowerCase(),
      },
    }),
  )
}
