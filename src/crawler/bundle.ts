import { isMcpdError, McpdError } from '../core/errors.ts'
import { isList, isObject, type Json, setMember } from '../openapi/json.ts'
import { loadDocument } from '../openapi/load.ts'
import { below } from '../openapi/pointer.ts'

/** How a source reads the documents that its own refers to. */
export interface Related {
  /** What a reference in the document `from` names; `from` is '' for the first. Throws SOURCE_REFUSED. */
  resolve(reference: string, from: string): string
  /** Throws SOURCE_FAILED, SOURCE_REFUSED. */
  read(id: string): Promise<Uint8Array>
}

export interface Bundle {
  /** The document with all it refers to inside; the bytes that came where it refers to no other. */
  readonly raw: Buffer
  /** Whether anything was put in. */
  readonly isBundled: boolean
}

/** The member under which other documents stand; their names are those by which the source knows them. */
export const bundleMember = 'x-mcpd-documents'

const documentsMax = 200

/**
 * Makes a document of several files one: `schemas.yaml#/Pet` becomes `#/x-mcpd-documents/schemas.yaml/Pet`. What may
 * not be read, or cannot be, stays as it is, for the check of the document's health to name.
 */
export const bundle = async (raw: Buffer, related: Related, sizeMaxBytes: number): Promise<Bundle> => {
  const unchanged = { raw, isBundled: false }
  // Most documents are one file, and need not be read twice.
  if (!/\$ref["']?\s*:\s*["']?[^"'#\s]/.test(raw.toString('utf8'))) return unchanged
  const root = tryToLoad(raw)
  if (root === undefined) return unchanged
  const documents = new Map<string, Json>([['', root]])
  const unreadable = new Set<string>()
  let bytes = raw.length
  const take = async (id: string): Promise<void> => {
    if (documents.has(id) || unreadable.has(id)) return
    if (documents.size > documentsMax || bytes > sizeMaxBytes) return void unreadable.add(id)
    const content = await related.read(id).catch((error: unknown) => {
      if (!isMcpdError(error) || error.code === 'CANCELLED') throw error
    })
    const value = content && tryToLoad(content)
    bytes += content?.length ?? 0
    if (value === undefined || bytes > sizeMaxBytes) unreadable.add(id)
    else documents.set(id, value)
  }
  // A map goes on to what is added while it is walked.
  for (const [from, document] of documents)
    for (const reference of referencesIn(document)) {
      const target = targetOf(reference, from, related)
      if (target) await take(target.id)
    }
  if (documents.size === 1) return unchanged
  const rewritten = new Map(
    [...documents].map(([from, document]) => [
      from,
      rewrite(document, (reference) => {
        const target = targetOf(reference, from, related)
        return target && documents.has(target.id) ? pointerTo(target.id, target.fragment) : reference
      }),
    ]),
  )
  const { '': first, ...others } = Object.fromEntries(rewritten)
  const whole = { ...(first as Record<string, Json>), [bundleMember]: others }
  return { raw: Buffer.from(`${JSON.stringify(whole, undefined, 1)}\n`), isBundled: true }
}

const tryToLoad = (raw: Uint8Array): Json | undefined => {
  try {
    return loadDocument(raw, 'reference').value
  } catch {
    return undefined
  }
}

interface Target {
  readonly id: string
  /** `/Pet`, still percent-encoded. */
  readonly fragment: string
}

const targetOf = (reference: string, from: string, related: Related): Target | undefined => {
  const at = reference.indexOf('#')
  const [place, fragment] = at < 0 ? [reference, ''] : [reference.slice(0, at), reference.slice(at + 1)]
  if (place === '') return { id: from, fragment }
  try {
    return { id: related.resolve(place, from), fragment }
  } catch (error) {
    if (isMcpdError(error)) return undefined
    throw error
  }
}

const pointerTo = (id: string, fragment: string): string =>
  id === ''
    ? `#${fragment}`
    : `#/${bundleMember}${encodeURI(below('', id)).replaceAll('#', '%23')}${fragment}`

/** Members that hold data, in which `$ref` is a word like any other. */
const data = new Set(['example', 'examples', 'default', 'enum', 'const', 'value'])
/** Members whose own members have names that somebody chose. */
const named =
  /^(properties|patternProperties|\$defs|definitions|dependentSchemas|schemas|responses|parameters|requestBodies|headers|securitySchemes|links|callbacks|pathItems|paths|webhooks|content|encoding)$/

const rewrite = (value: Json, change: (reference: string) => string, parent = ''): Json => {
  if (isList(value)) return value.map((item) => rewrite(item, change))
  if (!isObject(value)) return value
  const members: Record<string, Json> = {}
  for (const [name, member] of Object.entries(value)) {
    const isKeyword = !named.test(parent)
    if (isKeyword && name === '$ref' && typeof member === 'string') setMember(members, name, change(member))
    else if (isKeyword && (data.has(name) || name.startsWith('x-'))) setMember(members, name, member)
    else if (parent === 'discriminator' && name === 'mapping' && isObject(member))
      setMember(members, name, mapped(member, change))
    else setMember(members, name, rewrite(member, change, isKeyword ? name : ''))
  }
  return members
}

/** A mapping names schemas, or refers to them. */
const mapped = (mapping: Readonly<Record<string, Json>>, change: (reference: string) => string): Json =>
  Object.fromEntries(
    Object.entries(mapping).map(([name, target]) => [
      name,
      typeof target === 'string' && /[/#]|\.(json|ya?ml)$/.test(target) ? change(target) : target,
    ]),
  )

const referencesIn = (document: Json): readonly string[] => {
  const found = new Set<string>()
  rewrite(document, (reference) => {
    found.add(reference)
    return reference
  })
  return [...found]
}

/** The path that a relative reference means, inside the folder that the paths start at. Throws SOURCE_REFUSED. */
export const pathOf = (reference: string, from: string): string => {
  const refused = (why: string): McpdError =>
    new McpdError('SOURCE_REFUSED', `The reference "${reference.slice(0, 200)}" ${why}.`)
  if (/^[a-z][a-z0-9+.-]*:|^[/\\]/i.test(reference)) throw refused('is no relative path')
  let decoded = reference
  try {
    decoded = decodeURIComponent(reference)
  } catch {
    // As it is written, then.
  }
  const parts = from.split('/').slice(0, -1)
  for (const part of decoded.split('?')[0]!.split(/[/\\]/)) {
    if (part === '..' && parts.pop() === undefined) throw refused('leads out of the repository or folder')
    if (part !== '' && part !== '.' && part !== '..') parts.push(part)
  }
  if (decoded.includes('\0')) throw refused('is no path')
  return parts.join('/')
}
