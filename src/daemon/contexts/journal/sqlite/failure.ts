import { McpdError, isMcpdError } from '../../../../core/errors.ts'

/** Primary result codes of SQLite, and what they mean for somebody who keeps contexts. */
const words: Readonly<Record<number, string>> = {
  5: 'another process holds it',
  6: 'another process holds it',
  7: 'memory ran out',
  8: 'it cannot be written: the file or its directory is read-only',
  10: 'the disk failed to read or write',
  13: 'the disk is full',
  14: 'its file cannot be opened',
}

const damagedCodes: readonly number[] = [11, 26]
const tooBig = 18
const brokenCodes: readonly number[] = [10, 11, 14, 26]

const codeOf = (error: unknown): number => ((error as { errcode?: number } | undefined)?.errcode ?? 0) & 0xff

/** Whether the connection is of no use after this error and has to be opened anew. */
export const isBroken = (error: unknown): boolean => brokenCodes.includes(codeOf(error))

/** What SQLite has thrown, as an error of ours. */
export const storeError = (error: unknown): McpdError => {
  if (isMcpdError(error)) return error
  const code = codeOf(error)
  if (damagedCodes.includes(code))
    return new McpdError(
      'CONTEXT_DAMAGED',
      'The file of the contexts is damaged.',
      { suggestions: ['Run `mcpd context fsck`, and restore a copy of contexts.db.'] },
      error,
    )
  if (code === tooBig)
    return new McpdError('REQUEST_TOO_LARGE', 'A turn is larger than the store takes.', {}, error)
  const word = words[code]
  if (word === undefined)
    return new McpdError('INTERNAL', 'The store of contexts failed. The log has the details.', {}, error)
  return new McpdError(
    'STORE_UNAVAILABLE',
    `The store of contexts is not available: ${word}.`,
    { retryAfterSeconds: 5 },
    error,
  )
}
