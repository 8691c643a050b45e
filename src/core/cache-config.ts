import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { McpdError } from './errors.ts'
import { durationPattern, fitsTimer, parseDuration, parseSize, sizePattern } from './quantity.ts'

const closed = { additionalProperties: false }

/** Largest text that any cache keeps; answers are compressed in it. */
export const cachedMaxBytes = 2 ** 20
/** Largest answer that a route may ask to have kept. */
const answerMaxBytes = 16 * 2 ** 20

/** `cache` of a group or a backend. */
export const answerCacheSchema = Type.Object(
  {
    ttl: Type.Refine(
      Type.String({ pattern: durationPattern, description: 'How long an answer is given again.' }),
      fitsTimer,
      () => 'must be at most 24d',
    ),
    maxBody: Type.Optional(
      Type.Refine(
        Type.String({
          pattern: sizePattern,
          description: 'Largest answer that is kept, before compression; at most 16MB.',
          default: '1MB',
        }),
        (text) => parseSize(text) <= answerMaxBytes,
        () => 'must be at most 16MB',
      ),
    ),
  },
  {
    ...closed,
    description:
      'Answers equal requests of one tenant from memory or the server of contexts.cache. Off by default.',
  },
)

/** How one route's answers are kept. */
export interface AnswerCacheConfig {
  readonly ttlMs: number
  readonly bodyMaxBytes: number
}

/** As a member of what has it; nothing where it is off. */
export const resolveAnswerCache = (
  file: Static<typeof answerCacheSchema> | undefined,
): { readonly cache?: AnswerCacheConfig } =>
  file ? { cache: { ttlMs: parseDuration(file.ttl), bodyMaxBytes: parseSize(file.maxBody ?? '1MB') } } : {}

/** `contexts.cache`. */
export const cacheServerSchema = Type.Object(
  {
    url: Type.String({
      pattern: '^(rediss?|postgres(ql)?)://',
      description:
        'A server for what can be computed again: ${env:NAME} with redis://, rediss:// or postgres://; several of redis, with commas between, are nodes of one cluster.',
    }),
  },
  {
    ...closed,
    description: 'Keeps token counts, embeddings, summaries, sealed segments and answers between daemons.',
  },
)

/** Where caches are kept besides memory. */
export interface CacheServerConfig {
  readonly kind: 'redis' | 'postgres'
  /** With passwords: never to be shown. One, or the nodes of a cluster of Redis. */
  readonly urls: readonly string[]
}

/** Throws CONFIG_INVALID, without the URL, which may have a password in it. */
export const resolveCacheServer = ({ url }: Static<typeof cacheServerSchema>): CacheServerConfig => {
  const urls = url.split(',').map((each) => each.trim())
  const kinds = urls.map((each) => /^(redis|postgres)/.exec(URL.parse(each)?.protocol ?? '')?.[1])
  const [kind] = kinds
  if ((kind !== 'redis' && kind !== 'postgres') || kinds.some((each) => each !== kind))
    throw new McpdError(
      'CONFIG_INVALID',
      'contexts.cache.url holds something that is not a URL of a Redis or a PostgreSQL; percent-encode what is special in a password.',
    )
  if (kind === 'postgres' && urls.length > 1)
    throw new McpdError(
      'CONFIG_INVALID',
      'contexts.cache.url may name several servers of Redis, but one PostgreSQL.',
    )
  return { kind, urls }
}
