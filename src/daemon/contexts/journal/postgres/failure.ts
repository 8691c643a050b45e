import { McpdError, isMcpdError } from '../../../../core/errors.ts'

/** SQLSTATEs, or their classes, and what they mean for somebody who keeps contexts. */
const words: readonly (readonly [code: RegExp, word: string])[] = [
  [/^28/, 'it does not accept the user or the password of contexts.journal'],
  [/^3D000/, 'it has no database of the name in contexts.journal'],
  [
    /^42501/,
    'the user of contexts.journal lacks rights: it needs a schema `mcpd` of its own, or the right to create it',
  ],
  [/^25006/, 'it is read-only, such as a replica'],
  [/^53100/, 'its disk is full'],
  [/^53/, 'it has no connection or memory left'],
  [/^57014/, 'it did not answer in time'],
  [/^57P/, 'it is stopping or starting'],
  [/^(40|55P03)/, 'others were writing the same'],
  [/^(08|E[A-Z]+$)/, 'it cannot be reached'],
  [/^(42P01|3F000)/, 'the schema `mcpd` is not whole'],
]

/** Codes of a text that PostgreSQL cannot hold, such as one with a NUL. */
const unfitCode = /^(22021|22P05)$/
/** Codes of pages that do not have their checksums, and of indexes that contradict their tables. */
const damagedCode = /^XX00[12]$/

const codeOf = (error: unknown): string => (error as { code?: string } | undefined)?.code ?? ''

/** The SQLSTATE behind an error, also where it has become one of ours; '' where it has none. */
export const sqlStateOf = (error: unknown): string => codeOf(isMcpdError(error) ? error.cause : error)

/** What PostgreSQL, or the way there, has thrown, as an error of ours. Nothing of the URL is in it. */
export const storeError = (error: unknown): McpdError => {
  if (isMcpdError(error)) return error
  const code = codeOf(error)
  if (code === 'ERR_INVALID_URL')
    // Without its cause, which has the URL in it, password and all.
    return new McpdError('CONFIG_INVALID', 'What contexts.journal names is not the URL of a database.', {
      suggestions: ['Write % and a number for each of #, /, ?, @ and [ in its password, such as %23 for #.'],
    })
  if (unfitCode.test(code))
    return new McpdError(
      'BAD_REQUEST',
      'A name has a character in it that PostgreSQL does not keep.',
      {},
      error,
    )
  if (damagedCode.test(code))
    return new McpdError(
      'CONTEXT_DAMAGED',
      'PostgreSQL reports that the contexts are damaged.',
      { suggestions: ['Run `mcpd context fsck`, and restore a copy of the database.'] },
      error,
    )
  const word = words.find(([pattern]) => pattern.test(code))?.[1]
  // The driver's own errors, of connections that break or come too late, have no code.
  if (word === undefined && code !== '')
    return new McpdError('INTERNAL', 'The store of contexts failed. The log has the details.', {}, error)
  return unavailable(word ?? 'the connection broke or took too long', error)
}

export const unavailable = (word: string, cause?: unknown): McpdError =>
  new McpdError(
    'STORE_UNAVAILABLE',
    `PostgreSQL, which keeps the contexts, is not available: ${word}.`,
    { retryAfterSeconds: 2 },
    cause,
  )
