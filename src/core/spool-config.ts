import { resolve } from 'node:path'
import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { McpdError } from './errors.ts'
import { parseSize, sizePattern } from './quantity.ts'

/** `contexts.spool`. */
export const spoolSchema = Type.Union(
  [
    Type.Boolean(),
    Type.Object(
      {
        path: Type.Optional(
          Type.String({ minLength: 1, description: 'The file. Default: spool.db in the state directory.' }),
        ),
        max: Type.Optional(
          Type.String({
            pattern: sizePattern,
            description: 'How much may wait for PostgreSQL.',
            default: '1GB',
          }),
        ),
      },
      { additionalProperties: false },
    ),
  ],
  {
    description:
      'Whether conversations go on in a file of this daemon while PostgreSQL is away; they are carried over when it is back.',
    default: false,
  },
)

export interface SpoolConfig {
  /** Absolute. */
  readonly path: string
  readonly maxBytes: number
}

/** Throws CONFIG_INVALID where the journal is not PostgreSQL. `folder` is where relative paths start. */
export const resolveSpool = (
  file: Static<typeof spoolSchema> | undefined,
  journalKind: string,
  stateDir: string,
  folder: string,
): { readonly spool?: SpoolConfig } => {
  if (file === undefined || file === false) return {}
  if (journalKind !== 'postgres')
    throw new McpdError(
      'CONFIG_INVALID',
      'contexts.spool is for the time that PostgreSQL is away; the conversations of this daemon are not there.',
      { suggestions: ['Leave contexts.spool out, or name a PostgreSQL in contexts.journal.'] },
    )
  const { path, max = '1GB' } = file === true ? {} : file
  return {
    spool: {
      path: path === undefined ? `${stateDir}/spool.db` : resolve(folder, path),
      maxBytes: parseSize(max),
    },
  }
}
