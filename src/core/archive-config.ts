import { resolve } from 'node:path'
import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { McpdError } from './errors.ts'
import { durationPattern, parseDuration } from './quantity.ts'

/** `contexts.archive` of mcpd.yaml. */
export const archiveSchema = Type.Object(
  {
    after: Type.Optional(
      Type.String({
        pattern: durationPattern,
        description: 'How long after its last turn a context goes into a file.',
        default: '90d',
      }),
    ),
    directory: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Where the files are; daemons that share a journal share it too. Default: archive in the state directory.',
      }),
    ),
  },
  { additionalProperties: false, description: 'Moves contexts that nobody uses out of the journal.' },
)

export interface ArchiveConfig {
  readonly afterMs: number
  /** Absolute. */
  readonly directory: string
}

interface ArchivePlace {
  /** Of the journal. */
  readonly kind: string
  /** Of contexts, as it is written. */
  readonly retention: string
  readonly stateDir: string
  /** Where relative paths start. */
  readonly folder: string
}

/** Throws CONFIG_INVALID where contexts would be deleted first, and for journals that archive nothing. */
export const resolveArchive = (
  { after = '90d', directory }: Static<typeof archiveSchema>,
  { kind, retention, stateDir, folder }: ArchivePlace,
): ArchiveConfig => {
  if (kind !== 'postgres')
    throw new McpdError('CONFIG_INVALID', 'contexts.archive needs a contexts.journal in PostgreSQL.', {
      suggestions: ['Take it out, or name a database in contexts.journal.'],
    })
  const afterMs = parseDuration(after)
  if (retention !== 'never' && parseDuration(retention) <= afterMs)
    throw new McpdError(
      'CONFIG_INVALID',
      `contexts.retention deletes contexts after ${retention}, before contexts.archive takes them after ${after}.`,
      { suggestions: ['Set contexts.retention to never, or to more.'] },
    )
  return { afterMs, directory: directory === undefined ? `${stateDir}/archive` : resolve(folder, directory) }
}
