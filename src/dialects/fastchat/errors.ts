import { type ErrorCode, McpdError } from '../../core/errors.ts'
import { decodeError as decodeStatus } from '../openai/errors.ts'
import { isRecord, numberOf, textOf, type Wire } from '../wire.ts'

/** What a number of FastChat's means. Those of its API server come with status 400, whatever they say. */
const codes: Readonly<Record<number, ErrorCode>> = {
  40001: 'BAD_REQUEST',
  40301: 'MODEL_NOT_FOUND',
  40302: 'BAD_REQUEST',
  40303: 'BAD_REQUEST',
  42901: 'RATE_LIMITED',
  42902: 'RATE_LIMITED',
  42903: 'RATE_LIMITED',
  50005: 'BACKEND_UNAVAILABLE',
  50006: 'BACKEND_TIMEOUT',
}

const credentials: ReadonlySet<number> = new Set([40101, 40102, 40103])
/** Characters of a server's own words that a message quotes. */
const quotedMaxLength = 1000

/** What an answer with an error status means, by the number in it; by its status where it has none. */
export const decodeError = (
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Buffer,
): McpdError => {
  const body = parse(bytes)
  const number = numberOf(body['code'])
  if (body['object'] !== 'error' || number === undefined) return decodeStatus(status, headers, bytes)
  return errorOf(number, textOf(body['message']))
}

/** The error that a worker's 200 says it is; undefined when it is none. */
export const errorInside = (body: Wire): McpdError | undefined => {
  const number = numberOf(body['error_code'])
  return number === undefined || number === 0 ? undefined : errorOf(number, textOf(body['text']))
}

const errorOf = (number: number, words = 'without saying why'): McpdError => {
  const said = words.slice(0, quotedMaxLength)
  if (credentials.has(number))
    return new McpdError('BACKEND_ERROR', `The backend refused mcpd's credentials (${number}).`, {
      suggestions: ["Check apiKey in the backend's entry of the config."],
    })
  const code = codes[number]
  return code === undefined
    ? new McpdError('BACKEND_ERROR', `The backend failed (${number}): ${said}`)
    : new McpdError(code, said)
}

const parse = (bytes: Buffer): Wire => {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}
