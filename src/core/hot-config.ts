import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { McpdError } from './errors.ts'
import { durationPattern, parseDuration } from './quantity.ts'

const urlSchema = Type.String({ pattern: '^rediss?(\\+cluster)?://' })

/** `contexts.hot`. */
export const hotSchema = Type.Object(
  {
    url: Type.Union([urlSchema, Type.Array(urlSchema, { minItems: 1 })], {
      description:
        'Where hot copies of conversations are: ${env:NAME} with redis://USER:PASSWORD@HOST:PORT, or rediss:// over TLS; a list of them, or redis+cluster://HOST,HOST, for a Redis Cluster.',
    }),
    ttl: Type.Optional(
      Type.String({
        pattern: durationPattern,
        description: 'How long after its last turn a conversation stays there.',
        default: '30d',
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'Hot copies of conversations in Redis, for daemons that share a PostgreSQL journal.',
  },
)

/** A Redis and how to log in to it: never to be shown. */
export interface RedisPlace {
  /** One, or those of a cluster that are known; it names the others. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly isCluster: boolean
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
  readonly database?: number
}

export interface HotConfig {
  readonly place: RedisPlace
  readonly ttlMs: number
}

/** Throws CONFIG_INVALID for a URL that cannot be read, without the URL, and where the journal is not shared. */
export const resolveHot = (
  file: Static<typeof hotSchema> | undefined,
  journalKind: string,
): { readonly hot?: HotConfig } => {
  if (!file) return {}
  if (journalKind !== 'postgres')
    throw new McpdError(
      'CONFIG_INVALID',
      'contexts.hot is for daemons that share a journal; this one has its conversations for itself, and those in use are in its memory already.',
      { suggestions: ['Leave contexts.hot out, or name a PostgreSQL in contexts.journal.'] },
    )
  return { hot: { place: readPlace(file.url), ttlMs: parseDuration(file.ttl ?? '30d') } }
}

const portDefault = 6379

const readPlace = (url: string | readonly string[]): RedisPlace => {
  const isList = typeof url !== 'string'
  const urls = (isList ? url : [url]).flatMap(partsOf).map(readUrl)
  const [first] = urls
  const login = urls.find(({ password }) => password !== '') ?? first
  if (!first || !login || urls.some(({ protocol }) => protocol !== first.protocol)) throw unreadable()
  const isCluster = isList || urls.length > 1 || first.protocol.includes('+cluster')
  const databases = urls.map(({ pathname }) => Number(pathname.slice(1)))
  const [database = 0] = databases
  if (databases.some((each) => !Number.isSafeInteger(each) || (isCluster && each !== 0))) throw unreadable()
  return {
    nodes: urls.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? portDefault : Number(port),
    })),
    isCluster,
    tls: first.protocol.startsWith('rediss'),
    ...(login.username !== '' && { username: decodeURIComponent(login.username) }),
    ...(login.password !== '' && { password: decodeURIComponent(login.password) }),
    ...(database !== 0 && { database }),
  }
}

/** `redis+cluster://a,b` is `redis+cluster://a` and `redis+cluster://b`. */
const partsOf = (url: string): readonly string[] => {
  const [first = '', ...rest] = url.split(',')
  const scheme = first.slice(0, first.indexOf('://') + '://'.length)
  return [first, ...rest.map((part) => (part.includes('://') ? part : `${scheme}${part}`))]
}

const readUrl = (text: string): URL => {
  // Not the constructor: the error that it throws has the whole text in it.
  const url = URL.parse(text)
  if (!url || url.hostname === '' || !isDecodable(url.username) || !isDecodable(url.password))
    throw unreadable()
  return url
}

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const unreadable = (): McpdError =>
  new McpdError(
    'CONFIG_INVALID',
    'contexts.hot.url is not the URL of a Redis, or not URLs of one cluster, which has no numbered databases.',
    { suggestions: ['Percent-encode what is special in a password.'] },
  )
