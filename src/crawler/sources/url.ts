import type { SpecAuth } from '../../core/spec-config.ts'
import { McpdError } from '../../core/errors.ts'
import { bundle, type Related } from '../bundle.ts'
import { isDocument } from '../document.ts'
import type { Memory } from '../snapshots/version.ts'
import { createHttp, type Http, type HttpAnswer, type HttpOptions } from './http.ts'
import { readKserve } from './kserve.ts'
import { wellKnown } from './locations.ts'
import type { Fetched, Source } from './source.ts'

export type HttpSettings = Omit<HttpOptions, 'named' | 'signal'>

/** A document at a URL; a URL without a path is a server that is searched for one. */
export const urlSource = (url: URL, settings: HttpSettings): Source =>
  url.pathname === '/' && url.search === '' ? serverSource(url, {}, settings) : documentSource(url, settings)

const documentSource = (url: URL, settings: HttpSettings): Source => ({
  location: shown(url),
  fetch: async (known, signal) => {
    await using http = createHttp({ ...settings, named: url, signal })
    const key = memoryKey(url, settings.auth)
    const answer = await get(http, url, known?.key === key ? known : undefined)
    return await withReferences(http, toFetched(answer, key), answer.url, settings.sizeMaxBytes)
  },
})

export interface ServerFacts {
  /** Type of the adapter, where the server is a backend. */
  readonly adapter?: string
}

/** A server that has a document somewhere: where it was last time, or at one of the usual places. */
export const serverSource = (server: URL, facts: ServerFacts, settings: HttpSettings): Source => ({
  location: shown(server),
  fetch: async (known, signal) => {
    await using http = createHttp({ ...settings, named: server, signal })
    const key = memoryKey(server, settings.auth)
    const remembered = known?.key === key ? known : undefined
    if (remembered?.location !== undefined && URL.canParse(remembered.location)) {
      const url = new URL(remembered.location)
      const answer = await get(http, url, remembered)
      const fetched = answer.status === 304 || answer.status === 200 ? toFetched(answer, key, url) : undefined
      if (fetched) return await withReferences(http, fetched, answer.url, settings.sizeMaxBytes)
    }
    // Awaited here: what was opened above closes when this function ends.
    return await search(http, server, facts, key, settings.sizeMaxBytes)
  },
})

const search = async (
  http: Http,
  server: URL,
  facts: ServerFacts,
  key: string,
  sizeMaxBytes: number,
): Promise<Fetched> => {
  const tried: string[] = []
  let refused: number | undefined
  for (const path of wellKnown(facts.adapter, server.pathname)) {
    const url = new URL(path, server)
    const answer = await get(http, url, undefined, tried.length === 0 ? undefined : 1).catch(
      (error: unknown) => {
        // One place may be broken or lead astray; a server that cannot be reached at all is so everywhere.
        if (tried.length === 0 || http.signal.aborted) throw error
      },
    )
    tried.push(path)
    if (answer?.status === 401 || answer?.status === 403) refused ??= answer.status
    if (answer?.status !== 200 || !isDocument(answer.bytes)) continue
    return withReferences(http, toFetched(answer, key, url), answer.url, sizeMaxBytes)
  }
  const synthesised = await readKserve(http, server)
  if (synthesised)
    return {
      kind: 'found',
      raw: Buffer.from(`${JSON.stringify(synthesised, undefined, 1)}\n`),
      location: shown(new URL('/v2', server)),
    }
  if (refused !== undefined)
    throw new McpdError('SOURCE_FAILED', `${server.host} asks for credentials (${refused}).`, {
      suggestions: ['Give the spec `auth` in mcpd.yaml, or the backend its `apiKey`.'],
    })
  return { kind: 'nothing', tried }
}

/** With the documents that it refers to inside, from hosts that may be asked. */
const withReferences = async (
  http: Http,
  fetched: Fetched,
  root: URL,
  sizeMaxBytes: number,
): Promise<Fetched> => {
  if (fetched.kind !== 'found') return fetched
  const { raw, isBundled } = await bundle(fetched.raw, relatedTo(http, root), sizeMaxBytes)
  if (!isBundled || !fetched.memory) return { ...fetched, raw }
  // Its validators say nothing about the others.
  const { etag: _, lastModified: __, ...memory } = fetched.memory
  return { ...fetched, raw, memory }
}

const relatedTo = (http: Http, root: URL): Related => ({
  resolve: (reference, from) => {
    const base = from === '' ? root.href : from
    if (!URL.canParse(reference, base))
      throw new McpdError('SOURCE_REFUSED', `"${reference.slice(0, 200)}" is no address.`)
    const { href } = new URL(reference, base)
    return href === root.href ? '' : href
  },
  read: async (id) => {
    const answer = await http.send({ url: new URL(id), attemptsMax: 2 })
    if (answer.status !== 200) throw refusal(answer)
    return answer.bytes
  },
})

const get = (http: Http, url: URL, known: Memory | undefined, attemptsMax?: number): Promise<HttpAnswer> =>
  http.send({
    url,
    ...(attemptsMax !== undefined && { attemptsMax }),
    headers: {
      ...(known?.etag !== undefined && { 'if-none-match': known.etag }),
      ...(known?.lastModified !== undefined && { 'if-modified-since': known.lastModified }),
    },
  })

const toFetched = (answer: HttpAnswer, key: string, place?: URL): Fetched => {
  if (answer.status === 304) return { kind: 'unchanged' }
  if (answer.status !== 200) throw refusal(answer)
  const { etag, 'last-modified': lastModified, 'content-type': mediaType } = answer.headers
  return {
    kind: 'found',
    raw: answer.bytes,
    location: shown(answer.url),
    ...(mediaType !== undefined && { mediaType }),
    memory: {
      key,
      // Not of a document that was named: its query may hold a key.
      ...(place && { location: place.href }),
      ...(etag !== undefined && { etag }),
      ...(lastModified !== undefined && { lastModified }),
    },
  }
}

const refusal = ({ status, url }: HttpAnswer): McpdError =>
  new McpdError('SOURCE_FAILED', `${shown(url)} answered ${status}.`, {
    suggestions:
      status === 401 || status === 403
        ? ['Give the spec `auth` in mcpd.yaml; secrets are references such as ${env:NAME}.']
        : [],
  })

/** Validators belong to an address and a kind of credentials; a hash of the secret itself has no place in a store. */
const memoryKey = (url: URL, auth: SpecAuth | undefined): string =>
  `${shown(url)} ${auth === undefined ? 'open' : auth.kind === 'token' ? (auth.header ?? 'bearer') : 'basic'}`

/** Without user name, password and values of the query, which may be keys. */
export const shown = (url: URL): string => {
  const names = [...new Set(url.searchParams.keys())]
  return (
    url.origin + url.pathname + (names.length > 0 ? `?${names.map((name) => `${name}=…`).join('&')}` : '')
  )
}
