import type { HealthFinding } from '../health.ts'
import { asText, isObject, type Json, type JsonObject, memberOf, textAt } from '../json.ts'
import { type Kind, referenceOf, transform, walk } from '../grammar.ts'
import { fragmentPointer, segmentsOf, valueAt } from '../pointer.ts'
import { type Log, type Rewrite, rewritesMax } from './rewrite.ts'
import { schemaFrom30 } from './schema-3.0.ts'
import { documentFrom20 } from './swagger.ts'

export type SpecVersion = '2.0' | '3.0' | '3.1' | '3.2'

export interface Normalised {
  readonly version: SpecVersion
  /** In the shape of 3.1, with the members of 3.2 where the source has them. Shares what did not change. */
  readonly document: JsonObject
  readonly rewrites: readonly Rewrite[]
  readonly health: readonly HealthFinding[]
  /** The place in the source of a place in the document. */
  readonly sourcePointer: (pointer: string) => string
}

/** Brings a parsed document to canonical 3.1. What stands in examples, defaults, enums and extensions is not touched. */
export const normalise = (source: JsonObject): Normalised => {
  const { version, health } = readVersion(source)
  const rewrites: Rewrite[] = []
  let moves: ReadonlyMap<string, string> = new Map()
  const log: Log = (pointer, rule, from, to, kind = 'exact') => {
    if (rewrites.length < rewritesMax)
      rewrites.push({ pointer, rule, from: from ?? null, to: to ?? null, kind })
  }
  if (version === '3.1' || version === '3.2')
    return { version, document: source, rewrites, health, sourcePointer: (pointer) => pointer }
  let document = source
  if (version === '2.0') ({ document, moves } = documentFrom20(source, log))
  const place = (pointer: string) => sourceOf(moves, pointer)
  document = withWebhooks(document, log)
  document = rewriteAll(document, (kind, object, pointer) =>
    kind === 'schema'
      ? schemaFrom30(object, '', (relative, ...rest) => log(place(pointer) + relative, ...rest))
      : object,
  )
  return { version, document, rewrites, health: [...health, ...lossy(rewrites)], sourcePointer: place }
}

/** The version a document says it is written in; 3.1 where it says none that is known. */
export const versionOf = (source: JsonObject): SpecVersion => readVersion(source).version

const readVersion = (
  source: JsonObject,
): { readonly version: SpecVersion; readonly health: readonly HealthFinding[] } => {
  const openapi = textAt(source, 'openapi') ?? ''
  const known = /^3\.([012])(\.|$)/.exec(openapi)?.[1]
  if (known !== undefined) return { version: `3.${known}` as SpecVersion, health: [] }
  const swagger = memberOf(source, 'swagger')
  if (swagger !== undefined && asText(swagger).startsWith('2')) return { version: '2.0', health: [] }
  const written = openapi === '' ? 'no version' : `version "${openapi.slice(0, 40)}"`
  return {
    version: '3.1',
    health: [
      {
        id: 'unsupported-version',
        level: 'error',
        pointer: openapi === '' ? '' : '/openapi',
        message: `The document says ${written} of OpenAPI; it is read as 3.1.`,
      },
    ],
  }
}

const withWebhooks = (document: JsonObject, log: Log): JsonObject => {
  const { 'x-webhooks': webhooks, ...rest } = document
  if (!isObject(webhooks) || document['webhooks'] !== undefined) return document
  log('/x-webhooks', 'x-webhooks-to-webhooks', undefined, undefined)
  return { ...rest, webhooks }
}

type Rewriting = (kind: Kind, object: JsonObject, pointer: string) => JsonObject

/** The places that have a kind by where they stand, then those that have it because a reference of that kind names them. */
const rewriteAll = (document: JsonObject, rewrite: Rewriting): JsonObject => {
  let next = transform('document', document, '', rewrite) as JsonObject
  const done = new Set<string>()
  for (;;) {
    const stray = strayTargets(next, done)
    if (stray.length === 0) return next
    for (const [pointer, kind] of stray) {
      done.add(pointer)
      const value = valueAt(next, pointer)
      if (value !== undefined)
        next = replaceAt(next, segmentsOf(pointer), transform(kind, value, pointer, rewrite)) as JsonObject
    }
  }
}

/** Targets of references that the grammar does not reach, with the kind that the reference gives them. */
export const strayTargets = (
  document: JsonObject,
  known: ReadonlySet<string>,
): readonly (readonly [string, Kind])[] => {
  const reached = new WeakSet<object>()
  const wanted = new Map<string, Kind>()
  const note = (kind: Kind, object: JsonObject): void => {
    reached.add(object)
    const pointer = fragmentPointer(referenceOf(object) ?? '')
    if (pointer !== undefined && pointer.startsWith('/') && !wanted.has(pointer)) wanted.set(pointer, kind)
  }
  walk('document', document, '', note)
  for (const pointer of known) {
    const value = valueAt(document, pointer)
    if (value !== undefined) walk(wanted.get(pointer) ?? 'schema', value, pointer, note)
  }
  return [...wanted].filter(([pointer]) => {
    if (known.has(pointer) || /^\/components\/[^/]+\/[^/]+$/.test(pointer)) return false
    const value = valueAt(document, pointer)
    return isObject(value) && !reached.has(value)
  })
}

const replaceAt = (root: Json, segments: readonly string[], value: Json): Json => {
  const [name, ...rest] = segments
  if (name === undefined) return value
  if (Array.isArray(root))
    return root.map((item: Json, at) => (String(at) === name ? replaceAt(item, rest, value) : item))
  if (!isObject(root)) return root
  return { ...root, [name]: replaceAt(root[name] ?? null, rest, value) }
}

const sourceOf = (moves: ReadonlyMap<string, string>, pointer: string): string => {
  for (let end = pointer.length; end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    const moved = moves.get(pointer.slice(0, end))
    if (moved !== undefined) return moved + pointer.slice(end)
  }
  return pointer
}

const lossy = (rewrites: readonly Rewrite[]): readonly HealthFinding[] =>
  rewrites
    .filter(({ kind }) => kind !== 'exact')
    .map(({ pointer, rule, kind }) => ({
      id: kind === 'lossy' ? 'lossy-rewrite' : 'unsupported-construct',
      level: 'warning',
      pointer,
      message:
        kind === 'lossy'
          ? `Read as nearly the same in OpenAPI 3.1 (${rule}).`
          : `Cannot be said in OpenAPI 3.1 and is left out (${rule}).`,
    }))
