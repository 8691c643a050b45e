import { resolve } from 'node:path'
import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { durationPattern, fitsTimer, parseDuration, parseSize, sizePattern } from './quantity.ts'

const closed = { additionalProperties: false }
const duration = (description: string, byDefault?: string) =>
  Type.Optional(
    Type.Refine(
      Type.String({
        pattern: durationPattern,
        description,
        ...(byDefault !== undefined && { default: byDefault }),
      }),
      fitsTimer,
      () => 'must be at most 24d, the longest a timer can wait',
    ),
  )

export const specNamePattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'

const auth = Type.Object(
  {
    token: Type.Optional(Type.String({ minLength: 1, description: 'Sent as Bearer, or bare in `header`.' })),
    header: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9-]+$', description: 'Header for the token, such as X-Api-Key.' }),
    ),
    username: Type.Optional(Type.String({ minLength: 1, description: 'User of Basic authentication.' })),
    password: Type.Optional(Type.String({ minLength: 1, description: 'Password of Basic authentication.' })),
  },
  { ...closed, description: 'Goes to the origin of the URL and nowhere else.' },
)

const git = Type.Object(
  {
    repository: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'A folder, or what git can clone; by default where the config is.',
      }),
    ),
    path: Type.String({ minLength: 1, description: 'The document inside the repository.' }),
    revision: Type.Optional(
      Type.String({ pattern: '^[^-\\s:][^\\s:]*$', description: 'Branch, tag or commit; HEAD by default.' }),
    ),
  },
  closed,
)

/** An entry of `specs.sources`: exactly one of url, file, git, command and backend. */
const source = Type.Object(
  {
    name: Type.String({
      pattern: specNamePattern,
      description: 'Unique name; what `spec@version` begins with.',
    }),
    url: Type.Optional(
      Type.String({
        pattern: '^https?://',
        description: 'The document, or a server that has one somewhere.',
      }),
    ),
    file: Type.Optional(Type.String({ minLength: 1, description: 'A file, relative to the config file.' })),
    git: Type.Optional(git),
    command: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 100,
        description: 'A program and its arguments; prints the document. No shell is involved.',
      }),
    ),
    backend: Type.Optional(Type.String({ minLength: 1, description: 'Name of one of the backends.' })),
    auth: Type.Optional(auth),
    hosts: Type.Optional(
      Type.Array(Type.String({ pattern: '^[^/@\\s]+$' }), {
        maxItems: 100,
        default: [],
        description: 'Other hosts that redirects and references may lead to, as host or host:port.',
      }),
    ),
    every: duration('How often the daemon looks; absent = only when asked.'),
    timeout: duration('Longest time for one look, retries included.', '60s'),
    sizeMax: Type.Optional(
      Type.String({ pattern: sizePattern, description: 'Largest document, unpacked.', default: '64MB' }),
    ),
  },
  { ...closed, description: 'Where one document comes from: one of url, file, git, command and backend.' },
)

export const specsSchema = Type.Object(
  {
    store: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Folder with every version seen, relative to the config file. Default: specs in the state directory.',
      }),
    ),
    every: duration('How often the daemon looks at sources that do not say.'),
    sources: Type.Optional(Type.Array(source, { maxItems: 10_000, default: [] })),
  },
  closed,
)

export type SpecsFile = Static<typeof specsSchema>
type SpecEntry = Static<typeof source>

/** Where a document comes from. Paths are absolute. */
export type SpecOrigin =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'git'; readonly repository: string; readonly path: string; readonly revision: string }
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly cwd: string }
  | { readonly kind: 'backend'; readonly backend: string }

export type SpecAuth =
  | { readonly kind: 'token'; readonly token: string; readonly header?: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }

export interface SpecSource {
  readonly name: string
  readonly origin: SpecOrigin
  readonly auth?: SpecAuth
  /** `host` or `host:port` that redirects and references may lead to besides the source's own. */
  readonly hosts: readonly string[]
  /** How often the daemon looks; absent = never by itself. */
  readonly everyMs?: number
  /** Of one look, retries included. */
  readonly timeoutMs: number
  /** Of a document, unpacked. */
  readonly sizeMaxBytes: number
}

export interface SpecsConfig {
  readonly store: string
  readonly sources: readonly SpecSource[]
}

export const specDefaults = { hosts: [], timeoutMs: 60_000, sizeMaxBytes: 64 * 2 ** 20 } as const

/** `folder` is where relative paths start. What `specProblem` finds must have been refused before. */
export const resolveSpecs = (file: SpecsFile | undefined, stateDir: string, folder: string): SpecsConfig => ({
  store: file?.store === undefined ? `${stateDir}/specs` : resolve(folder, file.store),
  sources: (file?.sources ?? []).map((entry) => {
    const every = entry.every ?? file?.every
    const auth = authOf(entry.auth)
    return {
      name: entry.name,
      origin: originOf(entry, folder),
      ...(auth && { auth }),
      hosts: entry.hosts ?? specDefaults.hosts,
      ...(every !== undefined && { everyMs: parseDuration(every) }),
      timeoutMs: parseDuration(entry.timeout ?? '60s'),
      sizeMaxBytes: parseSize(entry.sizeMax ?? '64MB'),
    }
  }),
})

const kinds = ['url', 'file', 'git', 'command', 'backend'] as const

const originOf = (entry: SpecEntry, folder: string): SpecOrigin => {
  if (entry.url !== undefined) return { kind: 'url', url: entry.url }
  if (entry.file !== undefined) return { kind: 'file', path: resolve(folder, entry.file) }
  if (entry.command) return { kind: 'command', argv: entry.command, cwd: folder }
  if (entry.git) {
    const { repository = '.', path, revision = 'HEAD' } = entry.git
    return {
      kind: 'git',
      repository: isRemote(repository) ? repository : resolve(folder, repository),
      path,
      revision,
    }
  }
  return { kind: 'backend', backend: entry.backend ?? entry.name }
}

/** Whether git would fetch it rather than read it from this disk. */
export const isRemote = (repository: string): boolean =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(repository) || /^[^/\\]+@[^/\\]+:/.test(repository)

const authOf = (entry: SpecEntry['auth']): SpecAuth | undefined => {
  if (entry?.token !== undefined)
    return { kind: 'token', token: entry.token, ...(entry.header !== undefined && { header: entry.header }) }
  if (entry?.username !== undefined)
    return { kind: 'basic', username: entry.username, password: entry.password ?? '' }
  return undefined
}

/** What the schema cannot say, by JSON pointer of the config; undefined when all is well. */
export const specProblem = (
  file: SpecsFile | undefined,
): { readonly pointer: string; readonly message: string } | undefined => {
  const names = new Set<string>()
  for (const [index, entry] of (file?.sources ?? []).entries()) {
    const pointer = `/specs/sources/${index}`
    if (names.has(entry.name))
      return { pointer: `${pointer}/name`, message: `two specs are named "${entry.name}".` }
    names.add(entry.name)
    const given = kinds.filter((kind) => entry[kind] !== undefined)
    if (given.length !== 1)
      return { pointer, message: `the spec ${entry.name} needs exactly one of ${kinds.join(', ')}.` }
    const { auth } = entry
    if (auth && (auth.token === undefined) === (auth.username === undefined))
      return {
        pointer: `${pointer}/auth`,
        message: `the spec ${entry.name}: auth needs token, or username and password.`,
      }
    if (entry.url !== undefined && /^https?:\/\/[^/?#]*@/.test(entry.url))
      return {
        pointer: `${pointer}/url`,
        message: `the spec ${entry.name}: write credentials under auth, not in the URL.`,
      }
  }
  return undefined
}
