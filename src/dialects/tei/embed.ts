import { McpdError } from '../../core/errors.ts'
import type { EmbedInput } from '../../core/inference.ts'

/** Members of `extra` that the API has a use for. */
const extraNames: ReadonlySet<string> = new Set([
  'normalize',
  'truncate',
  'truncation_direction',
  'prompt_name',
])

/** A body of POST /embed for some of the inputs, and the members of the request that have no place in it. */
export const encodeEmbed = (
  { dimensions, extra }: EmbedInput,
  inputs: EmbedInput['inputs'],
): { readonly body: Readonly<Record<string, unknown>>; readonly dropped: readonly string[] } => ({
  body: {
    inputs,
    ...(dimensions !== undefined && { dimensions }),
    ...Object.fromEntries(Object.entries(extra).filter(([name]) => extraNames.has(name))),
  },
  dropped: Object.keys(extra).filter((name) => !extraNames.has(name)),
})

/** The vectors of an answer, as many as were asked for. Throws BACKEND_ERROR. */
export const decodeEmbeddings = (value: unknown, count: number): readonly (readonly number[])[] => {
  if (!Array.isArray(value) || value.length !== count)
    throw new McpdError('BACKEND_ERROR', `The backend's answer is no list of ${count} vectors.`)
  for (const vector of value as unknown[])
    if (!Array.isArray(vector) || vector.length === 0 || typeof vector[0] !== 'number')
      throw new McpdError(
        'BACKEND_ERROR',
        'The backend answered with something that is no vector per input: the model may give one per token.',
      )
  return value as number[][]
}
