/**
 * The one error table. Everything mcpd refuses, fails at or gives up on has a row here;
 * surfaces, commands and guards read the columns and never invent a status of their own.
 */
interface ErrorRow {
  /** HTTP status on every surface. */
  readonly status: number
  /** Exit code of a command that ends with this error: 2 usage or config, 3 unreachable, 4 invalid run, 130 interrupted. */
  readonly exit: number
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean
  /** JSON-RPC 2.0 error code. */
  readonly jsonrpc: number
  /** `error.type` on the OpenAI surface. */
  readonly openaiType: string
  /** Whether a circuit breaker counts it against the backend. Cancels, queue time-outs and client mistakes do not. */
  readonly backendFault: boolean
}

const row = (
  status: number,
  exit: number,
  retryable: boolean,
  jsonrpc: number,
  openaiType: string,
  backendFault = false,
): ErrorRow => ({ status, exit, retryable, jsonrpc, openaiType, backendFault })

export const errorTable = {
  BAD_REQUEST: row(400, 2, false, -32602, 'invalid_request_error'),
  UNAUTHENTICATED: row(401, 2, false, -32001, 'invalid_request_error'),
  FORBIDDEN: row(403, 2, false, -32003, 'permission_error'),
  NOT_FOUND: row(404, 2, false, -32601, 'invalid_request_error'),
  ADAPTER_NOT_FOUND: row(404, 2, false, -32004, 'invalid_request_error'),
  MODEL_NOT_FOUND: row(404, 2, false, -32004, 'invalid_request_error'),
  METHOD_NOT_ALLOWED: row(405, 2, false, -32601, 'invalid_request_error'),
  CONFLICT: row(409, 2, false, -32009, 'invalid_request_error'),
  REQUEST_TOO_LARGE: row(413, 2, false, -32013, 'invalid_request_error'),
  UNSUPPORTED_MEDIA_TYPE: row(415, 2, false, -32015, 'invalid_request_error'),
  OPERATION_UNSUPPORTED: row(422, 2, false, -32022, 'invalid_request_error'),
  RATE_LIMITED: row(429, 3, true, -32029, 'rate_limit_error'),
  CANCELLED: row(499, 130, true, -32099, 'request_cancelled'),
  INTERNAL: row(500, 4, false, -32603, 'server_error'),
  /** The backend answered something that is not a valid answer, or refused mcpd's own credentials. */
  BACKEND_ERROR: row(502, 3, true, -32050, 'server_error', true),
  /** The backend's stream ended without its end marker. */
  BACKEND_INCOMPLETE: row(502, 3, true, -32051, 'server_error', true),
  BACKEND_UNAVAILABLE: row(503, 3, true, -32052, 'service_unavailable_error', true),
  CIRCUIT_OPEN: row(503, 3, true, -32053, 'service_unavailable_error'),
  QUEUE_FULL: row(503, 3, true, -32054, 'service_unavailable_error'),
  QUEUE_TIMEOUT: row(503, 3, true, -32055, 'service_unavailable_error'),
  SHUTTING_DOWN: row(503, 3, true, -32056, 'service_unavailable_error'),
  BACKEND_TIMEOUT: row(504, 3, true, -32057, 'server_error', true),
  /** The client did not read its answer, or the whole request took longer than its deadline. */
  DEADLINE_EXCEEDED: row(504, 3, true, -32058, 'server_error'),
  /** A runtime that mcpd would load itself is not installed. */
  RUNTIME_MISSING: row(501, 2, false, -32070, 'server_error'),
  /** No spec, or no version of it, has that name in the store. */
  SPEC_NOT_FOUND: row(404, 2, false, -32004, 'invalid_request_error'),
  /** A document that cannot be read as OpenAPI, or a store that cannot be read. */
  SPEC_INVALID: row(422, 4, false, -32022, 'invalid_request_error'),
  /** A source did not give its document: unreachable, too slow, too large, or something else came. */
  SOURCE_FAILED: row(502, 3, true, -32059, 'server_error'),
  /** A redirect or a reference led where it may not lead. */
  SOURCE_REFUSED: row(502, 3, false, -32060, 'server_error'),
  /** No context, head or turn of that name for this tenant: foreign ones get the same answer. */
  CONTEXT_NOT_FOUND: row(404, 2, false, -32004, 'invalid_request_error'),
  /** The head is not where the request expects it; `details.head` says where it is. */
  CONTEXT_CONFLICT: row(409, 2, false, -32009, 'invalid_request_error'),
  /** What is stored is not what was written: a turn is missing or its bytes have changed. */
  CONTEXT_DAMAGED: row(500, 4, false, -32603, 'server_error'),
  /** The store of contexts cannot be read or written now; nothing was acknowledged. */
  STORE_UNAVAILABLE: row(503, 3, true, -32061, 'service_unavailable_error'),
  CONFIG_INVALID: row(500, 2, false, -32603, 'server_error'),
  USAGE: row(400, 2, false, -32602, 'invalid_request_error'),
  DAEMON_UNREACHABLE: row(503, 3, true, -32603, 'server_error'),
  /** Another daemon holds the state directory. */
  DAEMON_RUNNING: row(409, 2, false, -32603, 'server_error'),
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable

/** Bytes a backend sent as its error, so that a surface of the same dialect can hand them on untouched. */
export interface ErrorFrame {
  readonly dialect: string
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

export interface ErrorDetails {
  /** The status a surface answers with, where the backend's own 4xx says more than the table's. */
  readonly status?: number
  /** The request field at fault: a JSON path such as `messages[0].role`. */
  readonly param?: string
  /** Seconds after which a retry makes sense. */
  readonly retryAfterSeconds?: number
  readonly backend?: string
  /** What to do next; one sentence each. */
  readonly suggestions?: readonly string[]
  readonly frame?: ErrorFrame
  /** Of CONTEXT_CONFLICT: the turn that the head is at, null where it has none. */
  readonly head?: string | null
  /** `error.code` on the OpenAI surface, where its clients branch on a word of OpenAI's own. */
  readonly openaiCode?: string
}

const brand = Symbol.for('mcpd.error')

export class McpdError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly [brand] = true

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'McpdError'
    this.code = code
    this.details = details
  }

  get status(): number {
    return this.details.status ?? errorTable[this.code].status
  }
}

/** True for errors of any copy of mcpd in the process; branch on `code`, never on the class. */
export const isMcpdError = (value: unknown): value is McpdError =>
  typeof value === 'object' && value !== null && brand in value

/** Anything that is not ours is a bug: INTERNAL with the message hidden and the original kept as `cause` for the log. */
export const toMcpdError = (value: unknown): McpdError =>
  isMcpdError(value)
    ? value
    : new McpdError('INTERNAL', 'Internal error. The log has the details.', {}, value)

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(errorTable, value)
