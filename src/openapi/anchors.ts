import { isList, isObject, type Json, textAt } from './json.ts'
import { below } from './pointer.ts'

/** Nesting that is searched. */
const depthMax = 500

/** Names that references may use in place of pointers: `$anchor`, `$dynamicAnchor` and `$id`, each with its pointer. */
export const anchorsOf = (document: Json): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  const search = (value: Json, pointer: string, depth: number): void => {
    if (depth > depthMax) return
    if (isList(value)) for (const [at, item] of value.entries()) search(item, below(pointer, at), depth + 1)
    if (!isObject(value)) return
    for (const keyword of ['$anchor', '$dynamicAnchor', '$id']) {
      const name = textAt(value, keyword)
      if (name !== undefined && !found.has(name)) found.set(name, pointer)
    }
    for (const [name, member] of Object.entries(value)) search(member, below(pointer, name), depth + 1)
  }
  search(document, '', 0)
  return found
}
