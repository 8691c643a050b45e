import { McpdError } from '../../../core/errors.ts'
import { decodeError as decodeStatus } from '../../../dialects/openai/errors.ts'
import { isRecord, numberOf } from '../../../dialects/wire.ts'

/**
 * What an answer with an error status means: as in the OpenAI dialect, whose decoder knows the words of TGI, TEI and
 * the providers; with what Hugging Face means by a refused token, an empty account and a model that is loading.
 */
export const decodeError = (
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Buffer,
  hasKey: boolean,
): McpdError => {
  const error = decodeStatus(status, headers, bytes)
  const retryAfterSeconds = error.details.retryAfterSeconds ?? estimatedSeconds(status, bytes)
  const suggestions = suggestionsFor(status, hasKey)
  return new McpdError(error.code, error.message, {
    ...error.details,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(suggestions && { suggestions }),
  })
}

const suggestionsFor = (status: number, hasKey: boolean): readonly string[] | undefined => {
  switch (status) {
    case 401:
      return hasKey
        ? ["The token in the backend's entry of the config is unknown or has expired: make a new one."]
        : ['Set apiKey: "${env:HF_TOKEN}" in the backend\'s entry of the config; it has none.']
    case 402:
      return ['The account of the token has no credits left; billTo names an organisation that pays.']
    case 403:
      return [
        'The token lacks a permission: the router wants "Make calls to Inference Providers", an endpoint that of its owner.',
      ]
    default:
      return undefined
  }
}

/** `estimated_time` of a model that is loading. */
const estimatedSeconds = (status: number, bytes: Buffer): number | undefined => {
  if (status !== 503) return undefined
  try {
    const body: unknown = JSON.parse(bytes.toString())
    const seconds = isRecord(body) ? numberOf(body['estimated_time']) : undefined
    return seconds !== undefined && seconds >= 0 ? Math.ceil(seconds) : undefined
  } catch {
    return undefined
  }
}
