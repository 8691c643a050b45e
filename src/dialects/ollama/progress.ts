import type { PullProgress } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'
import { isRecord, numberOf, textOf, type Wire } from '../wire.ts'
import { errorInside } from './errors.ts'

/** One line of a pull. Throws MODEL_NOT_FOUND when the registry has no such model, else BACKEND_ERROR. */
export const decodeProgress = (text: string, model: string): PullProgress => {
  const body = parse(text)
  const failure = errorInside(body)
  if (failure && /file does not exist|not found/.test(failure.message))
    throw new McpdError(
      'MODEL_NOT_FOUND',
      `There is no model "${model}" to pull.`,
      { param: 'model' },
      failure,
    )
  if (failure) throw failure
  const totalBytes = numberOf(body['total'])
  const completedBytes = numberOf(body['completed'])
  const digest = textOf(body['digest'])
  return {
    status: textOf(body['status']) ?? '',
    ...(totalBytes !== undefined && { totalBytes }),
    ...(completedBytes !== undefined && { completedBytes }),
    ...(digest !== undefined && { digest }),
  }
}

const parse = (text: string): Wire => {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Told below.
  }
  throw new McpdError('BACKEND_ERROR', `The backend sent ${text.length} characters that are no JSON object.`)
}

/** A line of a pull. The inverse of `decodeProgress`. */
export const encodeProgress = ({ status, digest, totalBytes, completedBytes }: PullProgress): object => ({
  status,
  ...(digest !== undefined && { digest }),
  ...(totalBytes !== undefined && { total: totalBytes }),
  ...(completedBytes !== undefined && { completed: completedBytes }),
})
