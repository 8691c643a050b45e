import { nearest } from '../../client/nearest.ts'
import { McpdError } from '../../core/errors.ts'
import type { SpecRecords, SpecStore } from './store.ts'
import type { Version } from './version.ts'

/** A spec of the store and one of its versions. */
export interface Selected {
  readonly records: SpecRecords
  readonly version: Version
}

/** `name@version` into its parts; without `@` the version is `newest`. */
export const parseSelector = (text: string): { readonly name: string; readonly version: string } => {
  const at = text.lastIndexOf('@')
  return at > 0 ? { name: text.slice(0, at), version: text.slice(at + 1) } : { name: text, version: 'newest' }
}

/**
 * The version that a text such as `tgi@3` names: `newest`, `accepted`, `first`, `previous`, a number, `info.version`
 * (its last one), or at least 6 digits of a hash or a commit. Throws SPEC_NOT_FOUND.
 */
export const selectVersion = async (store: SpecStore, text: string): Promise<Selected> => {
  const { name, version: wanted } = parseSelector(text)
  const names = await store.names()
  if (!names.includes(name)) throw noSpec(name, names, store.path)
  const records = store.spec(name)
  const versions = await records.versions()
  const version = await pick(records, versions, wanted)
  if (version) return { records, version }
  throw new McpdError('SPEC_NOT_FOUND', `${name} has no version "${wanted}".`, {
    suggestions: [`See them: mcpd spec history ${name}`],
  })
}

export const noSpec = (name: string, names: readonly string[], path: string): McpdError => {
  const near = nearest(name, names)
  return new McpdError('SPEC_NOT_FOUND', `There is no spec "${name}" in ${path}.`, {
    suggestions: [
      ...(near === undefined ? [] : [`Did you mean ${near}?`]),
      names.length === 0 ? 'Fetch some: mcpd crawl' : 'See what there is: mcpd spec list',
    ],
  })
}

const pick = async (
  records: SpecRecords,
  versions: readonly Version[],
  wanted: string,
): Promise<Version | undefined> => {
  if (wanted === 'newest') return versions.at(-1)
  if (wanted === 'previous') return versions.at(-2)
  if (wanted === 'first') return versions[0]
  if (wanted === 'accepted') {
    const accepted = await records.accepted()
    const numbered = versions.filter(({ number }) => number === accepted?.number)
    // A merge of two branches may have brought two versions of one number.
    return numbered.find(({ sha256 }) => sha256 === accepted?.sha256) ?? numbered[0]
  }
  const numbered = /^\d{1,9}$/.test(wanted) && versions.find(({ number }) => number === Number(wanted))
  if (numbered) return numbered
  const hashed =
    /^[0-9a-f]{6,64}$/.test(wanted) &&
    versions.findLast(
      ({ sha256, canonical, commit }) =>
        sha256.startsWith(wanted) || canonical.startsWith(wanted) || commit?.id.startsWith(wanted) === true,
    )
  return hashed || versions.findLast(({ apiVersion }) => apiVersion === wanted)
}
