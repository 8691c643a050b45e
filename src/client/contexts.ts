import type { Call, Connection } from './connection.ts'
import type { CallOptions } from './types.ts'

/** What is said of a context beside its turns. */
export interface ContextAboutFields {
  readonly title?: string
  readonly tags?: readonly string[]
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Never deleted for its age. */
  readonly pinned?: boolean
}

export interface ContextEntry extends ContextAboutFields {
  readonly id: string
  /** Names of heads and the turns they are at. */
  readonly heads: Readonly<Record<string, string | null>>
  /** On all heads. */
  readonly turns: number
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Its turns are in a file, and come back when they are read. */
  readonly archived?: boolean
}

export interface ContextTurn {
  readonly id: string
  readonly parent: string | null
  readonly seq: number
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  readonly state: 'streaming' | 'complete' | 'aborted'
  /** Unix milliseconds. */
  readonly at: number
  readonly pinned: boolean
  /** SHA-256 of the message in its canonical form, base64url. */
  readonly hash: string
  readonly chain: string
  readonly origin?: Readonly<Record<string, unknown>>
  readonly content?: unknown
  readonly toolCalls?: readonly unknown[]
  readonly toolCallId?: string
  readonly reasoning?: string
}

export interface ContextViewReport {
  /** whole, recent, lexical or semantic. */
  readonly mode: string
  readonly tokens: number
  /** Whether the tokens were counted or estimated. */
  readonly exact: boolean
  readonly kept: readonly string[]
  readonly dropped: readonly { readonly id: string; readonly tokens: number; readonly reason: string }[]
}

export interface ContextPage {
  readonly id: string
  readonly ref: string
  readonly head: string | null
  readonly turns: readonly ContextTurn[]
  readonly next?: string
  readonly view?: ContextViewReport
}

export interface ContextHead {
  readonly id: string
  readonly ref: string
  readonly head: string | null
}

export interface ContextHit {
  readonly context: string
  readonly turn: string
  readonly role: string
  readonly snippet: string
  readonly score: number
}

export interface ContextImport {
  readonly id: string
  readonly heads: Readonly<Record<string, string | null>>
  readonly turns: number
}

/** `busy` and `differing` name contexts that were not copied. */
export interface MigrateReport {
  readonly copied: number
  readonly renewed: number
  readonly same: number
  readonly busy: readonly string[]
  readonly differing: readonly string[]
}

/** `keys`: how many stored pieces are encrypted with the key of an id; '' counts those that are not. */
export interface RotateReport {
  readonly rows: number
  readonly keys: Readonly<Record<string, number>>
}

export interface FsckReport {
  readonly ok: boolean
  readonly checked: Readonly<Record<string, unknown>>
  readonly problems: readonly {
    readonly kind: string
    readonly context?: string
    readonly turn?: string
    readonly detail: string
  }[]
}

export interface Page {
  /** From the page before. */
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
}

