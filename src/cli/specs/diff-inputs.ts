import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type { SpecAuth } from '../../core/spec-config.ts'
import { specDefaults } from '../../core/spec-config.ts'
import { McpdError } from '../../core/errors.ts'
import { noSpec, parseSelector, type Selected, selectVersion } from '../../crawler/snapshots/select.ts'
import type { SpecStore } from '../../crawler/snapshots/store.ts'
import type { Version } from '../../crawler/snapshots/version.ts'
import { createHostLimit } from '../../crawler/sources/host-limit.ts'
import { openSource } from '../../crawler/sources/open.ts'
import { readStandardInput } from '../standard-input.ts'

/** One document of a comparison. */
export interface DiffSide {
  /** For people and for positions: `tgi@3`, a path, a URL. */
  readonly label: string
  readonly raw: Uint8Array
  /** Where it is from, if it is of the store. */
  readonly version?: Version
}

export interface DiffPair {
  /** The spec of the store that both are versions of. */
  readonly spec?: string
  readonly base: DiffSide
  readonly revision: DiffSide
}

export interface DiffInputs {
  readonly pairs: readonly DiffPair[]
  /** Specs that were seen once: there is nothing to compare them with. */
  readonly firsts: readonly { readonly spec: string; readonly version: Version }[]
}

export interface DiffPlace {
  readonly store: SpecStore
  readonly cwd: string
  /** Where copies of remote repositories are kept. */
  readonly cacheDir: string
  readonly input: Readable & { readonly isTTY?: boolean }
  readonly signal: AbortSignal
  readonly auth?: SpecAuth | undefined
  readonly hosts?: readonly string[]
}

/**
 * What `mcpd diff` compares. No words: accepted → newest of every spec in the store. One: of the spec it names, or of
 * `spec@version` → newest. Two: base and revision, each a file, `-`, a URL, `rev:path` or `spec@version`.
 * Throws USAGE, SPEC_NOT_FOUND, SOURCE_FAILED.
 */
export const diffInputs = async (words: readonly string[], place: DiffPlace): Promise<DiffInputs> => {
  const [base, revision, ...more] = words
  if (more.length > 0) throw new McpdError('USAGE', 'Compare two documents at a time.')
  if (base !== undefined && revision !== undefined) {
    if (base === '-' && revision === '-') throw new McpdError('USAGE', 'Only one side can be standard input.')
    return {
      pairs: [{ base: await readSide(base, place), revision: await readSide(revision, place) }],
      firsts: [],
    }
  }
  const names = base === undefined ? await place.store.names() : [base]
  const pairs: DiffPair[] = []
  const firsts: { spec: string; version: Version }[] = []
  for (const name of names) {
    const [from, to] = await ends(name, place.store)
    const spec = to.records.name
    if ((await to.records.versions()).length === 1) firsts.push({ spec, version: to.version })
    else pairs.push({ spec, base: await stored(from), revision: await stored(to) })
  }
  return { pairs, firsts }
}

const ends = async (text: string, store: SpecStore): Promise<readonly [Selected, Selected]> => {
  const { name } = parseSelector(text)
  const from = await selectVersion(store, name === text ? `${name}@accepted` : text)
  return [from, await selectVersion(store, `${name}@newest`)]
}

const stored = async ({ records, version }: Selected): Promise<DiffSide> => ({
  label: `${records.name}@${version.number}`,
  raw: await records.raw(version),
  version,
})

export const readSide = async (word: string, place: DiffPlace): Promise<DiffSide> => {
  if (word === '-') {
    const text = await readStandardInput(place.input, place.signal)
    if (text === undefined) throw new McpdError('USAGE', 'Nothing is sent to standard input.')
    return { label: '-', raw: Buffer.from(text) }
  }
  if (/^https?:\/\//.test(word)) return fetched(word, { kind: 'url', url: word }, place)
  const path = resolve(place.cwd, word)
  if (existsSync(path)) return fetched(word, { kind: 'file', path }, place)
  const names = await place.store.names()
  if (names.includes(parseSelector(word).name)) return stored(await selectVersion(place.store, word))
  const [, revision, inside] = /^([^-:\s][^:\s]*):([^:]+)$/.exec(word) ?? []
  if (revision !== undefined && inside !== undefined)
    return fetched(word, { kind: 'git', repository: place.cwd, path: inside, revision }, place)
  if (word.includes('@')) throw noSpec(parseSelector(word).name, names, place.store.path)
  throw new McpdError('USAGE', `"${word}" is no file, no URL, no rev:path and no spec of the store.`, {
    suggestions: ['See what the store has: mcpd spec list'],
  })
}

const fetched = async (
  word: string,
  origin: Parameters<typeof openSource>[0]['origin'],
  { auth, hosts = [], cacheDir, signal }: DiffPlace,
): Promise<DiffSide> => {
  const spec = { ...specDefaults, name: 'diff', origin, hosts, ...(auth && { auth }) }
  const found = await openSource(spec, { limit: createHostLimit(1), cacheDir, backends: [] }).fetch(
    undefined,
    signal,
  )
  if (found.kind === 'found') return { label: word, raw: found.raw }
  throw new McpdError('SOURCE_FAILED', `${word} has no OpenAPI document.`)
}
