import { type ErrorCode, type ErrorDetails, McpdError } from '../../core/errors.ts'
import { isRecord, textOf, type Wire } from '../wire.ts'
import { errorDialect } from './wire.ts'

/** Characters of a backend's own words that a message quotes. */
const quotedMaxLength = 1000

/**
 * What an answer with an error status means. Triton calls a model that it does not know a bad request (400) and one
 * that is not loaded not found (404) or unavailable (503); a restricted API is mcpd's matter, not the client's.
 */
export const decodeError = (
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Buffer,
): McpdError => {
  const said = wordsOf(parse(bytes))
  const retryAfter = Number(headers['retry-after'])
  return refusal(status, said, {
    ...(retryAfter > 0 && { retryAfterSeconds: Math.ceil(retryAfter) }),
    ...(said !== undefined && {
      frame: { dialect: errorDialect, status, contentType: 'application/json', body: bytes },
    }),
  })
}

/** The same for a status and words from anywhere, such as those that stand for a code of gRPC. */
export const refusal = (status: number, said: string | undefined, details: ErrorDetails = {}): McpdError => {
  const { frame, ...rest } = details
  const words = said?.slice(0, quotedMaxLength)
  if (status === 401 || status === 403) return restricted(status, words)
  const code = codeOf(status, words)
  return new McpdError(code, words ?? `The backend answered ${status}.`, {
    ...rest,
    ...(code === 'BAD_REQUEST' && frame && { status, frame }),
    ...suggestionsFor(code, words),
  })
}

/** The error that a parsed answer of status 200, or an event of a stream, says it is; undefined when it is none. */
export const errorInside = (body: Wire): McpdError | undefined => {
  const { error } = body
  if (error === undefined || error === null) return undefined
  const said = textOf(error) ?? JSON.stringify(error)
  return new McpdError('BACKEND_ERROR', `The backend failed: ${said.slice(0, quotedMaxLength)}`)
}

const parse = (bytes: Buffer): Wire => {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

/** MLServer's framework says `detail`: text, or one entry per member at fault. */
const wordsOf = ({ error, detail }: Wire): string | undefined =>
  textOf(error) ?? (error ? JSON.stringify(error) : undefined) ?? textOf(detail) ?? listed(detail)

const listed = (detail: unknown): string | undefined =>
  Array.isArray(detail)
    ? textOf(
        detail
          .filter(isRecord)
          .map(({ loc, msg }) => `${Array.isArray(loc) ? loc.join('.') : ''} ${textOf(msg) ?? ''}`.trim())
          .join('; '),
      )
    : undefined

const restricted = (status: number, said: string | undefined): McpdError => {
  const [, header] = /expecting header '([^']{1,100})'/.exec(said ?? '') ?? []
  return header === undefined
    ? new McpdError('BACKEND_ERROR', `The backend refused mcpd's credentials (${status}).`, {
        suggestions: ["Check apiKey and headers in the backend's entry of the config."],
      })
    : new McpdError('BACKEND_ERROR', `The backend restricts this part of its API (${status}).`, {
        suggestions: [`Give its header '${header}' under headers in the backend's entry of the config.`],
      })
}

const isAboutModel = (said: string | undefined): boolean =>
  said !== undefined && /unknown model|model .*(not found|is not ready|has no available versions)/i.test(said)

const codeOf = (status: number, said: string | undefined): ErrorCode => {
  switch (status) {
    case 400:
      if (isAboutModel(said)) return 'MODEL_NOT_FOUND'
      return isForbiddenLoad(said) ? 'OPERATION_UNSUPPORTED' : 'BAD_REQUEST'
    case 413:
    case 422:
      return 'BAD_REQUEST'
    case 404:
      // What is not JSON comes from a router that has no such route.
      return said === undefined || !/model/i.test(said) ? 'OPERATION_UNSUPPORTED' : 'MODEL_NOT_FOUND'
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
      return 'BACKEND_UNAVAILABLE'
    default:
      if (isUnreadable(said)) return 'BAD_REQUEST'
      return isForbiddenLoad(said) ? 'OPERATION_UNSUPPORTED' : 'BACKEND_ERROR'
  }
}

/** Triton calls it a failure of its own when it cannot read what it was sent, such as half of a surrogate pair. */
const isUnreadable = (said: string | undefined): boolean =>
  said?.startsWith('failed to parse the request JSON') ?? false

/** Models are only loaded and unloaded where the server was started for it. */
const isForbiddenLoad = (said: string | undefined): boolean =>
  said !== undefined && /explicit model load|model control|load .*not allowed/i.test(said)

const suggestionsFor = (code: ErrorCode, said: string | undefined): Pick<ErrorDetails, 'suggestions'> => {
  if (isForbiddenLoad(said))
    return { suggestions: ['Start Triton with --model-control-mode=explicit to load and unload models.'] }
  if (code === 'OPERATION_UNSUPPORTED' && said === undefined)
    return { suggestions: ["It has no such route: the backend's url may not be that of its HTTP port."] }
  return {}
}

// ---- towards clients ----

/** The error as an answer's body. What a backend of the same dialect said goes out byte for byte. */
export const encodeError = (error: McpdError): Buffer => {
  const { frame, suggestions = [] } = error.details
  if (frame?.dialect === errorDialect) return frame.body
  return Buffer.from(JSON.stringify({ error: [error.message, ...suggestions].join(' ') }))
}
