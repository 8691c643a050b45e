import { isRecord, numberOf } from '../../../dialects/wire.ts'

/** The numbers of a list of tokens; undefined when it is none. */
export const idsOf = (value: unknown): readonly number[] | undefined => {
  if (!Array.isArray(value)) return undefined
  const ids = value.map((token: unknown) => (isRecord(token) ? numberOf(token['id']) : undefined))
  return ids.includes(undefined) ? undefined : (ids as number[])
}