/** Conversations that the daemon keeps. Errors: CONTEXT_NOT_FOUND, CONTEXT_CONFLICT, STORE_UNAVAILABLE. */
export interface ContextCalls {
  create(
    about: ContextAboutFields & { readonly id?: string; readonly messages?: readonly object[] },
    options?: CallOptions,
  ): Promise<ContextHead>
  list(
    query?: Page & { readonly tag?: string | undefined },
    options?: CallOptions,
  ): Promise<{ readonly contexts: readonly ContextEntry[]; readonly next?: string }>
  get(id: string, options?: CallOptions): Promise<ContextEntry>
  change(id: string, about: ContextAboutFields, options?: CallOptions): Promise<ContextEntry>
  turns(
    id: string,
    query?: Page & { readonly ref?: string | undefined; readonly budgetTokens?: number | undefined },
    options?: CallOptions,
  ): Promise<ContextPage>
  fork(
    id: string,
    fork: { readonly ref?: string; readonly at?: string; readonly name?: string },
    options?: CallOptions,
  ): Promise<ContextHead>
  rewind(
    id: string,
    rewind: { readonly ref?: string; readonly to?: string; readonly turns?: number },
    options?: CallOptions,
  ): Promise<ContextHead>
  search(
    query: { readonly query: string; readonly limit?: number },
    options?: CallOptions,
  ): Promise<{ readonly results: readonly ContextHit[] }>
  prune(
    id: string,
    query: {
      readonly budgetTokens: number
      readonly ref?: string | undefined
      readonly query?: string | undefined
    },
    options?: CallOptions,
  ): Promise<ContextViewReport>
  export(id: string, format: 'jsonl' | 'markdown', options?: CallOptions): Promise<string>
  /** `text` is what `export` gave as JSONL; `id` puts it under another name. */
  import(
    text: string,
    query?: { readonly id?: string | undefined },
    options?: CallOptions,
  ): Promise<ContextImport>
  delete(id: string, options?: CallOptions): Promise<void>
  stats(options?: CallOptions): Promise<Readonly<Record<string, unknown>>>
  fsck(options?: CallOptions): Promise<FsckReport>
  /** Copies every context into the store at a URL, such as `postgres://…`. */
  migrate(to: string, options?: CallOptions): Promise<MigrateReport>
  /** Encrypts everything with the first key; `countOnly` changes nothing. */
  rotate(rotate?: { readonly countOnly?: boolean }, options?: CallOptions): Promise<RotateReport>
}

const base = '/mcp/v1/contexts'
const of = (id: string, rest = ''): string => `${base}/${encodeURIComponent(id)}${rest}`

/** `?a=b` of the members that are there. */
const queryOf = (members: Readonly<Record<string, string | number | undefined>>): string => {
  const given = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** `api` for the conversations themselves, `admin` for the store they are in. */
export const contextCalls = (api: Connection, admin: Connection): ContextCalls => {
  const ask = async <Answer>(call: Call, { signal }: CallOptions = {}, over = api): Promise<Answer> =>
    (await over.json({ ...call, signal })) as Answer
  return {
    create: (body, options) => ask({ method: 'POST', path: base, body: { ...body } }, options),
    list: ({ cursor, limit, tag } = {}, options) =>
      ask({ method: 'GET', path: base + queryOf({ cursor, limit, tag }) }, options),
    get: (id, options) => ask({ method: 'GET', path: of(id, '/about') }, options),
    change: (id, about, options) => ask({ method: 'PATCH', path: of(id), body: { ...about } }, options),
    turns: (id, { ref, cursor, limit, budgetTokens } = {}, options) =>
      ask(
        {
          method: 'GET',
          path: of(
            id,
            queryOf({
              ref,
              cursor,
              limit,
              budgetTokens,
              view: budgetTokens === undefined ? undefined : 'budget',
            }),
          ),
        },
        options,
      ),
    fork: (id, fork, options) => ask({ method: 'POST', path: of(id, '/fork'), body: { ...fork } }, options),
    rewind: (id, rewind, options) =>
      ask({ method: 'POST', path: of(id, '/rewind'), body: { ...rewind } }, options),
    search: (query, options) => ask({ method: 'POST', path: `${base}/search`, body: { ...query } }, options),
    prune: (id, { budgetTokens, ref, query }, options) =>
      ask({ method: 'GET', path: of(id, `/prune${queryOf({ budgetTokens, ref, query })}`) }, options),
    export: async (id, format, { signal } = {}) =>
      api.text({ method: 'GET', path: of(id, `/export${queryOf({ format })}`), signal }),
    import: (text, { id } = {}, options) =>
      ask({ method: 'POST', path: `${base}/import${queryOf({ id })}`, lines: text }, options),
    delete: (id, { signal } = {}) => api.done({ method: 'DELETE', path: of(id), signal }),
    stats: (options) => ask({ method: 'GET', path: '/admin/contexts' }, options, admin),
    fsck: (options) => ask({ method: 'POST', path: '/admin/contexts/fsck' }, options, admin),
    migrate: (to, options) =>
      ask({ method: 'POST', path: '/admin/contexts/migrate', body: { to } }, options, admin),
    rotate: (body = {}, options) =>
      ask({ method: 'POST', path: '/admin/contexts/rotate', body: { ...body } }, options, admin),
  }
}
