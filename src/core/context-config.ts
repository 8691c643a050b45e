import { resolve } from 'node:path'
import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { type ArchiveConfig, archiveSchema, resolveArchive } from './archive-config.ts'
import { type CacheServerConfig, cacheServerSchema, resolveCacheServer } from './cache-config.ts'
import { type EncryptionConfig, encryptionSchema, resolveEncryption } from './encryption-config.ts'
import { type HotConfig, hotSchema, resolveHot } from './hot-config.ts'
import { durationPattern, parseDuration, parseSize, sizePattern } from './quantity.ts'
import { resolveSpool, type SpoolConfig, spoolSchema } from './spool-config.ts'

const closed = { additionalProperties: false }

/** The section `contexts` of mcpd.yaml. */
export const contextsSchema = Type.Object(
  {
    journal: Type.Optional(
      Type.String({
        pattern: '^(sqlite:|memory:|postgres(ql)?://)',
        description:
          'Where conversations are kept: sqlite:PATH, by default a file in the state directory; ${env:NAME} with postgres://USER:PASSWORD@HOST/DATABASE, which daemons may share; or memory: for tests.',
        default: 'sqlite:',
      }),
    ),
    retention: Type.Optional(
      Type.String({
        pattern: `${durationPattern}|^never$`,
        description: 'How long after its last turn a context is deleted; never for never. Pinned ones stay.',
        default: '30d',
      }),
    ),
    hotMax: Type.Optional(
      Type.String({
        pattern: sizePattern,
        description: 'Memory for conversations that are in use.',
        default: '64MB',
      }),
    ),
    embeddings: Type.Optional(
      Type.Object(
        {
          model: Type.String({
            minLength: 1,
            description:
              'Model that finds related turns by their meaning, as in requests; offline for the optional package. Without it they are found by words.',
          }),
        },
        closed,
      ),
    ),
    compaction: Type.Optional(
      Type.Object(
        {
          model: Type.String({
            minLength: 1,
            description: 'Model that sums up turns that no longer fit. Without it nothing is summed up.',
          }),
        },
        closed,
      ),
    ),
    cache: Type.Optional(cacheServerSchema),
    hot: Type.Optional(hotSchema),
    encryption: Type.Optional(encryptionSchema),
    archive: Type.Optional(archiveSchema),
    spool: Type.Optional(spoolSchema),
  },
  { ...closed, description: 'Conversations that mcpd keeps.' },
)

export type ContextsFile = Static<typeof contextsSchema>

export interface ContextsConfig {
  readonly journal:
    | { readonly kind: 'sqlite'; /** Absolute. */ readonly path: string }
    | { readonly kind: 'postgres'; /** With the password: never to be shown. */ readonly url: string }
    | { readonly kind: 'memory' }
  /** Absent: for ever. */
  readonly retentionMs?: number
  readonly hotMaxBytes: number
  readonly embeddings?: { readonly model: string }
  readonly compaction?: { readonly model: string }
  /** Absent: in memory only. */
  readonly cache?: CacheServerConfig
  /** Absent: no hot copies but those in memory. */
  readonly hot?: HotConfig
  /** Absent: nothing is encrypted. */
  readonly encryption?: EncryptionConfig
  /** Absent: nothing is archived. */
  readonly archive?: ArchiveConfig
  /** Absent: without PostgreSQL there are no conversations. */
  readonly spool?: SpoolConfig
}

/** `folder` is where relative paths start. */
export const resolveContexts = (
  file: ContextsFile | undefined,
  stateDir: string,
  folder: string,
): ContextsConfig => {
  const retention = file?.retention ?? '30d'
  const journal = resolveJournal(file?.journal ?? 'sqlite:', stateDir, folder)
  return {
    journal,
    ...(retention !== 'never' && { retentionMs: parseDuration(retention) }),
    hotMaxBytes: parseSize(file?.hotMax ?? '64MB'),
    ...(file?.embeddings && { embeddings: file.embeddings }),
    ...(file?.compaction && { compaction: file.compaction }),
    ...(file?.cache && { cache: resolveCacheServer(file.cache) }),
    ...resolveHot(file?.hot, journal.kind),
    ...(file?.encryption && { encryption: resolveEncryption(file.encryption) }),
    ...(file?.archive && {
      archive: resolveArchive(file.archive, { kind: journal.kind, retention, stateDir, folder }),
    }),
    ...resolveSpool(file?.spool, journal.kind, stateDir, folder),
  }
}

const resolveJournal = (url: string, stateDir: string, folder: string): ContextsConfig['journal'] => {
  const place = url.slice(url.indexOf(':') + 1)
  if (url.startsWith('memory:')) return { kind: 'memory' }
  if (url.startsWith('postgres')) return { kind: 'postgres', url }
  return { kind: 'sqlite', path: place === '' ? `${stateDir}/contexts.db` : resolve(folder, place) }
}
