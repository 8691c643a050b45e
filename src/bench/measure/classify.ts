import { isMcpdError } from '../../core/errors.ts'
import type { ErrorClass } from './record.ts'

/** The class of an answer by its status; undefined for a success. */
export const classOfStatus = (status: number): ErrorClass | undefined => {
  if (status >= 200 && status < 300) return undefined
  if (status === 429) return 'http_429'
  if (status >= 500) return 'http_5xx'
  return status >= 400 ? 'http_4xx' : 'http_3xx'
}

/** How far a request came before it failed. */
export interface Reached {
  readonly connected: boolean
  readonly head: boolean
  /** Whether any event of its stream was understood. */
  readonly events: boolean
}

/** The class of what was thrown while an answer was waited for or decoded. */
export const classOfError = (error: unknown, reached: Reached): ErrorClass => {
  if (isMcpdError(error)) {
    if (error.code === 'BACKEND_INCOMPLETE')
      return reached.events && !isWithoutAnswer.test(error.message) ? 'truncated' : 'empty'
    // The first is what the client of mcpd's own API says of bytes that are not mcpd's.
    if (error.code === 'DAEMON_UNREACHABLE' || isMalformed.test(error.message)) return 'bad_json'
    // What the server said in its stream, whatever the code that it stands for.
    return 'sse_error_event'
  }
  if (!reached.connected) return 'connect'
  return reached.head ? 'reset-mid' : 'reset-before'
}

/** How a dialect says that an end mark came and nothing before it. */
const isWithoutAnswer = /without an answer/
/** How the dialects say that bytes are not what they should be; held by the unit test of this file. */
const isMalformed =
  /^The backend('s answer is| sent a) malformed|^The backend sent an? (event|line) of more than/
