import { type ErrorCode, McpdError } from '../../core/errors.ts'
import { GrpcFailure, grpcUnavailable } from '../grpc-channel.ts'

const codes: Readonly<Record<number, ErrorCode>> = {
  3: 'BAD_REQUEST',
  4: 'BACKEND_TIMEOUT',
  5: 'MODEL_NOT_FOUND',
  8: 'RATE_LIMITED',
  9: 'BAD_REQUEST',
  11: 'BAD_REQUEST',
  12: 'OPERATION_UNSUPPORTED',
  14: 'BACKEND_UNAVAILABLE',
}

/** Characters of a service's own words that a message quotes. */
const quotedMaxLength = 1000

/** What a failed call means. One that had begun to answer has broken off. */
export const asOurs = (error: unknown, begun: boolean): unknown => {
  if (!(error instanceof GrpcFailure)) return error
  const { code } = error
  const message = error.message.slice(0, quotedMaxLength)
  const isCut = code === 1 || message.includes('RST_STREAM') || (begun && code === grpcUnavailable)
  if (isCut)
    return new McpdError('BACKEND_INCOMPLETE', `The service cut its answer short (${message}).`, {}, error)
  if (code === grpcUnavailable)
    return new McpdError('BACKEND_UNAVAILABLE', `The service cannot be reached (${message}).`, {}, error)
  if (code === 7 || code === 16)
    return new McpdError('BACKEND_ERROR', "The service refused mcpd's credentials.", {
      suggestions: ["Check headers in the backend's entry of the config."],
    })
  if (message.includes('larger than max'))
    return new McpdError(
      'BACKEND_ERROR',
      'The service sent a message larger than messageMax allows.',
      {},
      error,
    )
  return new McpdError(
    codes[code] ?? 'BACKEND_ERROR',
    message || `The service failed with code ${code}.`,
    {},
    error,
  )
}
