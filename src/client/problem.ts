import { type ErrorCode, errorTable, isErrorCode, McpdError } from '../core/errors.ts'

/** The parts of problem+json (RFC 9457) that mcpd writes. */
interface Problem {
  readonly status?: unknown
  readonly detail?: unknown
  readonly title?: unknown
  readonly code?: unknown
  readonly param?: unknown
  readonly backend?: unknown
  readonly suggestions?: unknown
  readonly requestId?: unknown
}

export interface FailedAnswer {
  /** Of the response; an error event in a stream has its own. */
  readonly status: number
  /** The body; anything but a problem object counts as the answer of some other server. */
  readonly text: string
  readonly url: string
  readonly retryAfter?: string | undefined
}

/** The daemon's error as the daemon threw it: same code, message, parameter and suggestions. */
export const problemToError = ({ status, text, url, retryAfter }: FailedAnswer): McpdError => {
  const problem = parseProblem(text)
  const said = problem === undefined ? ollamaError(text) : undefined
  if (said !== undefined) return new McpdError(codeOfRow(status), said, { status })
  if (problem === undefined) return notOurs(url, `it answered ${status} without saying why`)
  const code = isErrorCode(problem.code) ? problem.code : codeOfStatus(status)
  const message = firstText(problem.detail, problem.title) ?? `The daemon answered ${status}.`
  // Only the log can explain an internal error, and the id is what to look for there.
  const id = code === 'INTERNAL' ? firstText(problem.requestId) : undefined
  const param = firstText(problem.param)
  const backend = firstText(problem.backend)
  const suggestions = texts(problem.suggestions)
  const seconds = Number(retryAfter)
  return new McpdError(code, id === undefined ? message : `${message} Request ${id}.`, {
    status: typeof problem.status === 'number' ? problem.status : status,
    ...(param !== undefined && { param }),
    ...(backend !== undefined && { backend }),
    ...(suggestions.length > 0 && { suggestions }),
    ...(retryAfter !== undefined && Number.isFinite(seconds) && { retryAfterSeconds: seconds }),
  })
}

/** For something at that address that does not speak mcpd's API. */
export const notOurs = (url: string, what: string, cause?: unknown): McpdError =>
  new McpdError(
    'DAEMON_UNREACHABLE',
    `What listens at ${url} does not look like mcpd: ${what}.`,
    { suggestions: ['Check --url and MCPD_URL.'] },
    cause,
  )

const parseProblem = (text: string): Problem | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    const isProblem = typeof value === 'object' && value !== null && ('code' in value || 'detail' in value)
    return isProblem ? value : undefined
  } catch {
    return undefined
  }
}

/** The text of `{"error":"…"}`, as routes and lines in Ollama's dialect say it. */
export const ollamaError = (text: string): string | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    const isError = typeof value === 'object' && value !== null && 'error' in value
    return isError && typeof value.error === 'string' ? value.error : undefined
  } catch {
    return undefined
  }
}

/** That dialect has no codes: the first row of the table with this status says the most that is sure. */
const codeOfRow = (status: number): ErrorCode => {
  const [code] = Object.entries(errorTable).find(([, row]) => row.status === status) ?? []
  return isErrorCode(code) ? code : codeOfStatus(status)
}

const codeOfStatus = (status: number): ErrorCode =>
  status === 404 ? 'NOT_FOUND' : status < 500 ? 'BAD_REQUEST' : 'INTERNAL'

const firstText = (...values: unknown[]): string | undefined =>
  values.find((value): value is string => typeof value === 'string' && value !== '')

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
