import { type ErrorCode, McpdError } from '../../core/errors.ts'
import { textOf, type Wire } from '../wire.ts'

/** What became of a request, by the type of its error. */
const codes: Readonly<Record<string, ErrorCode>> = {
  validation: 'BAD_REQUEST',
  template_error: 'BAD_REQUEST',
  missing_template_variable: 'BAD_REQUEST',
  tool_error: 'BAD_REQUEST',
  overloaded: 'RATE_LIMITED',
}

/** The status that the same error has where it decides on the status. */
const validationStatus = 422

/**
 * The error that an event of a stream says it is; undefined when it is none. A native stream has the status 200 from
 * the start, so what would have been a status comes this way, too.
 */
export const errorInside = ({ error, error_type: type }: Wire): McpdError | undefined => {
  const said = textOf(error)
  if (said === undefined) return undefined
  const code = typeof type === 'string' && Object.hasOwn(codes, type) ? codes[type]! : 'BACKEND_ERROR'
  return new McpdError(
    code,
    code === 'BACKEND_ERROR' ? `The backend failed: ${said}` : said,
    code === 'BAD_REQUEST' ? { status: validationStatus } : {},
  )
}
