import { McpdError } from '../core/errors.ts'
import { isList, isObject, type Json, type JsonObject, objectAt, setMember, textAt } from '../openapi/json.ts'
import { loadDocument } from '../openapi/load.ts'
import { defaultLimits } from '../openapi/source.ts'
import { fragmentPointer, valueAt } from '../openapi/pointer.ts'
import { openSpec } from '../openapi/spec.ts'
import { sha256, type Version } from './snapshots/version.ts'

/** What the crawler knows of a document: enough to keep it, to tell it from another, and to doubt it. */
export interface ReadDocument {
  readonly facts: Pick<
    Version,
    'fingerprint' | 'form' | 'format' | 'openapi' | 'title' | 'apiVersion' | 'operations'
  >
  /** Members sorted by name, one to a line, so that stored versions can be compared by any tool. */
  readonly canonical: string
  /** `GET /x`, sorted. */
  readonly operations: readonly string[]
}

export interface ReadOptions {
  readonly sizeMaxBytes?: number
  /** Where it was fetched: a server may write its own address, as it was called, into what it serves. */
  readonly origin?: string
}

/** Changes whenever the same bytes give another canonical document. */
const canonicalForm = 1
const methods = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'])

/** Throws SPEC_INVALID for what is no OpenAPI document. `name` is for messages. */
export const readDocument = (raw: Uint8Array, name: string, options: ReadOptions = {}): ReadDocument => {
  const { sizeMaxBytes = defaultLimits.bytesMax, origin } = options
  const source = loadDocument(raw, name, { ...defaultLimits, bytesMax: sizeMaxBytes })
  const openapi = versionOf(source.value)
  if (openapi === undefined)
    throw new McpdError(
      'SPEC_INVALID',
      `${name} is no OpenAPI document: it has neither "openapi" nor "swagger".`,
    )
  const { document } = openSpec(source)
  const operations = operationsOf(document)
  const info = objectAt(document, 'info')
  const title = textAt(info, 'title')
  const apiVersion = textAt(info, 'version')
  const canonical = sorted(document)
  return {
    facts: {
      fingerprint: sha256(JSON.stringify(withoutArtefacts(canonical, origin))),
      form: canonicalForm,
      format: source.format,
      openapi,
      ...(title !== undefined && { title }),
      ...(apiVersion !== undefined && { apiVersion }),
      operations: operations.length,
    },
    canonical: `${JSON.stringify(canonical, undefined, 1)}\n`,
    operations,
  }
}

/** Whether bytes are an OpenAPI document at all. */
export const isDocument = (raw: Uint8Array): boolean => {
  try {
    return versionOf(loadDocument(raw, 'candidate').value) !== undefined
  } catch {
    return false
  }
}

const versionOf = (value: Json): string | undefined => {
  for (const name of ['openapi', 'swagger']) {
    const member = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
    if (typeof member === 'string' || typeof member === 'number') return String(member)
  }
  return undefined
}

export const operationsOf = (document: Json): readonly string[] =>
  Object.entries(objectAt(document, 'paths'))
    .flatMap(([path, item]) =>
      Object.keys(followed(document, item))
        .filter((method) => methods.has(method))
        .map((method) => `${method.toUpperCase()} ${path}`),
    )
    .toSorted()

const hopsMax = 20

/** The path item itself, where it stands elsewhere. */
const followed = (document: Json, item: Json | undefined): JsonObject => {
  let at = item
  for (let hops = 0; hops < hopsMax; hops += 1) {
    const pointer = fragmentPointer(textAt(at, '$ref') ?? '')
    if (pointer === undefined) break
    at = valueAt(document, pointer)
  }
  return isObject(at) ? at : {}
}

const sorted = (value: Json): Json => {
  if (isList(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const members: Record<string, Json> = {}
  for (const name of Object.keys(value).toSorted()) setMember(members, name, sorted(value[name] ?? null))
  return members
}

const timestamp = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?/g

/** The document without what differs from one fetch to the next while the API stays the same. */
const withoutArtefacts = (document: Json, origin: string | undefined): Json => {
  if (!isObject(document)) return document
  const { info, servers, ...rest } = document
  const own = origin === undefined || !URL.canParse(origin) ? undefined : new URL(origin)
  return {
    ...Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [name, name.startsWith('x-') ? masked(value) : value]),
    ),
    ...(isObject(info) && {
      info: Object.fromEntries(Object.entries(info).map(([name, value]) => [name, masked(value)])),
    }),
    ...(isList(servers) && { servers: servers.map((server) => relativeServer(server, own)) }),
  }
}

const masked = (value: Json | undefined): Json =>
  typeof value === 'string' ? value.replaceAll(timestamp, '') : (value ?? null)

const relativeServer = (server: Json, own: URL | undefined): Json => {
  const url = textAt(server, 'url')
  if (own === undefined || url === undefined || !URL.canParse(url) || new URL(url).host !== own.host)
    return server
  return { ...(server as JsonObject), url: new URL(url).pathname }
}
